"""Several front-ends as the channels of one image."""

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.base import Frontend
from esc_gpu.frontends.checks import check_int


class Stack(Frontend):
    """Front-ends on a common grid `(F, N)`, one input channel each: `(B, sum of C, F, N)`.

    Args:
        members: the front-ends, or mappings of `create_frontend`'s arguments (`{"name": "mfcc", "n_mfcc": 20}`).
            A mapping without a sample rate gets that of the stack.
        sample_rate: samples per second, the same for all.
        n_bins: F of the grid; None for the largest of the members. N is that of the densest member.

    A member off the grid is interpolated linearly, first bin on first bin and last on last, and so in
    time: all members' first frames are centred on the clip's start and their last ones on its end.

    Raises:
        EscGpuError: for no member, or members of different sample rates.
    """

    name = "stack"

    def __init__(
        self,
        *,
        members: Sequence[Frontend | Mapping[str, object]] = (),
        sample_rate: int = 44100,
        n_bins: int | None = None,
    ):
        from esc_gpu.frontends import create_frontend

        if not members:
            raise EscGpuError("a stack needs at least one front-end in `members`, for example [logmel, mfcc, cqt]")
        if isinstance(members, Mapping):
            raise EscGpuError(f"members of a stack are a list of front-ends, got {members!r}: put it in brackets")
        for member in members:
            if not isinstance(member, Frontend) and not (isinstance(member, Mapping) and "name" in member):
                raise EscGpuError(
                    f"each of a stack's members is a front-end or a mapping with its name, got {member!r}"
                )
        layers = [
            member if isinstance(member, Frontend) else create_frontend(**{"sample_rate": sample_rate, **member})
            for member in members
        ]
        rates = [layer.sample_rate for layer in layers]
        if set(rates) != {sample_rate}:
            raise EscGpuError(f"all front-ends of a stack need its sample_rate {sample_rate} Hz, got {rates}")
        if n_bins is not None:
            check_int("n_bins", n_bins, 1)
        super().__init__(sample_rate, min(layer.hop_length for layer in layers))
        self.layers = nn.ModuleList(layers)
        self.n_bins = n_bins or max(len(layer.frequencies) for layer in layers)
        self.n_channels = sum(layer.n_channels for layer in layers)
        self.min_samples = max(layer.min_samples for layer in layers)
        self.bin_unit = layers[0].bin_unit

    @property
    def members(self) -> list[dict[str, object]]:
        """The members' specs, as plain types."""
        return [layer.spec for layer in self.layers]

    @property
    def frequencies(self) -> Tensor:
        """`(F,)` of the first channel; the other members know their own."""
        first = self.layers[0].frequencies[None, None]
        return F.interpolate(first, size=self.n_bins, mode="linear", align_corners=True)[0, 0]

    def n_frames(self, n_samples: int) -> int:
        return max(layer.n_frames(n_samples) for layer in self.layers)

    def features(self, waveform: Tensor) -> Tensor:
        size = (self.n_bins, self.n_frames(waveform.shape[-1]))
        return torch.cat([to_grid(layer(waveform), size) for layer in self.layers], dim=1)


def to_grid(image: Tensor, size: tuple[int, int]) -> Tensor:
    """`(B, C, F, N)` → `(B, C, *size)`."""
    if image.shape[-2:] == size:
        return image
    return F.interpolate(image, size=size, mode="bilinear", align_corners=True)
