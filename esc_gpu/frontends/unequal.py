"""Batches of clips of unequal length: each clip's own end in its row, and nothing of what stands behind it."""

from collections.abc import Iterator
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.framing import Count, Framing
from esc_gpu.frontends.resampling import Resample
from esc_gpu.frontends.sharing import Shared

INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
# Of what is shared, the frames that each clip has: `own_frames`.
OWN_FRAMES = "frames of each clip"

# Why one layout is enough. A frame needs its own samples, and of those beyond an end of the clip only as many as it
# reaches there. So let each clip's own edge stand behind its last sample, where the clips of a batch have what the
# batch was padded with:
#
#     clip, its edge by `pad_mode`, anything.
#
# The usual kernels then compute the frames of all rows. The first n of a row are those of the clip alone, with n from
# the clip's length; in front of a row the kernels put the edge themselves, which is of the clip's own beginning. Only
# "circular" takes it from the row's end: there stands the clip's end once more.


class Framed(Protocol):
    """What is asked of a front-end here."""

    name: str
    backend: str
    pad_short: bool
    least: int
    resample: Resample | None

    @property
    def framing(self) -> Framing: ...
    @property
    def whole_clip(self) -> str | None: ...
    @property
    def refuses_lengths(self) -> str | None: ...
    @property
    def min_samples(self) -> int: ...
    def count_frames(self, n_samples: Count) -> Count: ...
    def resampled(self, waveform: Tensor, shared: Shared | None) -> Tensor: ...
    def fitted(self, waveform: Tensor) -> Tensor: ...
    def fitted_length(self, n_samples: Count) -> Count: ...
    def features(self, waveform: Tensor, shared: Shared | None = None) -> Tensor: ...


def refusal(frontend: Framed, limits_own_frames: bool) -> str | None:
    """`Frontend.refuses_lengths` of a front-end whose frames lie as its `framing` says."""
    if getattr(frontend, "framing", None) is None:
        return f"{type(frontend).__name__} does not say where its frames lie (`framing`)"
    if frontend.backend != "native" and frontend.whole_clip is not None:
        return f"backend {frontend.backend!r} limits a clip by what stands behind it, too; take backend='native'"
    return None if limits_own_frames else frontend.whole_clip


def checked_lengths(frontend: Framed, lengths: Tensor, waveform: Tensor) -> Tensor:
    """The lengths of these clips `(B, T)`, int64 on their device.

    On a CPU nothing waits for the check of their values; lengths on a GPU are waited for once. A graph has no check.

    Raises:
        EscGpuError: for what is not an integer tensor `(B,)`, lengths out of range, and a front-end that refuses them.
    """
    if not isinstance(lengths, Tensor) or lengths.dtype not in INTEGERS or lengths.shape != waveform.shape[:1]:
        got = f"{lengths.dtype} {tuple(lengths.shape)}" if isinstance(lengths, Tensor) else type(lengths).__name__
        raise EscGpuError(
            f"lengths must be a tensor of {waveform.shape[0]} integers, the samples of each clip, got {got}: "
            "esc_gpu.pad_clips gives them with the clips"
        )
    if (reason := frontend.refuses_lengths) is not None:
        raise EscGpuError(f"{frontend.name} takes no lengths: {reason}")
    least, most = frontend.min_samples, waveform.shape[-1]
    for number, length in enumerate([] if torch.compiler.is_compiling() else lengths.tolist()):
        if not least <= length <= most:
            raise EscGpuError(
                f"lengths of {frontend.name} must be from {least} samples to the {most} of the batch, got {length} for "
                f"clip {number}: correct it, leave the clip out, or pad it with zeros (pad_short=True does)"
            )
    return lengths.to(waveform.device, torch.int64, non_blocking=True)


def is_behind(lengths: Tensor, size: int, n_dims: int, dim: int = -1) -> Tensor:
    """Where, along `dim` of `(B, ...)`, is what stands behind each clip's `lengths`; it broadcasts to `n_dims`."""
    shape = [1] * n_dims
    shape[dim] = size
    positions = torch.arange(size, device=lengths.device).view(shape)
    return positions >= lengths.view(-1, *[1] * (n_dims - 1))


def fill_behind(values: Tensor, lengths: Tensor, fill: float = 0.0, dim: int = -1) -> Tensor:
    """`(B, ...)` with `fill` behind each clip's `lengths` along `dim`."""
    return values.masked_fill(is_behind(lengths, values.shape[dim], values.ndim, dim), fill)


def own_frames(power: Tensor, shared: Shared | None, dim: int) -> Tensor:
    """Power `(B, ...)` with silence for frames along `dim` that are no clip's own: they are no clip's maximum then."""
    if shared is None or OWN_FRAMES not in shared:
        return power
    return fill_behind(power, shared[OWN_FRAMES], dim=dim)


def take(values: Tensor, index: Tensor) -> Tensor:
    """`(B, ..., T)` at the places `index` `(B, n)` of the last dimension: `(B, ..., n)`."""
    index = index.view(index.shape[0], *[1] * (values.ndim - 2), index.shape[1])
    return values.gather(-1, index.expand(*values.shape[:-1], -1))


def with_own_ends(values: Tensor, lengths: Tensor, before: int, after: int, mode: str) -> Tensor:
    """Rows `(B, ..., T)` in which `after` samples that belong behind each clip stand there, by a mode of `Framing`.

    In front of a row belong `before` samples; those of "circular" stand at its end.
    """
    if mode == "constant":
        return fill_behind(values, lengths)
    size = values.shape[-1] + after + (max(0, before) if mode == "circular" else 0)
    places = torch.arange(size, device=values.device)
    length = lengths[:, None]
    if mode == "circular":
        ends_clip = places >= size - before
        index = torch.where(ends_clip, length - (size - places), places % length)
    elif mode == "replicate":
        index = places.expand(len(lengths), -1)
    else:
        last = 2 * length - (2 if mode == "reflect" else 1)  # where the clip's first sample comes again
        index = torch.where(places < length, places, last - places)
    return take(values, torch.minimum(index.clamp_min(0), length - 1))


def prepare(frontend: Framed, waveform: Tensor, lengths: Tensor, shared: Shared | None) -> tuple[Tensor, Tensor]:
    """`Frontend.prepare` of clips of these lengths, and the lengths that they then have."""
    if frontend.resample is not None:
        waveform = frontend.resampled(fill_behind(waveform, lengths), shared)
        lengths = frontend.resample.output_length(lengths)
    if frontend.pad_short:
        waveform = fill_behind(waveform, lengths)
    return frontend.fitted(waveform), frontend.fitted_length(lengths)


def features_of(frontend: Framed, waveform: Tensor, lengths: Tensor, shared: Shared | None) -> Tensor:
    """`Frontend.unequal_features` of a front-end whose frames lie as its `framing` says."""
    waveform, lengths = prepare(frontend, waveform, lengths, shared)
    framing, n_frames = frontend.framing, frontend.count_frames(lengths)
    rows = with_own_ends(waveform, lengths, framing.before, framing.length - framing.before, framing.mode)
    if shared is None and frontend.whole_clip is not None:
        shared = {}
    if shared is not None:
        shared[OWN_FRAMES] = n_frames
    image = frontend.features(rows, shared)[..., : frontend.count_frames(waveform.shape[-1])]
    return fill_behind(image, n_frames)


def roll_clips(waveform: Tensor, lengths: Tensor, n_shifts: int) -> Iterator[Tensor]:
    """The clips `(B, T)`, each rolled within its own length, `n_shifts` times in equal steps from 0 on."""
    places, length = torch.arange(waveform.shape[-1], device=waveform.device), lengths[:, None]
    for n in range(n_shifts):
        yield take(waveform, (places - n * (length // n_shifts)) % length)


def stretched(image: Tensor, n_frames: Tensor, n_wanted: Tensor, size: int) -> Tensor:
    """`(B, C, F, N)`, of each clip `n_frames`, interpolated linearly to `n_wanted` of them: `(B, C, F, size)`.

    As by `torch.nn.functional.interpolate(align_corners=True)`: first on first and last on last.
    """
    last = (n_frames - 1)[:, None]
    step = last.to(image.dtype) / (n_wanted - 1).clamp_min(1)[:, None]
    places = torch.arange(size, device=image.device).to(image.dtype) * step
    first = torch.minimum(places.long(), last)
    share = (places - first).clamp(0, 1)[:, None, None]
    return take(image, first) * (1 - share) + take(image, torch.minimum(first + 1, last)) * share


def filled_clips(waveform: Tensor, lengths: Tensor, n_samples: int, repeats: bool) -> Tensor:
    """Each clip cut, or filled with zeros or before them with itself as often as it fits: `(B, n_samples)`."""
    if not repeats:
        waveform = fill_behind(waveform, lengths)[:, :n_samples]
        return F.pad(waveform, (0, n_samples - waveform.shape[-1]))
    places = torch.arange(n_samples, device=waveform.device)
    length = lengths.clamp_max(n_samples)
    rows = take(waveform, places % length[:, None])
    return fill_behind(rows, n_samples // length * length)
