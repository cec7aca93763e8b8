"""The power of windowed frames, block by block: what all features of a short-time Fourier transform share."""

from collections.abc import Callable

import torch
from torch import Tensor

from esc_gpu.frontends.base import Frontend, Shared
from esc_gpu.frontends.blocks import block_sizes, budget, join
from esc_gpu.frontends.sharing import reuse
from esc_gpu.frontends.unequal import own_frames


class FramedFrontend(Frontend):
    """Frames of a clip and the power of their Fourier transform, computed in blocks that stay in a CPU's cache.

    Inside, frames come before bins, `(B, N, F)`: the layout in which the FFT writes and a filter bank multiplies
    fastest. A subclass sets `n_fft` and gives `frames`, `frame_power` and `power_key`.
    """

    n_fft: int

    def frames(self, waveform: Tensor) -> Tensor:
        """`(b, T)` → frames `(b, N, L)`, a view of the padded clips."""
        raise NotImplementedError

    def frame_power(self, frames: Tensor) -> Tensor:
        """`(b, n, L)` → `|DFT|²` of the windowed frames, `(b, n, n_fft // 2 + 1)`."""
        raise NotImplementedError

    @property
    def power_key(self) -> tuple[object, ...]:
        """What the power depends on, beside the clips."""
        raise NotImplementedError

    def power(self, waveform: Tensor) -> Tensor:
        """`(B, T)` → `|DFT|²` of all frames, `(B, N, n_fft // 2 + 1)`."""
        return self.reduced_power(waveform, lambda power: power)

    def reduced_power(self, waveform: Tensor, reduce: Callable[[Tensor], Tensor]) -> Tensor:
        """`reduce` of the power `(b, n, F)` → `(b, n, ...)`, block by block, joined to `(B, N, ...)`."""
        return self.reduced_frames(waveform, lambda frames: reduce(self.frame_power(frames)))

    def reduced_frames(self, waveform: Tensor, reduce: Callable[[Tensor], Tensor]) -> Tensor:
        """`reduce` of the frames `(b, n, L)` → `(b, n, ...)`, block by block, joined to `(B, N, ...)`."""
        n_frames = self.frames_within(waveform)
        frame_bytes = self.n_fft * self.precision.element_size()
        n_clips, n_block = block_sizes(waveform.shape[0], n_frames, frame_bytes, budget(waveform))
        if (n_clips, n_block) == (waveform.shape[0], n_frames):
            return reduce(self.frames(waveform))
        rows = []
        for clips in waveform.split(n_clips):
            blocks = self.frames(clips).split(n_block, dim=1)
            rows.append(join([reduce(block) for block in blocks], dim=1))
        return join(rows, dim=0)

    def shared_power(self, waveform: Tensor, shared: Shared | None) -> Tensor:
        """`power`, once for all members of a stack with the same frames."""
        return own_frames(reuse(shared, self.power_key, lambda: self.power(waveform)), shared, dim=1)

    def reduce_shared_power(
        self, waveform: Tensor, shared: Shared | None, reduce: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """`reduced_power`, of the whole power if a stack has it already."""
        if shared is not None and self.power_key in shared:
            return reduce(shared[self.power_key])
        return self.reduced_power(waveform, reduce)

    @property
    def fft_frequencies(self) -> Tensor:
        """`(n_fft // 2 + 1,)` Hz."""
        bins = torch.arange(self.n_fft // 2 + 1, dtype=torch.float64)
        return (bins * (self.sample_rate / self.n_fft)).float()
