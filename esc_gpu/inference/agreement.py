"""How far what an exported file answers is from what its checkpoint does."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from esc_gpu.core.progress import tqdm
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.model.explain import embed
from esc_gpu.model.outputs import OUTPUTS

TOLERANCE = 1e-3  # between a logit of the file and the checkpoint's
CHECK_BATCH = 8
Answer = Callable[[Tensor], Tensor | tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Agreement:
    """How far a file's logits are from the checkpoint's.

    Attributes:
        n_clips: that were compared.
        max_difference: the greatest between two logits, at any length; NaN if one is not finite.
        n_other_classes: clips for which another class is the likeliest, at any length; of several labels, clips for
            which other classes have a probability of 0.5 or more.
        n_other_predictions: clips for which the pipeline itself, in its own precision, names another class.
        lengths: in samples, at which some of the clips were compared as well.
        embedding_difference: the greatest between two numbers of an embedding, as a share of the greatest number in
            those of these clips; 0 of a file without embeddings.
    """

    n_clips: int
    max_difference: float
    n_other_classes: int
    n_other_predictions: int
    lengths: tuple[int, ...]
    embedding_difference: float

    @property
    def holds(self) -> bool:
        """Whether the file can stand for the checkpoint."""
        is_close = self.max_difference <= TOLERANCE and self.embedding_difference <= TOLERANCE
        return is_close and self.n_other_classes == 0


def other_lengths(least: int, n_samples: int) -> tuple[int, ...]:
    """Samples of the clips on which a file for clips of any length is tried: its least, about half, a third more."""
    return least, *sorted({max(least, n_samples // 2 + 1), n_samples + n_samples // 3 + 1} - {least, n_samples})


@torch.no_grad()
def measure_agreement(
    answer: Answer, pipeline: Pipeline, clips: Tensor, progress: bool, lengths: tuple[int, ...] = ()
) -> Agreement:
    """Run both on all clips, the first of them alone since a batch may be of any size, and on some at `lengths`."""
    differences, embedding_differences, n_other_classes, n_other_predictions = [], [], 0, 0
    outputs = OUTPUTS[pipeline.task]
    batches = [clips[:1], *clips[1:].split(CHECK_BATCH), *(of_length(clips[:CHECK_BATCH], n) for n in lengths)]
    with tqdm(desc="check", total=len(clips), unit="clip", disable=not progress) as bar:
        for batch in batches:
            if not len(batch):
                continue
            answered, expected = answer(batch), pipeline.model(batch)
            given = answered if isinstance(answered, Tensor) else answered[0]
            if not isinstance(answered, Tensor):
                embedding = embed(pipeline.model, batch)
                embedding_differences.append((answered[1] - embedding).abs().max() / embedding.abs().max())
            differences.append((given - expected).abs().max())
            said = outputs.answers(given)
            n_other_classes += int((said != outputs.answers(expected)).any(dim=1).sum())
            if batch.shape[1] == clips.shape[1]:
                predicted = expected if pipeline.precision == "no" else pipeline(batch)
                n_other_predictions += int((said != outputs.answers(predicted)).any(dim=1).sum())
                bar.update(len(batch))
    greatest, of_embeddings = (
        float(torch.stack(parts).max()) if parts else 0.0 for parts in (differences, embedding_differences)
    )
    return Agreement(len(clips), greatest, n_other_classes, n_other_predictions, lengths, of_embeddings)


def of_length(clips: Tensor, n_samples: int) -> Tensor:
    """`(n, T)` → `(n, n_samples)`, at most `2 T`: the beginning of each clip, or a clip and the one before it."""
    return torch.cat([clips, clips.roll(1, 0)], dim=1)[:, :n_samples]
