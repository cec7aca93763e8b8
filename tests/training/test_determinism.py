"""`train.deterministic`: the switches of torch, set for a run and restored; the same bits from the same run."""

import os

import pytest
import torch

from esc_gpu.cli.main import main
from esc_gpu.errors import EscGpuError
from esc_gpu.training import loop as training
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.determinism import WORKSPACE, deterministic
from esc_gpu.training.loop import train_fold
from tests.helpers.tiny import OPTIONS, parsed, write_tones
from tests.helpers.tiny_fold import tiny_fold

AUGMENTED = (
    *("--augment.mixup_alpha", "0.3", "--augment.noise_probability", "0.5", "--augment.time_stretch", "0.2"),
    *("--augment.cutmix_probability", "0.5", "--augment.erase_probability", "0.5", "--train.ema_decay", "0.9"),
)


def switches():
    cudnn = torch.backends.cudnn
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        (cudnn.deterministic, cudnn.benchmark),
        os.environ.get(WORKSPACE),
    )


def test_the_switches_are_set_and_restored(monkeypatch):
    monkeypatch.delenv(WORKSPACE, raising=False)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    before = switches()
    with deterministic():
        assert switches() == (True, False, (True, False), ":4096:8")
    assert switches() == before
    with pytest.raises(ZeroDivisionError), deterministic():
        raise ZeroDivisionError
    assert switches() == before
    with deterministic(False):
        assert switches() == before
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with deterministic():
            assert switches()[:2] == (True, False)
        assert switches()[:2] == (True, True)
    finally:
        torch.use_deterministic_algorithms(False)
    monkeypatch.setenv(WORKSPACE, ":16:8")  # the user's
    with deterministic():
        assert switches()[-1] == ":16:8"
    assert switches()[-1] == ":16:8"


def test_a_kernel_without_such_a_form_is_named():
    named = "^put_ has no deterministic form, .*train.deterministic=true"
    with pytest.raises(EscGpuError, match=named) as refused, deterministic():
        torch.zeros(3).put_(torch.tensor([0]), torch.tensor([1.0]))
    assert "\n" not in str(refused.value)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), deterministic():
        torch.zeros(2, 3) @ torch.zeros(2, 3)


def test_the_same_run_gives_the_same_bits(tmp_path, monkeypatch):
    config, results, step, steps = parsed(*AUGMENTED), [], training.train_step, []

    def watched(*arguments):
        steps.append(torch.are_deterministic_algorithms_enabled())
        return step(*arguments)

    monkeypatch.setattr(training, "train_step", watched)
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        with deterministic():
            results.append(train_fold(config, create_accelerator(config, folder), tiny_fold(), 1, folder))
    assert torch.equal(results[0].logits, results[1].logits)
    weights = [result.model.state_dict().values() for result in results]
    assert all(torch.equal(one, other) for one, other in zip(*weights, strict=True))
    losses = [[(record["loss"], record["test_loss"]) for record in result.history] for result in results]
    assert losses[0] == losses[1]
    assert steps and all(steps)


class Looked(Exception):
    """Ends the run."""


def test_a_run_has_them_set_where_it_trains(tmp_path, monkeypatch):
    seen = []

    def look(*arguments):
        seen.append(switches())
        raise Looked

    monkeypatch.setattr("esc_gpu.experiment.cross_validation.train_together", look)
    data = ["--data.table", str(write_tones(tmp_path / "tones")), "--data.cache_dir", str(tmp_path / "cache")]
    for number, option in enumerate(([], ["--train.deterministic"])):
        before = switches()
        with pytest.raises(Looked):
            main(["train", *OPTIONS, *data, *option, "--output_dir", str(tmp_path / str(number))])
        assert switches() == before
    assert [is_on for is_on, *_ in seen] == [False, True]
