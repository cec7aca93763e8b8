"""Logits of a fold's test clips, and what they score after an epoch."""

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import Tensor, nn

from esc_gpu.data.store.batch_order import evaluation_batches
from esc_gpu.model.modes import to_evaluation
from esc_gpu.training.fold import FoldData
from esc_gpu.training.nonfinite_steps import check_logits
from esc_gpu.training.out_of_memory import in_smaller_batches

EVAL_BATCH = 64


@torch.no_grad()
def predict(accelerator: Accelerator, model: nn.Module, data: FoldData) -> Tensor:
    """Logits `(test recordings, K)` float32 on the CPU, ascending by recording, the same on every rank."""
    to_evaluation(model)
    model = accelerator.unwrap_model(model)  # or a rank that has to begin again would wait for the others

    def answer(batch_size: int) -> Tensor:
        share = evaluation_batches(data.test, batch_size, accelerator.process_index, accelerator.num_processes)
        return torch.cat([model(waveform).float() for waveform, _ in data.test_batches(share)])

    with torch.compiler.set_stance("force_eager"):  # batches of other sizes would be compiled for once each
        logits = in_smaller_batches(answer, EVAL_BATCH, "the evaluation")
    by_rank = accelerator.gather(logits).unflatten(0, (accelerator.num_processes, -1))
    # Rank r holds clips r, r + world, ...: interleave them, and drop the padding at the end.
    clips = by_rank.transpose(0, 1).flatten(0, 1)[: len(data.test)].cpu()
    check_logits(clips, data)
    return average_over_windows(clips, torch.from_numpy(data.recordings[data.test]))


def score_epoch(logits: Tensor, data: FoldData) -> dict[str, float]:
    """Loss and accuracy on the test recordings, for the curves; nothing is selected by them."""
    return {
        "test_loss": F.cross_entropy(logits, data.test_labels).item(),
        "test_accuracy": (logits.argmax(dim=1) == data.test_labels).float().mean().item(),
    }


def average_over_windows(logits: Tensor, recordings: Tensor) -> Tensor:
    """`(windows, K)` → `(recordings, K)`: the logarithm of the mean probabilities of each recording's windows.

    Args:
        logits: of the windows.
        recordings: `(windows,)` int64, the recording of each; the result is in ascending order of them.
    """
    numbers, position = recordings.unique(return_inverse=True)
    if len(numbers) == len(logits):
        return logits[recordings.argsort()]
    windows = position.bincount()[:, None]
    probabilities = logits.new_zeros(len(numbers), logits.shape[1], dtype=torch.float64)
    probabilities.index_add_(0, position, logits.double().softmax(dim=1))
    # A class that no window thinks possible: the floor keeps the loss finite.
    return (probabilities / windows).clamp_min(torch.finfo(torch.float64).tiny).log().float()
