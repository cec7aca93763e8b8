"""The commands where what Windows and macOS lack has been taken away, as docs/systems.md says."""

import ast
import csv
import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from benchmarks.reliability import fuzz_audio, kills
from esc_gpu import WaveformClassifier, create_frontend
from esc_gpu.data.store.read import ArrayStore
from tests.helpers.other_systems import DONE, POSIX_MODULES
from tests.helpers.paths import REPOSITORY
from tests.helpers.tiny import OPTIONS

TRAIN = ["train", *OPTIONS, "--data.sample_rate", "4000", "--data.root", "recordings", "--data.cache_dir", "cache"]
TRAIN += ["--folds", "1", "--output_dir", "run"]
COMMANDS = {
    "win32": [
        [0, "synthetic", "recordings"],
        [130, *TRAIN],
        [0, *TRAIN, "--resume"],
        [2, *TRAIN],
        [0, *TRAIN, "--overwrite", "--train.epochs", "1"],
        [0, "evaluate", "run"],
        [0, "report", "run"],
        [0, "predict", "--model", "run", "recordings/audio", "--csv", "--output", "heard.csv"],
        [0, "export", "run", "--format", "torch", "--clips", "1", "--output", "model.pt2"],
    ],
    "darwin": [[0, "synthetic", "recordings"], [0, *TRAIN], [0, "predict", "--model", "run", "recordings/audio"]],
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """For each system the folder, not the repository, in which its commands were run, and what they printed."""
    folders = {system: tmp_path_factory.mktemp(system) for system in COMMANDS}
    for system, folder in folders.items():
        (folder / "commands.json").write_text(json.dumps(COMMANDS[system]), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "cp437"}
    words = [str(word) for system_and_folder in folders.items() for word in system_and_folder]
    command = [sys.executable, "-m", "tests.helpers.other_systems", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return {system: (folder, (folder / "shown.txt").read_text("cp437")) for system, folder in folders.items()}


def test_a_training_that_is_cut_off_and_gone_on_with_on_windows(ran):
    folder, shown = ran["win32"]
    assert shown.endswith(f"{DONE}\n"), shown
    assert shown.count("the run goes on from its last checkpoint") == 1 and "Traceback" not in shown
    assert "run already holds a run" in shown
    run = folder / "run"
    assert not list(folder.rglob(".*"))  # no lock, nothing half written
    for file in [run / "config.yaml", run / "summary.json", *(folder / "cache").rglob("index.json")]:
        assert b"\r" not in file.read_bytes(), file
    with open(run / "fold1" / "predictions.csv", encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == 10
    assert (folder / "model.pt2").is_file() and (run / "report.html").is_file()


def test_a_training_on_macos(ran):
    folder, shown = ran["darwin"]
    assert shown.endswith(f"{DONE}\n"), shown
    assert "Traceback" not in shown and json.loads((folder / "run" / "summary.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", sorted((REPOSITORY / "esc_gpu").rglob("*.py")), ids=str)
def test_no_module_imports_what_windows_has_not(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not found & {*POSIX_MODULES, "pexpect"}


@pytest.mark.parametrize("benchmark", [fuzz_audio, kills], ids=lambda module: module.__name__)
def test_a_benchmark_of_linux_says_so_elsewhere(benchmark, monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit) as ended:
        benchmark.main([])
    name = benchmark.__name__
    assert (
        ended.value.code == 2
        and capsys.readouterr().err == f"error: python -m {name} runs on Linux only; run it there\n"
    )


def test_what_a_process_is_given_goes_through_pickle(tmp_path):
    """As Windows and macOS start processes: nothing is inherited from the one that starts them."""
    waveforms = torch.randn(2, 22050)
    for name in ("logmel", "cqt", "pcen"):
        model = WaveformClassifier(create_frontend(name), 2, "test_resnet").eval()
        model.fit_normalization(waveforms)
        expected = model(waveforms)
        torch.testing.assert_close(pickle.loads(pickle.dumps(model))(waveforms), expected, rtol=0, atol=0)
    store = pickle.loads(pickle.dumps(ArrayStore(np.ones((2, 8), np.int16))))
    assert store.shape == (2, 8)
