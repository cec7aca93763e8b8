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
from tests.helpers.other_systems import POSIX_MODULES
from tests.helpers.paths import REPOSITORY
from tests.helpers.tiny import OPTIONS


def run_on(system, folder, commands):
    """Run the commands in one process of `system`, whose folder is not the repository; what it printed."""
    (folder / "commands.json").write_text(json.dumps(commands), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "cp437"}
    words = [sys.executable, "-m", "tests.helpers.other_systems", system, "commands.json"]
    result = subprocess.run(words, cwd=folder, env=environment, capture_output=True, timeout=240)
    shown = (result.stdout + result.stderr).decode("cp437")
    assert result.returncode == 0, shown
    return shown


def test_a_training_that_is_cut_off_and_gone_on_with_on_windows(tmp_path):
    train = ["train", *OPTIONS, "--data.sample_rate", "4000", "--data.root", "recordings", "--data.cache_dir", "cache"]
    train += ["--folds", "1", "--output_dir", "run"]
    shown = run_on(
        "win32",
        tmp_path,
        [
            [0, "synthetic", "recordings"],
            [130, *train],
            [0, *train, "--resume"],
            [2, *train],
            [0, *train, "--overwrite", "--train.epochs", "1"],
            [0, "evaluate", "run"],
            [0, "report", "run"],
            [0, "predict", "--model", "run", "recordings/audio", "--csv", "--output", "heard.csv"],
            [0, "export", "run", "--format", "torch", "--clips", "1", "--output", "model.pt2"],
        ],
    )
    assert shown.count("the run goes on from its last checkpoint") == 1 and "Traceback" not in shown
    assert "run already holds a run" in shown
    run = tmp_path / "run"
    assert not list(tmp_path.rglob(".*"))  # no lock, nothing half written
    for file in [run / "config.yaml", run / "summary.json", *(tmp_path / "cache").rglob("index.json")]:
        assert b"\r" not in file.read_bytes(), file
    with open(run / "fold1" / "predictions.csv", encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == 10
    assert (tmp_path / "model.pt2").is_file() and (run / "report.html").is_file()


def test_a_training_on_macos(tmp_path):
    train = ["train", *OPTIONS, "--data.sample_rate", "4000", "--data.root", "recordings", "--data.cache_dir", "cache"]
    train += ["--folds", "1", "--output_dir", "run"]
    commands = [[0, "synthetic", "recordings"], [0, *train], [0, "predict", "--model", "run", "recordings/audio"]]
    shown = run_on("darwin", tmp_path, commands)
    assert "Traceback" not in shown and json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))


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
