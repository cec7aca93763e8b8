"""`esc-gpu train` and train.py, end to end, on a small synthetic set: a tiny backbone, 8 kHz, two seconds."""

import contextlib
import functools
import io
import json
import os
import runpy
import signal
import sys
import time

import pytest
import torch

from esc_gpu import load
from esc_gpu.cli.commands.train import main as train
from esc_gpu.cli.next_commands import next_commands
from esc_gpu.data.recordings.layouts.esc50 import read_esc50
from esc_gpu.data.recordings.synthetic import write_synthetic
from tests.helpers.csv_tables import predictions
from tests.helpers.paths import CONFIGS, REPOSITORY
from tests.helpers.workers import OUTPUT, forked, run_forked, run_together

pytestmark = pytest.mark.usefixtures("blank_pictures")

CONFIG = """
data: {sample_rate: 8000, clip_seconds: 2}
frontend: {n_fft: 256, hop_length: 256, n_mels: 16}
model: {backbone: test_resnet}
train: {epochs: 3, batch_size: 8, eval_every: 2, warmup_epochs: 1, threads: 1}
"""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """100 clips: 10 classes, 5 folds, 2 clips of each."""
    return write_synthetic(tmp_path_factory.mktemp("data") / "synthetic", clips_per_class=10, progress=False)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, recordings):
    """A config file and the store's cache, shared by all runs."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "tiny.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


def command(workspace, recordings, output, *arguments, launcher=(sys.executable,)):
    options = {"--config": workspace / "tiny.yaml", "--data.root": recordings, "--data.cache_dir": workspace / "cache"}
    fixed = [str(part) for option in options.items() for part in option]
    return [*launcher, str(REPOSITORY / "train.py"), *fixed, "--output_dir", str(output), *map(str, arguments)]


def without_wandb():
    """The environment of one who has set nothing for wandb."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    return {**kept, "WANDB_SILENT": "true"}


def metrics_only(output):
    """The folds' metrics without their times."""
    folds = json.loads((output / "summary.json").read_text(encoding="utf-8"))["folds"]
    return [{key: value for key, value in fold.items() if key != "seconds"} for fold in folds]


@pytest.fixture(scope="module")
def finished(workspace, recordings, blank_pictures):
    """A finished run of two folds, and what it printed."""
    output = workspace / "finished"
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert train(command(workspace, recordings, output, "--folds", "[1,2]", launcher=())[1:]) == 0
    return output, said.getvalue()


def test_a_run_leaves_its_results(finished, recordings):
    output, said = finished
    assert said.startswith("100 clips, 10 classes") and "macro-F1" in said
    assert said.splitlines()[-5:] == next_commands(output)
    assert {path.name for path in output.iterdir()} == {
        *("config.yaml", "data.json", "recordings.csv", "summary.json", "predictions.csv", "confusion.png"),
        *("fold1", "fold2"),
    }
    assert {path.name for path in (output / "fold1").iterdir()} == {
        *("metrics.json", "metrics.jsonl", "predictions.csv", "model.safetensors", "pipeline.json"),
        *("curves.png", "confusion.png", "inputs.png"),
    }
    history = [
        json.loads(line) for line in (output / "fold1" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [record["epoch"] for record in history] == [1, 2, 3]
    assert ["test_accuracy" in record for record in history] == [False, True, True]
    summary = json.loads((output / "summary.json").read_text(encoding="utf-8"))
    assert summary["environment"]["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert summary["config"]["train"]["epochs"] == 3 and summary["folds"][0]["seconds"] > 0
    assert not summary["data"]["synthetic"]


def test_predictions_cover_the_test_folds_once_and_agree_with_the_metrics(finished, recordings):
    output, _ = finished
    rows, known = predictions(output), read_esc50(recordings)
    expected = {name for name, fold in zip(known.filenames, known.folds, strict=True) if fold in (1, 2)}
    assert sorted(row["filename"] for row in rows) == sorted(expected)
    right = [row["category"] == row["prediction"] for row in rows if row["fold"] == "1"]
    assert sum(right) / len(right) == pytest.approx(metrics_only(output)[0]["accuracy"])


def test_the_checkpoint_gives_the_predictions(finished, recordings):
    output, _ = finished
    from esc_gpu.data.store.build import open_store

    known = read_esc50(recordings)
    _, test = known.split(1)
    store = open_store(
        known.paths, sample_rate=8000, clip_seconds=2, cache_dir=output.parent / "cache" / "stores", progress=False
    )
    model = load(output / "fold1")
    with torch.no_grad():
        probabilities = model(torch.from_numpy(store.read(test))).softmax(1)
    names = [model.class_names[k] for k in probabilities.argmax(1)]
    assert names == [row["prediction"] for row in predictions(output) if row["fold"] == "1"]


def test_two_processes_train_and_evaluate_every_clip_once(workspace, recordings, tmp_path, monkeypatch):
    output = workspace / "two"
    options = ["--folds", "1", "--train.epochs", "2"]
    arguments = command(workspace, recordings, output, *options, launcher=())[1:]
    folders = [tmp_path / "rank0", tmp_path / "rank1"]
    statuses = run_together(train, [(arguments,)] * 2, folders, seconds=250)
    first, second = ((folder / OUTPUT).read_text(encoding="utf-8") for folder in folders)
    assert statuses == [0, 0], first + second
    assert json.loads((output / "summary.json").read_text(encoding="utf-8"))["processes"] == 2
    assert first.count("macro-F1") == 1 and "macro-F1" not in second  # one process speaks
    monkeypatch.chdir(folders[0])
    assert first.splitlines()[-5:] == next_commands(output)
    assert (first + second).count("The results are in") == 1
    names = [row["filename"] for row in predictions(output)]
    assert len(names) == len(set(names)) == 20


def test_killed_in_an_epoch_and_resumed_it_ends_as_undisturbed(finished, workspace, recordings, tmp_path):
    undisturbed, _ = finished
    output = workspace / "killed"
    arguments = command(workspace, recordings, output, "--folds", "[1,2]", launcher=())[1:]
    process = forked(train, arguments, folder=tmp_path)
    process.start()
    try:
        deadline = time.monotonic() + 120
        while not (output / "fold2" / "state.pt").exists():  # fold 1 complete, fold 2 after its first epoch
            assert time.monotonic() < deadline and process.exitcode is None
            time.sleep(0.005)
    finally:
        process.kill()
        process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not (output / "summary.json").exists()
    state = torch.load(output / "fold2" / "state.pt", weights_only=True)
    assert len(state["history"]) < 3  # there is something left to do
    status, said = run_forked(train, [*arguments, "--resume"], folder=tmp_path)
    assert status == 0, said
    assert metrics_only(output) == metrics_only(undisturbed)
    assert predictions(output) == predictions(undisturbed)
    assert not list(output.rglob("state.pt"))


def test_a_finished_run_is_not_overwritten_unasked(finished, workspace, recordings, capfd):
    output, _ = finished
    before = (output / "summary.json").read_bytes()
    assert train(command(workspace, recordings, output, launcher=())[1:]) == 2
    assert "already holds a run" in capfd.readouterr().err
    assert train(command(workspace, recordings, output, "--resume", "true", "--train.lr", "0.5", launcher=())[1:]) == 2
    assert "train.lr was 0.001, is 0.5" in capfd.readouterr().err
    moved = output.parent / "other recordings"
    moved.symlink_to(recordings)
    assert train(command(workspace, moved, output, "--resume", launcher=())[1:]) == 2
    assert "data.root was" in capfd.readouterr().err
    assert (output / "summary.json").read_bytes() == before


def test_wandb_writes_offline_without_an_account(workspace, recordings, tmp_path):
    output = workspace / "wandb"
    options = ["--folds", "1", "--train.epochs", "1", "--tracker.name", "wandb"]
    arguments = command(workspace, recordings, output, *options, launcher=())[1:]
    environment = {**without_wandb(), "HOME": str(workspace)}  # no account there
    status, said = run_forked(train, arguments, folder=tmp_path, environment=environment)
    assert status == 0, said
    assert [path for path in (output / "wandb").rglob("*") if path.is_file() and path.stat().st_size > 0]


MISTAKES = {
    "no folder": (["--data.root", "/nowhere"], "/nowhere"),
    "fold": (["--folds", "9"], "fold 9 does not exist"),
    "key": (["--frontend.n_mel", "8"], "did you mean 'frontend.n_mels'"),
    "backbone": (["--model.backbone", "resnt18"], "did you mean 'resnet18'"),
    "front-end": (["--frontend.name", "logmell"], "did you mean 'logmel'"),
    "option": (["--frontend.n_mfcc", "3"], "there is no option 'frontend.n_mfcc'; logmel has name, backend, "),
    "sample rate": (["--data.sample_rate", "-1"], "data.sample_rate must be positive"),
    "too short": (["--data.clip_seconds", "0.01"], "too short"),
    "crop too short": (["--augment.crop_seconds", "0.01"], "augment.crop_seconds=0.01 is too short"),
    "batch": (["--train.batch_size", "7", "--train.accumulation", "2"], "must be divisible by"),
    "fixed-size backbone": (["--model.backbone", "vit_tiny_patch16_224"], "cannot take an image"),
    "unwritable": (["--output_dir", "/proc/nowhere/run"], "cannot write to /proc/nowhere/run"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_one_line_and_leaves_nothing(workspace, recordings, arguments, message, capfd):
    output = workspace / "mistaken"
    status = train(command(workspace, recordings, output, *arguments, launcher=())[1:])
    errors = [line for line in capfd.readouterr().err.splitlines() if line.startswith("error: ")]
    assert status == 2 and len(errors) == 1 and message in errors[0]
    assert not output.exists()


def damage(kind, clip):
    if kind == "missing":
        clip.unlink()
    elif kind == "empty":
        clip.write_bytes(b"")
    elif kind == "corrupt":
        clip.write_bytes(b"not audio" * 100)
    else:
        import numpy as np
        import soundfile

        samples = np.zeros(0 if kind == "no samples" else 8000, dtype=np.float32)
        samples[100:200] = np.nan
        soundfile.write(clip, samples, 8000, subtype="FLOAT")


@pytest.mark.parametrize("kind", ["missing", "empty", "corrupt", "no samples", "NaN"])
def test_a_bad_clip_is_named_and_nothing_is_half_written(workspace, recordings, tmp_path, kind, capfd):
    import shutil

    root = shutil.copytree(recordings, tmp_path / "data")
    clip = sorted((root / "audio").iterdir())[7]
    damage(kind, clip)
    arguments = command(workspace, root, tmp_path / "run", launcher=())[1:]
    assert train([*arguments, "--data.cache_dir", str(tmp_path / "cache")]) == 2
    assert clip.name in capfd.readouterr().err
    assert not list(tmp_path.glob("cache/stores/**/*.npy")) and not (tmp_path / "run").exists()


def test_a_full_disk_is_refused_before_training(workspace, recordings, tmp_path, monkeypatch, capfd):
    import shutil

    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("esc_gpu.experiment.output_folder.shutil.disk_usage", lambda path: usage)
    assert train(command(workspace, recordings, tmp_path / "run", launcher=())[1:]) == 2
    assert "MB free" in capfd.readouterr().err
    assert not list((tmp_path / "run").glob("*"))


def test_without_recordings_it_says_that_they_are_synthetic(workspace, tmp_path, monkeypatch, capfd):
    fewer = functools.partial(write_synthetic, clips_per_class=5)  # than 40, which take seconds to be made
    monkeypatch.setattr("esc_gpu.experiment.recordings.write_synthetic", fewer)
    options = ["--config", str(workspace / "tiny.yaml"), "--folds", "1", "--train.epochs", "1"]
    assert train([*options, "--output_dir", str(tmp_path / "run"), "--data.cache_dir", str(tmp_path / "cache")]) == 0
    assert "embedded synthetic recordings" in capfd.readouterr().out.splitlines()[0]
    assert json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))["data"]["synthetic"] is True


def test_help_and_print_config(capsys, monkeypatch):
    script = str(REPOSITORY / "train.py")
    monkeypatch.setattr(sys, "argv", [script, "--help"])
    with pytest.raises(SystemExit) as exit_:
        runpy.run_path(script, run_name="__main__")
    said = capsys.readouterr().out
    assert exit_.value.code == 0 and "--frontend.help" in said and "--train.lr" in said
    assert asked(["--frontend.help", "logmel"]) == 0
    said = capsys.readouterr().out
    assert "--frontend.n_mels" in said and "mel bands" in said
    assert asked(["--config", str(CONFIGS / "mfcc.yaml"), "--print_config"]) == 0
    assert "n_mfcc: 40" in capsys.readouterr().out


def asked(arguments):
    """The exit status of a question."""
    with pytest.raises(SystemExit) as exit_:
        train(arguments)
    return exit_.value.code
