"""Two processes train as one does: the same batches, augmentation, statistics and gradients."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from esc_gpu.cli.commands.train import main as train
from tests.helpers.csv_tables import predictions
from tests.helpers.tiny import OPTIONS, parsed, write_tones
from tests.helpers.workers import run_together

pytestmark = pytest.mark.usefixtures("blank_pictures")

AUGMENTED = (
    *("--augment.mixup_alpha", "0.3", "--augment.noise_probability", "0.5", "--train.epochs", "3"),
    # Rounding grows with the learning rate: Adam divides by the gradient.
    *("--train.lr", "1e-4"),
)


def curves(output):
    return [json.loads(line) for line in (output / "fold1" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


def predicted(output):
    return [row["filename"] + row["prediction"] for row in predictions(output)]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_tones(tmp_path_factory.mktemp("tones"), per_class=8)


@pytest.mark.parametrize("parts", ["1", "2"])
def test_two_processes_have_the_curves_and_predictions_of_one(table, tmp_path, parts):
    fixed = [*OPTIONS, *AUGMENTED, "--train.accumulation", parts, "--folds", "1", "--data.table", str(table)]
    fixed += ["--data.cache_dir", str(tmp_path / "cache"), "--output_dir"]
    assert train([*fixed, str(tmp_path / "one")]) == 0
    command = ([*fixed, str(tmp_path / "two")],)
    statuses = run_together(train, [command, command], [tmp_path / "rank0", tmp_path / "rank1"])
    assert statuses == [0, 0], (tmp_path / "rank0" / "output.txt").read_text(encoding="utf-8")
    one, two = curves(tmp_path / "one"), curves(tmp_path / "two")
    assert len(one) == len(two) == 3
    for here, there in zip(one, two, strict=True):
        # float32 sums in another order, through nine steps of at most 1e-4.
        assert there["loss"] == pytest.approx(here["loss"], abs=1e-5)
        assert there["test_loss"] == pytest.approx(here["test_loss"], abs=1e-5)
        assert there["test_accuracy"] == here["test_accuracy"]
    assert predicted(tmp_path / "two") == predicted(tmp_path / "one")
    assert json.loads((tmp_path / "two" / "summary.json").read_text(encoding="utf-8"))["processes"] == 2
    assert (tmp_path / "rank1" / "output.txt").read_text(encoding="utf-8").count("\n") == 0  # one process speaks


def train_in_float64(parts):
    """Three epochs with everything behind the features in float64; the history and the model are left in a file."""
    from benchmarks.exactness.double_precision import build_double
    from esc_gpu.data.store.source import WaveformSource
    from esc_gpu.training import loop as training
    from esc_gpu.training.accelerator import create_accelerator

    training.build_model = build_double
    config = parsed(*AUGMENTED, "--train.accumulation", parts)
    waveforms = np.random.default_rng(0).integers(-8000, 8000, (30, 8000)).astype(np.int16)
    source = WaveformSource(waveforms, torch.device("cpu"))
    data = training.FoldData(source, torch.arange(30) % 3, 3, np.arange(16), np.arange(16, 30), np.arange(30))
    result = training.train_fold(config, create_accelerator(config, Path.cwd()), data, 1, Path.cwd())
    torch.save((result.history, result.model.state_dict(), result.logits), "result.pt")


@pytest.mark.parametrize("parts", ["1", "2"])
def test_in_float64_two_processes_are_one(tmp_path, parts):
    folders = [tmp_path / name for name in ("alone", "rank0", "rank1")]
    assert run_together(train_in_float64, [(parts,)], folders[:1]) == [0], (folders[0] / "output.txt").read_text(
        encoding="utf-8"
    )
    assert run_together(train_in_float64, [(parts,)] * 2, folders[1:]) == [0, 0]
    alone, *ranks = [torch.load(folder / "result.pt") for folder in folders]
    for rank in ranks:
        # A dozen steps on gradients that agree to the rounding of float64.
        torch.testing.assert_close(rank[1], alone[1], rtol=0, atol=1e-12)
        # Logits and losses are float32 by themselves: a mean of 8 and one of two means of 4 differ in the last bit.
        torch.testing.assert_close(rank[2], alone[2], rtol=2e-7, atol=2e-7)
        for here, there in zip(alone[0], rank[0], strict=True):
            assert there["loss"] == pytest.approx(here["loss"], rel=3e-7)
            assert there["test_loss"] == pytest.approx(here["test_loss"], rel=3e-7)


def train_with_a_bad_clip_in_one(arguments):
    """In the third step the samples of the second process are NaN."""
    from esc_gpu.training import loop as training

    batches = training.training_batches

    def spoilt(*given):
        for step, parts in enumerate(batches(*given)):
            bad = os.environ["RANK"] == "1" and (given[-1], step) == (1, 0)
            yield ((waveform * (np.nan if bad else 1.0), alter, target) for waveform, alter, target in parts)

    training.training_batches = spoilt
    return train(arguments)


def test_two_processes_leave_out_a_step_alike(table, tmp_path):
    fixed = [*OPTIONS, "--train.ema_decay", "0.9", "--train.on_nonfinite", "skip", "--folds", "1"]
    command = [*fixed, "--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache")]
    folders = [tmp_path / "rank0", tmp_path / "rank1"]
    arguments = ([*command, "--output_dir", str(tmp_path / "run")],)
    assert run_together(train_with_a_bad_clip_in_one, [arguments] * 2, folders) == [0, 0]
    first, second = curves(tmp_path / "run")
    assert "skipped_steps" not in first and second["skipped_steps"] == [1] and len(second["skipped_clips"]) == 8
    assert np.isfinite(second["loss"]) and np.isfinite(second["test_loss"])
    outputs = [(folder / "output.txt").read_text(encoding="utf-8") for folder in folders]
    assert outputs[0].count("warning: fold 1, epoch 2: left out 1 step whose") == 1 and outputs[1] == ""


def train_until_killed(arguments):
    """The second process is killed in the second epoch, of three steps."""
    from esc_gpu.training import loop as training

    step, calls = training.train_step, []

    def call(*given):
        calls.append(0)
        if os.environ["RANK"] == "1" and len(calls) == 5:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*given)

    training.train_step = call
    return train(arguments)


def test_when_one_of_two_is_killed_the_other_ends_and_the_run_goes_on_to_the_bit(table, tmp_path):
    fixed = [*OPTIONS, "--folds", "1", "--data.table", str(table), "--data.cache_dir", str(tmp_path / "cache")]
    folders = [tmp_path / "rank0", tmp_path / "rank1"]
    whole, cut = ([*fixed, "--output_dir", str(tmp_path / name)] for name in ("whole", "cut"))
    assert run_together(train, [(whole,)] * 2, folders) == [0, 0]
    began = time.monotonic()
    statuses = run_together(train_until_killed, [(cut,)] * 2, folders)
    assert statuses == [2, -signal.SIGKILL] and time.monotonic() - began < 60
    last = (folders[0] / "output.txt").read_text(encoding="utf-8").splitlines()[-1]
    assert last.startswith("error: another process of the run has ended, or does not answer (")
    assert last.endswith("continue from the last checkpoint with --resume")
    assert len(curves(tmp_path / "cut")) == 1
    assert run_together(train, [([*cut, "--resume"],)] * 2, folders) == [0, 0]
    for name in ("predictions.csv", "model.safetensors"):
        files = [tmp_path / run / "fold1" / name for run in ("whole", "cut")]
        assert files[0].read_bytes() == files[1].read_bytes()
