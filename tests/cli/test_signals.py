"""Ctrl-C and SIGTERM end a run in order, whatever it is at, and it says how to go on."""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from esc_gpu.cli import signals
from esc_gpu.cli.commands.train import main as train
from esc_gpu.cli.main import main
from esc_gpu.cli.signals import Interrupted, interruptible
from tests.helpers.paths import REPOSITORY
from tests.helpers.tiny import OPTIONS, write_tones
from tests.helpers.workers import run_together

pytestmark = pytest.mark.usefixtures("blank_pictures")

BOTH = (signal.SIGINT, signal.SIGTERM)


def handlers():
    return [signal.getsignal(number) for number in BOTH]


@pytest.mark.parametrize("number", BOTH)
def test_the_first_signal_interrupts_and_the_handlers_come_back(number):
    before = handlers()
    with interruptible() as received:
        with pytest.raises(Interrupted):
            signal.raise_signal(number)
        assert received == [number]
        signal.raise_signal(signal.SIGTERM)  # changes nothing any more
        signal.raise_signal(signal.SIGINT)  # a launcher that hands on what the terminal has sent already
        assert received == [number]
    assert handlers() == before


def test_a_second_ctrl_c_ends_at_once():
    process = os.fork()
    if not process:
        signals.SAME_SECONDS = 0
        with interruptible():
            for _ in range(2):
                try:
                    signal.raise_signal(signal.SIGINT)
                except Interrupted:
                    time.sleep(0.01)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 130


@pytest.mark.parametrize(("number", "windows"), [*((number, False) for number in BOTH), (signal.SIGTERM, True)])
def test_a_signal_that_a_destructor_swallows_comes_again(monkeypatch, number, windows):
    if windows:  # there os.kill would end the process
        monkeypatch.setattr(signals, "WINDOWS", True)
        monkeypatch.delattr(os, "kill")

    class Doomed:
        def __del__(self):
            signal.raise_signal(number)

    before = sys.unraisablehook
    with interruptible() as received:
        with pytest.raises(Interrupted):
            Doomed()
            for _ in range(1000):
                time.sleep(0.01)
        assert received == [number]
    assert sys.unraisablehook is before


def test_another_error_of_a_destructor_is_shown_as_before(monkeypatch):
    class Broken:
        def __del__(self):
            raise ZeroDivisionError

    shown = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: shown.append(unraisable.exc_type))
    with interruptible() as received:
        Broken()
    assert shown == [ZeroDivisionError] and received == []


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as nohup and a shell's & do
    try:
        with interruptible() as received:
            signal.raise_signal(signal.SIGINT)
            assert received == []
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_there_is_nothing_to_be_interrupted():
    seen, before = [], handlers()

    def work():
        with interruptible() as received:
            seen.append((received, handlers()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [([], before)]


# ---- a run, whatever it is at


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tones")
    return [*OPTIONS, "--data.table", str(write_tones(folder)), "--data.cache_dir", str(folder / "cache")]


@pytest.fixture(scope="module")
def expected(data, tmp_path_factory):
    """Predictions of an undisturbed run of both folds."""
    output = tmp_path_factory.mktemp("undisturbed") / "run"
    assert main(["train", *data, "--output_dir", str(output)]) == 0
    return {fold: (output / f"fold{fold}" / "predictions.csv").read_text(encoding="utf-8") for fold in (1, 2)}


def interrupt_at(monkeypatch, target, number, call_number=1):
    """Have the process sent the signal at a call of a function."""
    module, _, name = target.rpartition(".")
    original, calls = getattr(__import__(module, fromlist=[name]), name), []

    def call(*arguments, **options):
        calls.append(name)
        if len(calls) == call_number:
            os.kill(os.getpid(), number)
        return original(*arguments, **options)

    monkeypatch.setattr(target, call)


MOMENTS = {
    "decoding": ("esc_gpu.experiment.cross_validation.open_clips", 1),
    "training": ("esc_gpu.training.loop.train_step", 2),
    "checkpointing": ("esc_gpu.training.resume_state.checksum", 2),
    "evaluation": ("esc_gpu.training.loop.predict", 2),
    "results": ("esc_gpu.experiment.cross_validation.write_fold", 1),
    "summary": ("esc_gpu.experiment.cross_validation.join_predictions", 1),
}


@pytest.mark.parametrize(("target", "call_number"), MOMENTS.values(), ids=MOMENTS.keys())
def test_interrupted_it_says_how_to_go_on_and_does(data, expected, tmp_path, monkeypatch, capsys, target, call_number):
    arguments = [*data, "--folds", "1", "--output_dir", str(tmp_path / "run")]
    with monkeypatch.context() as context:
        interrupt_at(context, target, signal.SIGINT, call_number)
        assert main(["train", *arguments]) == 130
    says = [line for line in capsys.readouterr().err.splitlines() if line.startswith("interrupted")]
    command = shlex.join(["esc-gpu", "train", *arguments, "--resume"])
    assert says == [f"interrupted; the run goes on from its last checkpoint with: {command}"]
    assert main(shlex.split(command)[1:]) == 0
    assert (tmp_path / "run" / "fold1" / "predictions.csv").read_text(encoding="utf-8") == expected[1]


def test_folds_side_by_side_end_together(data, expected, tmp_path, monkeypatch, capsys):
    arguments = ["train", *data, "--train.threads", "2", "--output_dir", str(tmp_path / "run")]
    with monkeypatch.context() as context:
        interrupt_at(context, "esc_gpu.training.loop.train_step", signal.SIGTERM, 3)
        assert main(arguments) == 143
    assert capsys.readouterr().err.count("interrupted; ") == 1
    assert not (tmp_path / "run" / "summary.json").exists()
    assert main([*arguments, "--resume"]) == 0
    for fold in (1, 2):
        assert (tmp_path / "run" / f"fold{fold}" / "predictions.csv").read_text(encoding="utf-8") == expected[fold]


def train_interrupted(arguments):
    """A training that is sent SIGTERM at its second step, as a launcher does with all its processes."""
    from esc_gpu.training import loop as training

    step, calls = training.train_step, []

    def call(*given):
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(*given)

    training.train_step = call
    return train(arguments)


def test_two_processes_end_alike_and_one_speaks(data, tmp_path):
    arguments = ([*data, "--folds", "1", "--output_dir", str(tmp_path / "run")],)
    folders = [tmp_path / "rank0", tmp_path / "rank1"]
    statuses = run_together(train_interrupted, [arguments] * 2, folders)
    outputs = [(folder / "output.txt").read_text(encoding="utf-8") for folder in folders]
    assert statuses == [143, 143], outputs
    assert [output.count("interrupted; ") for output in outputs] == [1, 0] and "Traceback" not in "".join(outputs)


def test_a_launcher_that_is_ended_takes_the_run_with_it(data, tmp_path):
    launcher = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", "1", "--num_machines", "1"]
    launcher += ["--cpu", "--mixed_precision", "no", "--dynamo_backend", "no"]
    more = ["--train.epochs", "1000", "--folds", "1", "--output_dir", str(tmp_path / "run")]
    words = [*launcher, str(REPOSITORY / "train.py"), *data, *more]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    children = []
    try:
        deadline = time.monotonic() + 200
        while not (tmp_path / "run" / "fold1" / "state.pt").exists():
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        says = process.communicate(timeout=60)[1]  # until the last of them has closed it
        assert not psutil.wait_procs(children, timeout=30)[1]
    finally:
        process.kill()
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    assert f"checkpoint with: {shlex.join([*words, '--resume'])}\n" in says and says.count("interrupted; ") == 1
