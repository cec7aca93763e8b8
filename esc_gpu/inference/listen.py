"""What a trained pipeline hears in sound that does not end."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from esc_gpu.core.clip import clip_samples
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.framing import FrameCutter, Framing
from esc_gpu.inference.predict import SPARE_SHARE, Classifier, check_options, class_probabilities
from esc_gpu.inference.timeline import OverlappingTimeline, Segment, Timeline


class Heard(NamedTuple):
    """One window and its answer, `(K,)`, and the segments of the timeline that are complete with it.

    The end is that of the sound where the window reaches beyond it: `timeline.end` takes that of the last window.
    """

    start_seconds: float
    end_seconds: float
    probabilities: np.ndarray
    segments: list[Segment]


def listen(
    pipeline: Classifier,
    blocks: Iterable[np.ndarray],
    timeline: Timeline | OverlappingTimeline,
    overlap: float = 0.5,
    batch_size: int = 32,
) -> Iterator[Heard]:
    """The answer for each window of a sound as soon as the window is complete.

    The windows are those of `predict_file` for a recording of the whole sound, and with `timeline.end` so is the
    timeline. What is kept does not grow with the length.

    Args:
        pipeline: a trained one.
        blocks: `(t,)` int16 at the pipeline's `sample_rate`, of any lengths.
        timeline: what collects the windows.
        overlap: of neighbouring windows, 0 to 0.95.
        batch_size: windows that the model is given at once, where so many are there.

    Raises:
        EscGpuError: for an option out of its range, for no sound, and what `predict_file` raises for a model.
    """
    check_options(overlap, batch_size)
    rate = pipeline.sample_rate
    for starts, n_samples, windows in cut_blocks(
        blocks, clip_samples(rate, timeline.clip_seconds), overlap, batch_size
    ):
        for number, probabilities in enumerate(class_probabilities(pipeline, windows)):
            begin = starts[number] / rate
            end = min(begin + timeline.clip_seconds, n_samples / rate)
            yield Heard(begin, end, probabilities, timeline.add(begin, probabilities))


def cut_blocks(
    blocks: Iterable[np.ndarray], samples: int, overlap: float, batch_size: int
) -> Iterator[tuple[list[int], int, Tensor]]:
    """Where windows begin, how many samples have come, and the windows `(B, samples)` int16 as they become complete."""
    framing = Framing(samples, max(1, round(samples * (1 - overlap))), 0, "constant")
    cutter = FrameCutter(framing, framing.count)
    for block in blocks:
        first = cutter.n_frames
        cut = cutter.cut(torch.from_numpy(block)[None], is_end=False)
        if cut is None:
            continue
        windows = cut[0].unfold(0, samples, framing.hop_length)
        for batch in windows.split(batch_size):
            starts = [n * framing.hop_length for n in range(first, first + len(batch))]
            yield starts, cutter.n_samples, batch.clone()
            first += len(batch)
    n_samples, kept = cutter.n_samples, cutter.kept
    if kept is None or n_samples == 0:
        raise EscGpuError("there was no sound: the input ended before its first sample; look to what writes it")
    if n_samples < samples:  # one window, with silence where it ends
        yield [0], n_samples, torch.nn.functional.pad(kept, (0, samples - n_samples))
    elif n_samples > framing.span(cutter.n_frames) and n_samples >= (1 + SPARE_SHARE) * samples:
        yield [n_samples - samples], n_samples, kept[:, -samples:].clone()
