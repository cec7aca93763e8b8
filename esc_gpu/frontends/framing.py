"""Where the frames of a clip lie, and the samples of a stream that its next frames need."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

# What stands before and behind a clip: by numpy's and librosa's names, and by torch's where those are others.
PAD_MODES = ("reflect", "constant", "edge", "replicate", "wrap", "circular")
TORCH_MODES = {"edge": "replicate", "wrap": "circular"}
Count = TypeVar("Count", int, Tensor)  # of samples or frames: one for all clips, or (B,) one for each


def torch_mode(pad_mode: str) -> str:
    """One of `PAD_MODES` as `torch.nn.functional.pad` has it."""
    return TORCH_MODES.get(pad_mode, pad_mode)


def at_least(count: Count, least: int) -> Count:
    """The larger one of both."""
    return count.clamp_min(least) if isinstance(count, Tensor) else max(count, least)


def larger(first: Count, second: Count) -> Count:
    """The larger one of both; of numbers for each clip, each clip's."""
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        return torch.maximum(first, second)
    return max(first, second)


def least_samples(pad_mode: str, before: int) -> int:
    """Samples of the shortest clip before which `before` samples can stand."""
    return max(1, {"reflect": before + 1, "circular": before}.get(torch_mode(pad_mode), 1))


def surroundings(waveform: Tensor, n_samples: int, pad_mode: str) -> tuple[Tensor, Tensor]:
    """What stands before clips `(B, T)` and behind them, `(B, n_samples)` each; of one of `PAD_MODES`."""
    mode = torch_mode(pad_mode)
    if mode == "reflect":
        return waveform[:, 1 : n_samples + 1].flip(-1), waveform[:, -n_samples - 1 : -1].flip(-1)
    if mode == "replicate":
        return waveform[:, :1].expand(-1, n_samples), waveform[:, -1:].expand(-1, n_samples)
    if mode == "circular":
        return waveform[:, -n_samples:], waveform[:, :n_samples]
    zeros = waveform.new_zeros(waveform.shape[0], n_samples)
    return zeros, zeros


class Framing(NamedTuple):
    """Frame n of a clip holds the `length` samples from `n * hop_length - before` on.

    `before` samples stand before the clip, and behind it as many as the last frame needs, by `mode`: "reflect",
    "constant" (zeros), "replicate" or "circular" as in `torch.nn.functional.pad`, or "symmetric", which repeats the
    last sample as well. Of a negative `before` so many samples of the clip are in no frame.
    """

    length: int
    hop_length: int
    before: int
    mode: str

    def count(self, n_samples: int) -> int:
        """Frames that lie within `n_samples` samples, the first one from their beginning on."""
        return max(0, (n_samples - self.length) // self.hop_length + 1)

    def span(self, n_frames: int) -> int:
        """Samples from the beginning of the first of `n_frames` frames to the end of the last one."""
        return (n_frames - 1) * self.hop_length + self.length

    @property
    def at_the_beginning(self) -> int:
        """Samples of the clip that those before it are made of."""
        return {"reflect": self.before + 1, "symmetric": self.before, "replicate": 1, "constant": 0}[self.mode]

    def extend(self, samples: Tensor, left: int, right: int) -> Tensor:
        """`(B, t)` with more samples at its ends."""
        if self.mode == "symmetric":
            ends = samples[:, :left].flip(-1), samples[:, samples.shape[-1] - right :].flip(-1)
            return torch.cat([ends[0], samples, ends[1]], dim=-1)
        return F.pad(samples, (left, right), mode=self.mode)


class FrameCutter:
    """Cuts a stream into the samples of whole frames, and keeps those that the next frames need.

    Args:
        framing: where the frames lie.
        count_frames: the number of frames of a whole clip of so many samples.
    """

    def __init__(self, framing: Framing, count_frames: Callable[[int], int]):
        self.framing = framing
        self.count_frames = count_frames
        self.kept: Tensor | None = None
        self.n_samples = 0
        self.n_frames = 0  # cut so far
        self.start = framing.before  # of what is kept, counted from the beginning of the first frame
        self.is_begun = framing.before <= 0

    def cut(self, samples: Tensor, is_end: bool) -> Tensor | None:
        """`(B, t)` → the samples of the frames that are complete with them, one after the other; None for no frame."""
        framing = self.framing
        self.n_samples += samples.shape[-1]
        kept = samples.clone() if self.kept is None else torch.cat([self.kept, samples], dim=-1)
        if not self.is_begun and self.n_samples >= framing.at_the_beginning:
            kept, self.start, self.is_begun = framing.extend(kept, framing.before, 0), 0, True
        stop = self.start + kept.shape[-1]
        n_frames = framing.count(stop) if self.is_begun else 0
        if is_end:
            n_frames = self.count_frames(self.n_samples)
            kept = framing.extend(kept, 0, max(0, framing.span(n_frames) - stop))
        cut = None
        if n_frames > self.n_frames:
            first = self.n_frames * framing.hop_length - self.start
            cut = kept[:, first : first + framing.span(n_frames - self.n_frames)]
            self.n_frames = n_frames
        # One more than a frame: so many may be mirrored at the end.
        needed = min(n_frames * framing.hop_length, stop - framing.length - 1)
        dropped = max(0, needed - self.start)
        self.kept, self.start = kept[:, dropped:], self.start + dropped
        return cut
