"""Two machines, played by two folders on one: each has its own recordings, cache and output."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from esc_gpu.cli.commands.train import main as train
from esc_gpu.cli.next_commands import next_commands
from tests.helpers.csv_tables import predictions
from tests.helpers.paths import REPOSITORY
from tests.helpers.ports import free_port
from tests.helpers.tiny import OPTIONS, write_tones
from tests.helpers.workers import run_together

# All relative to the folder of the host.
FIXED = [*OPTIONS, "--data.table", "tones/tones.csv", "--data.cache_dir", "cache", "--output_dir", "run"]


@pytest.fixture
def hosts(tmp_path):
    """The folders of two hosts with the same recordings in them."""
    folders = [tmp_path / "host0", tmp_path / "host1"]
    write_tones(folders[0] / "tones")
    shutil.copytree(folders[0] / "tones", folders[1] / "tones")
    return folders


def train_on(hosts, *arguments):
    """Exit status and output of each."""
    command = ([*FIXED, *arguments],)
    statuses = run_together(train, [command] * len(hosts), hosts, n_hosts=2)
    return statuses, [(host / "output.txt").read_text(encoding="utf-8") for host in hosts]


def predicted(output):
    return sorted((int(row["fold"]), row["filename"]) for row in predictions(output))


def expected(folds):
    """The recordings of `write_tones` in the folds."""
    return sorted((1 + n // 3 % 2, f"{n}.wav") for n in range(24) if 1 + n // 3 % 2 in folds)


def launch(rank, port):
    return (
        *(sys.executable, "-m", "accelerate.commands.launch", "--cpu", "--num_machines", "2", "--num_processes", "2"),
        *("--machine_rank", str(rank), "--main_process_ip", "127.0.0.1", "--main_process_port", str(port)),
        *("--mixed_precision", "no", "--dynamo_backend", "no", str(REPOSITORY / "train.py"), *FIXED),
    )


def test_launched_on_two_hosts_the_first_has_the_results(hosts, monkeypatch):
    port = free_port()
    processes = [
        subprocess.Popen(
            [*launch(rank, port), "--folds", "1"], cwd=host, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for rank, host in enumerate(hosts)
    ]
    try:
        printed, errors = zip(*(process.communicate(timeout=200) for process in processes), strict=True)
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], errors
    assert [text.count("macro-F1") for text in printed] == [1, 0]  # one process of all speaks
    monkeypatch.chdir(hosts[0])
    assert printed[0].splitlines()[-5:] == next_commands(Path("run"))
    assert predicted(hosts[0] / "run") == expected([1])
    assert json.loads((hosts[0] / "run" / "summary.json").read_text(encoding="utf-8"))["processes"] == 2
    assert (hosts[1] / "cache").is_dir() and not (hosts[1] / "run").exists()


def test_a_run_on_two_hosts_is_resumed_from_the_files_of_the_first(hosts):
    statuses, outputs = train_on(hosts, "--folds", "1")
    assert statuses == [0, 0], outputs
    first = (hosts[0] / "run" / "fold1" / "metrics.json").read_bytes()
    statuses, outputs = train_on(hosts, "--folds", "[1,2]", "--resume")
    assert statuses == [0, 0], outputs
    assert "fold 2" in outputs[0] and "fold 1" not in outputs[0]  # the bars of the folds
    assert (hosts[0] / "run" / "fold1" / "metrics.json").read_bytes() == first
    assert predicted(hosts[0] / "run") == expected([1, 2])
    assert not (hosts[1] / "run").exists()


def stop_after_an_epoch(arguments):
    """Train, and be killed when the first checkpoint is written."""
    import os
    import signal

    from esc_gpu.training import loop as training

    save = training.save_state

    def save_and_stop(*given):
        save(*given)
        os.kill(os.getpid(), signal.SIGKILL)

    training.save_state = save_and_stop
    return train(arguments)


def test_a_fold_on_two_hosts_is_resumed_from_the_checkpoint_of_the_first(hosts):
    statuses, outputs = train_on(hosts, "--folds", "1")
    assert statuses == [0, 0], outputs
    undisturbed = (hosts[0] / "run" / "fold1" / "predictions.csv").read_bytes()
    shutil.rmtree(hosts[0] / "run")
    command = ([*FIXED, "--folds", "1"],)
    statuses = run_together(stop_after_an_epoch, [command] * 2, hosts, n_hosts=2)
    assert 0 not in statuses and (hosts[0] / "run" / "fold1" / "state.pt").exists()
    statuses, outputs = train_on(hosts, "--folds", "1", "--resume")
    assert statuses == [0, 0], outputs
    assert (hosts[0] / "run" / "fold1" / "predictions.csv").read_bytes() == undisturbed


def test_hosts_with_other_recordings_refuse_all_and_write_nothing(hosts):
    shutil.copy(hosts[1] / "tones" / "1.wav", hosts[1] / "tones" / "0.wav")
    statuses, outputs = train_on(hosts, "--folds", "1")
    assert statuses == [2, 2], outputs
    assert all("error: the recordings or the options of data differ between machines" in text for text in outputs)
    assert not any((host / "run").exists() for host in hosts)


def test_hosts_with_another_class_or_fold_in_their_table_refuse_all(hosts):
    """The samples are the same, but one host would train on what the other one tests."""
    table = hosts[1] / "tones" / "tones.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    lines[1], lines[4] = lines[1][:-1] + "2", lines[4][:-1] + "1"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    statuses, outputs = train_on(hosts, "--folds", "1")
    assert statuses == [2, 2], outputs
    assert all("error: the recordings or the options of data differ between machines" in text for text in outputs)
    assert not any((host / "run").exists() for host in hosts)


def test_hosts_with_other_options_refuse_all_and_write_nothing(hosts):
    """Where things are may differ: the second host has its cache and its output elsewhere."""
    elsewhere = "--data.cache_dir", "other", "--output_dir", "away", "--train.lr", "0.5", "--train.epochs", "3"
    commands = [([*FIXED],), ([*FIXED, *elsewhere],)]
    statuses = run_together(train, commands, hosts, n_hosts=2)
    outputs = [(host / "output.txt").read_text(encoding="utf-8") for host in hosts]
    assert statuses == [2, 2], outputs
    for text in outputs:
        (line,) = text.splitlines()
        assert line == (
            "error: processes 0 and 1 of the run have different options: train.epochs is 2 and 3; train.lr is 0.001 "
            "and 0.5: give all machines the same command and config"
        )
    assert not any((host / "run").exists() or (host / "cache").exists() for host in hosts)


def write_when_recordings_are_opened(arguments):
    """Train up to the store, and leave in a file when the recordings began and ended to be opened."""
    from esc_gpu.experiment import cross_validation as experiment

    def open_slowly(*given):
        began = time.monotonic()
        time.sleep(0.05)
        Path("opened.json").write_text(json.dumps([began, time.monotonic()]), encoding="utf-8")
        return open_recordings(*given)

    open_recordings, experiment.open_recordings = experiment.open_recordings, open_slowly
    experiment.open_clips = lambda *given: (None, None, {})
    experiment.contents_of = lambda *given: []
    experiment.from_local_main = lambda *given: sys.exit(0)
    return train(arguments)


def test_one_process_of_all_and_then_one_of_a_machine_is_first_at_the_recordings(hosts, tmp_path):
    """Which may have to be made there, whether the machines share a disk or not."""
    arguments = [*FIXED, "--data.table", str(hosts[0] / "tones" / "tones.csv")]
    folders = [tmp_path / str(rank) for rank in range(4)]
    statuses = run_together(write_when_recordings_are_opened, [(arguments,)] * 4, folders, n_hosts=2)
    assert statuses == [0] * 4, (folders[0] / "output.txt").read_text(encoding="utf-8")
    spans = [json.loads((folder / "opened.json").read_text(encoding="utf-8")) for folder in folders]
    began, ended = zip(*spans, strict=True)  # on one clock
    assert ended[0] <= min(began[1:])
    assert ended[2] <= began[3]
