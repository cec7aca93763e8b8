"""The benchmark that kills runs: what it takes for a phase, what it calls a difference, and a run that it kills."""

import json
import os
import time
from collections import Counter

import pytest

from benchmarks.reliability import kills
from benchmarks.reliability.kills import Run, differing_results, look_for_damage, phase_of, reached, wait
from esc_gpu.cli.commands.train import main as train
from esc_gpu.core.files import PARTIAL
from esc_gpu.errors import EscGpuError
from tests.helpers.saved_states import save
from tests.helpers.workers import forked
from tools.doc_tables import table


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run").mkdir()
    return Run(tmp_path, ())


def test_phases_in_the_order_of_a_run(run):
    pid, (one, other) = 42, (run.output / "fold1", run.output / "fold2")
    assert phase_of(run, pid) == "starting"
    store = run.folder / "cache" / "stores" / "abc"
    store.mkdir(parents=True)
    assert phase_of(run, pid) == "decoding"
    (store / "index.json").touch()
    assert phase_of(run, pid) == "starting"
    (run.output / ".lock").write_text(" process 42 on here", encoding="utf-8")
    assert phase_of(run, pid) == "starting" and phase_of(run, 4) == "starting"
    one.mkdir()
    other.mkdir()
    assert phase_of(run, pid) == "training" and phase_of(run, 4) == "starting"
    partial = one / f"{PARTIAL}state.pt-x.pt"
    partial.touch()
    assert phase_of(run, pid) == "checkpointing"
    partial.unlink()
    for folder in (one, other):
        assert reached(run) == "training"
        (folder / "metrics.jsonl").write_text("{}\n" * kills.EPOCHS, encoding="utf-8")
    assert reached(run) == "evaluation"
    for folder in (one, other):
        (folder / "predictions.csv").touch()
        assert reached(run) == "results"
        (folder / "metrics.json").touch()
    assert reached(run) == "summary"


def test_every_phase_has_its_turn_while_it_is_ahead(run):
    tries, met = Counter(), []
    for _ in kills.PHASES:
        met.append(kills.next_phase(run, tries))
        tries[met[-1]] += 1
    assert met == list(kills.PHASES) and kills.next_phase(run, tries) == "starting"
    (run.folder / "cache" / "stores" / "abc").mkdir(parents=True)
    (run.folder / "cache" / "stores" / "abc" / "index.json").touch()
    (run.output / "fold1").mkdir()
    assert kills.next_phase(run, Counter({"starting": 1})) == "training"
    tries = Counter(dict.fromkeys(kills.PHASES, 1))
    del tries["decoding"]
    assert kills.next_phase(run, tries) is None  # another run has it ahead


def write_results(folder, accuracy=1.0, seconds=1.0):
    for fold in ("", "fold1", "fold2"):
        (folder / fold).mkdir(parents=True)
        (folder / fold / "predictions.csv").write_text("a,b\n", encoding="utf-8")
    for fold in ("fold1", "fold2"):
        (folder / fold / "model.safetensors").write_bytes(b"weights")
        (folder / fold / "metrics.json").write_text(
            json.dumps({"accuracy": accuracy, "seconds": seconds}), encoding="utf-8"
        )
        (folder / fold / "metrics.jsonl").write_text(
            json.dumps({"loss": 0.5, "seconds": seconds}) + "\n", encoding="utf-8"
        )


def test_a_difference_is_one_of_anything_but_time(tmp_path):
    write_results(tmp_path / "a")
    write_results(tmp_path / "b", seconds=2.0)
    assert differing_results(tmp_path / "a", tmp_path / "b") == []
    write_results(tmp_path / "c", accuracy=0.9)
    (tmp_path / "c" / "fold2" / "model.safetensors").write_bytes(b"weighty")
    names = ["fold1/metrics.json", "fold2/model.safetensors", "fold2/metrics.json"]
    assert differing_results(tmp_path / "a", tmp_path / "c") == names


def test_damage_is_counted(run):
    folder = run.output / "fold1"
    folder.mkdir()
    for epoch in (1, 2):
        save(folder, epoch)
    assert look_for_damage(run.output) == {"cut off": 0, "partial": 0}
    (folder / "state.pt").write_bytes(b"cut")
    (folder / f"{PARTIAL}metrics.json-x").touch()
    assert look_for_damage(run.output) == {"cut off": 1, "partial": 1}


class Forked:
    """A run as `subprocess.Popen` has it, forked from a process that has imported everything."""

    def __init__(self, run):
        self.process = forked(train_in_its_group, run.words()[2:], folder=run.folder)
        self.process.start()
        self.pid = self.process.pid
        while self.poll() is None and os.getpgid(self.pid) != self.pid:
            time.sleep(0.001)

    @property
    def returncode(self):
        return self.process.exitcode

    def poll(self):
        return self.process.exitcode

    def wait(self):
        self.process.join()


def train_in_its_group(arguments):
    os.setsid()
    return train(arguments)


def test_killed_runs_end_as_one_that_was_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(kills, "start", Forked)
    assert kills.main(["--kills", "3", "--output", str(tmp_path)]) == 0
    (file,) = tmp_path.glob("kills-*.json")
    result = json.loads(file.read_text(encoding="utf-8"))
    assert result["kills"] == sum(result["phases"].values()) == 3 and result["runs"] >= 1
    assert result["differences"] == [] and result["cut_off_checkpoints"] == 0
    assert "3 kills in" in capsys.readouterr().out
    text = table(file.name, tmp_path)
    assert "| killed during | times |" in text and "never killed: 0." in text


@pytest.mark.parametrize(("differences", "cut_off", "status"), [([], 0, 0), (["run 0: x"], 0, 1), ([], 1, 1)])
def test_a_difference_is_the_exit_status(tmp_path, monkeypatch, differences, cut_off, status):
    result = {"kills": 1, "runs": 1, "differences": differences, "cut_off_checkpoints": cut_off}
    monkeypatch.setattr(kills, "soak", lambda *arguments: result)
    assert kills.main(["--kills", "1", "--output", str(tmp_path)]) == status


def test_a_run_that_fails_by_itself_is_an_error(tmp_path):
    class Failed:
        returncode = 2

        def poll(self):
            return self.returncode

    (tmp_path / "output.txt").write_text("error: no such thing\n", encoding="utf-8")
    with pytest.raises(EscGpuError, match="status 2 without being killed.*error: no such thing"):
        wait(Run(tmp_path, ()), Failed())


def test_the_command_is_that_of_train_py(tmp_path):
    words = Run(tmp_path, ("--data.root", "x")).words()
    assert words[1].endswith("train.py") and words[-1] == "--resume" and "--data.root" in words
    process = kills.start(Run(tmp_path / "a", ("--no.such.option", "1")))
    process.wait()
    assert process.returncode == 2 and "no option" in (tmp_path / "a" / "output.txt").read_text(encoding="utf-8")
