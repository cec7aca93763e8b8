"""Logits of a fold's test clips: of those only, in evaluation mode, and averaged over a recording's windows."""

import dataclasses
from types import SimpleNamespace

import pytest
import torch

from esc_gpu.data.store.batch_order import evaluation_batches
from esc_gpu.errors import EscGpuError
from esc_gpu.training import scoring
from esc_gpu.training.loop import fit_normalization
from esc_gpu.training.scoring import average_over_windows
from tests.helpers.small_model import trainable_model
from tests.helpers.tiny_fold import tiny_fold


def test_an_evaluation_of_other_clips_is_refused(config, accelerator, monkeypatch):
    model = trainable_model()
    fit_normalization(accelerator, model, tiny_fold())
    scoring.predict(accelerator, model, tiny_fold())
    monkeypatch.setattr(scoring, "evaluation_batches", lambda clips, *more: evaluation_batches(clips - 1, *more))
    with pytest.raises(EscGpuError, match="recording 15 is none of the fold's clips to test on"):
        scoring.predict(accelerator, model, tiny_fold())


def test_an_evaluation_in_training_mode_is_refused(config, accelerator, monkeypatch):
    """Or batch norm would learn from the test clips, and dropout drop."""
    model = trainable_model()
    fit_normalization(accelerator, model, tiny_fold())
    monkeypatch.setattr(type(model.backbone.bn1), "train", lambda self, mode=True: self)  # stays as it is
    with pytest.raises(EscGpuError, match="the model's part 'backbone.conv1.1' stays in training mode"):
        scoring.predict(accelerator, model, tiny_fold())


@pytest.mark.parametrize("n_clips", [8, 7], ids=["even", "with one that is padded"])
def test_two_processes_have_the_logits_of_one_in_the_clips_order(accelerator, n_clips):
    model, data = trainable_model(), tiny_fold()
    data = dataclasses.replace(data, test=data.test[:n_clips])
    fit_normalization(accelerator, model, data)
    shares = []

    def gather(logits):
        shares.append(logits)
        return torch.cat([shares[-1], shares[0]])  # of rank 0, which asks last, and 1

    for rank in (1, 0):
        process = SimpleNamespace(process_index=rank, num_processes=2, unwrap_model=lambda model: model, gather=gather)
        logits = scoring.predict(process, model, data)
    torch.testing.assert_close(logits, scoring.predict(accelerator, model, data))
    assert logits.shape == (n_clips, 3) and len(shares[0]) == 4


def test_windows_are_averaged_as_by_a_plain_loop():
    generator = torch.Generator().manual_seed(0)
    recordings = torch.tensor([7, 2, 2, 9, 7, 7, 2, 30, 9, 7])
    logits = 5 * torch.randn(10, 4, generator=generator)
    averaged = average_over_windows(logits, recordings)
    assert averaged.shape == (4, 4) and averaged.dtype == torch.float32
    for row, number in zip(averaged, (2, 7, 9, 30), strict=True):
        mine = [logits[k].softmax(dim=0) for k in range(10) if recordings[k] == number]
        # Probabilities of float32 in both.
        torch.testing.assert_close(row.softmax(dim=0), sum(mine) / len(mine), rtol=1e-5, atol=1e-7)
        torch.testing.assert_close(row.exp().sum(), torch.tensor(1.0))


def test_it_is_probabilities_that_are_averaged_not_logits():
    """One window that is sure outweighs two that hardly care."""
    logits = torch.tensor([[20.0, 0.0], [0.0, 0.5], [0.0, 0.5]])
    assert average_over_windows(logits, torch.tensor([0, 0, 0])).argmax() == 0
    sure_of_too_much = torch.tensor([[200.0, 0.0], [0.0, 2.0], [0.0, 2.0], [0.0, 2.0]])
    assert average_over_windows(sure_of_too_much, torch.zeros(4, dtype=torch.int64)).argmax() == 1


def test_recordings_of_one_window_keep_their_logits():
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(average_over_windows(logits, torch.arange(4)), logits)
    assert torch.equal(average_over_windows(logits, torch.tensor([5, 1, 9, 3])), logits[[1, 3, 0, 2]])


def test_a_class_that_no_window_thinks_possible_is_never_chosen_and_gives_a_loss():
    """exp(-800) is 0 even in float64."""
    logits = torch.tensor([[0.0, -800.0], [0.0, -800.0]])
    averaged = average_over_windows(logits, torch.tensor([0, 0]))
    assert averaged.argmax() == 0 and averaged.softmax(dim=1).isfinite().all()
    assert torch.nn.functional.cross_entropy(averaged, torch.tensor([1])).isfinite()
