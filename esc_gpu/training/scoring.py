"""Logits of a fold's test clips."""

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from esc_gpu.data.store.batch_order import evaluation_batches
from esc_gpu.model.modes import to_evaluation
from esc_gpu.model.outputs import ONE_OF_ALL, OUTPUTS, Outputs
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
    return average_over_windows(clips, torch.from_numpy(data.recordings[data.test]), OUTPUTS[data.task])


def average_over_windows(logits: Tensor, recordings: Tensor, outputs: Outputs = ONE_OF_ALL) -> Tensor:
    """`(windows, K)` → `(recordings, K)`: logits with the mean probabilities of each recording's windows.

    Args:
        logits: of the windows.
        recordings: `(windows,)` int64, the recording of each; the result is in ascending order of them.
        outputs: what the logits mean.
    """
    numbers, position = recordings.unique(return_inverse=True)
    if len(numbers) == len(logits):
        return logits[recordings.argsort()]
    windows = position.bincount()[:, None]
    probabilities = logits.new_zeros(len(numbers), logits.shape[1], dtype=torch.float64)
    probabilities.index_add_(0, position, outputs.probabilities(logits.double()))
    return outputs.logits(probabilities / windows).float()
