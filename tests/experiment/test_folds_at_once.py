"""Folds side by side: what they give is what each gives alone, and one that fails ends them all."""

import json
import signal
import threading
import time
from types import SimpleNamespace

import pytest
import torch

from esc_gpu import EscGpuError
from esc_gpu.cli.main import main
from esc_gpu.cli.signals import interruptible
from esc_gpu.experiment.folds_at_once import Stopped, plan_rounds, train_together
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.build_model import build_model
from esc_gpu.training.loop import train_fold
from tests.helpers.tiny import OPTIONS, parsed, write_tones
from tests.helpers.tiny_fold import tiny_fold

pytestmark = pytest.mark.usefixtures("blank_pictures")

CPU = SimpleNamespace(device=torch.device("cpu"), num_processes=1)


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def rounds(*options, accelerator=CPU):
    config = parsed(*options)
    return plan_rounds(config, accelerator, build_model(config, 3), [1, 2, 3, 4, 5])


def test_folds_are_trained_by_as_many_as_there_are_threads():
    assert rounds() == [[1, 2], [3, 4], [5]]
    assert rounds("--train.folds_at_once", "3") == [[1, 2, 3], [4, 5]]
    assert rounds("--train.folds_at_once", "1") == [[1], [2], [3], [4], [5]]
    torch.set_num_threads(16)
    assert rounds() == [[1, 2, 3, 4, 5]]


@pytest.mark.parametrize(
    ("options", "accelerator", "hindrance"),
    [
        ((), SimpleNamespace(device=torch.device("cuda"), num_processes=1), "a GPU"),
        ((), SimpleNamespace(device=torch.device("cpu"), num_processes=2), "several processes"),
        (("--tracker.name", "wandb"), CPU, "a tracker"),
        (("--train.compile", "default"), CPU, "train.compile"),
        (("--train.profile", "true"), CPU, "train.profile"),
        (("--model.options", "{drop_rate: 0.1}"), CPU, "random numbers"),
        (("--model.options", "{drop_rate: 0.1}", "--model.coordinates", "both"), CPU, "random numbers"),
        (("--model.options", "{drop_path_rate: 0.1}", "--model.backbone", "resnet18"), CPU, "random numbers"),
    ],
)
def test_what_keeps_them_apart(options, accelerator, hindrance):
    assert rounds(*options, accelerator=accelerator) == [[1], [2], [3], [4], [5]]
    with pytest.raises(EscGpuError, match=f"folds_at_once=2 is not possible with .*{hindrance}.*remove the option"):
        rounds(*options, "--train.folds_at_once", "2", accelerator=accelerator)


def test_side_by_side_they_end_as_alone(tmp_path):
    config = parsed()
    accelerator = create_accelerator(config, tmp_path)
    torch.set_num_threads(2)
    data, folders = [tiny_fold(seed) for seed in (1, 2, 3)], [tmp_path / str(fold) for fold in (1, 2, 3)]
    for folder in folders:
        folder.mkdir()
    together = train_together(config, accelerator, [1, 2, 3], data, folders, threads=1)
    torch.set_num_threads(1)
    for fold, its_data, result in zip((1, 2, 3), data, together, strict=True):
        alone_in = tmp_path / f"alone{fold}"
        alone_in.mkdir()
        alone = train_fold(config, accelerator, its_data, fold, alone_in)
        assert torch.equal(alone.logits, result.logits)
        assert [record["loss"] for record in alone.history] == [record["loss"] for record in result.history]


def test_the_threads_are_shared_and_given_back(tmp_path, monkeypatch):
    seen = []

    def note_threads(config, accelerator, data, fold, folder, after_step):
        seen.append((fold, torch.get_num_threads()))

    monkeypatch.setattr("esc_gpu.experiment.folds_at_once.train_fold", note_threads)
    torch.set_num_threads(6)
    train_together(parsed(), CPU, [1, 2], [None, None], [tmp_path, tmp_path], threads=3)
    assert sorted(seen) == [(1, 3), (2, 3)] and torch.get_num_threads() == 6
    train_together(parsed(), CPU, [3], [None], [tmp_path], threads=4)
    assert seen[2] == (3, 4) and torch.get_num_threads() == 6


def test_a_fold_that_fails_ends_the_others_after_their_step(tmp_path, monkeypatch):
    steps = []

    def train(config, accelerator, data, fold, folder, after_step):
        if fold == 2:
            raise EscGpuError("the loss of fold 2 is nan")
        while True:  # ends by after_step alone
            steps.append(fold)
            after_step()

    monkeypatch.setattr("esc_gpu.experiment.folds_at_once.train_fold", train)
    with pytest.raises(EscGpuError, match="fold 2 is nan"):
        train_together(parsed(), CPU, [1, 2], [None, None], [tmp_path, tmp_path], threads=1)
    assert set(steps) == {1}


def test_ctrl_c_while_another_fold_is_ending_waits_for_it(tmp_path, monkeypatch):
    saved = []

    def train(config, accelerator, data, fold, folder, after_step):
        if fold == 2:
            raise EscGpuError("the loss of fold 2 is nan")
        try:
            while True:
                after_step()
        except Stopped:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            time.sleep(0.3)
            saved.append(fold)
            raise

    monkeypatch.setattr("esc_gpu.experiment.folds_at_once.train_fold", train)
    with interruptible() as received, pytest.raises(EscGpuError, match="fold 2 is nan"):
        train_together(parsed(), CPU, [1, 2], [None, None], [tmp_path, tmp_path], threads=1)
    assert saved == [1] and received == [signal.SIGINT]


def test_a_run_with_one_fold_of_a_round_left_ends_as_undisturbed(tmp_path):
    table = write_tones(tmp_path / "tones", n_folds=3)
    output = tmp_path / "run"
    options = [
        *OPTIONS,
        "--train.threads",
        "2",
        "--data.table",
        str(table),
        "--data.cache_dir",
        str(tmp_path / "cache"),
    ]
    assert main(["train", *options, "--output_dir", str(output)]) == 0
    predictions, summary = (
        (output / "predictions.csv").read_text(encoding="utf-8"),
        json.loads((output / "summary.json").read_text(encoding="utf-8")),
    )
    first, second, third = (fold["seconds"] for fold in summary["folds"])
    assert summary["seconds"] == pytest.approx(max(first, second) + third)
    (output / "fold2" / "metrics.json").unlink()
    (output / "summary.json").unlink()
    assert main(["train", *options, "--output_dir", str(output), "--resume"]) == 0
    assert (output / "predictions.csv").read_text(encoding="utf-8") == predictions


@pytest.mark.parametrize("option", ["threads", "folds_at_once"])
def test_no_folds_or_threads_are_refused(option, tmp_path, capsys):
    assert main(["train", *OPTIONS, f"--train.{option}", "0", "--output_dir", str(tmp_path / "run")]) == 2
    assert f"train.{option} must be positive, got 0" in capsys.readouterr().err
