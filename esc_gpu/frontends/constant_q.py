"""Constant-Q and variable-Q transform: long kernels in the frequency domain, short ones in the time domain."""

from collections.abc import Callable
from dataclasses import astuple, replace
from typing import Any, Self

import numpy as np
import scipy.fft
import torch
import torch.nn.functional as F
from torch import Tensor

from esc_gpu.core.assumed_constant import assumed_constant
from esc_gpu.core.checks import check_choice, check_int, check_number
from esc_gpu.frontends.base import Frontend, Shared
from esc_gpu.frontends.blocks import block_sizes, budget, exporting, in_one_graph, is_free, join
from esc_gpu.frontends.constant_q_bands import C1, KERNELS, ConstantQBands, check_kernel_window
from esc_gpu.frontends.constant_q_kernels import (
    Kernel,
    SpectralPlan,
    cqt_kernel,
    direct_kernels,
    spectral_plan,
)
from esc_gpu.frontends.framing import PAD_MODES, Framing, least_samples, surroundings, torch_mode
from esc_gpu.frontends.scaling import squared_magnitude
from esc_gpu.frontends.sharing import reuse
from esc_gpu.frontends.sliding import convolve, group_kernels, samples_read, slide
from esc_gpu.frontends.unequal import own_frames
from esc_gpu.frontends.windows import Window, check_window

# Clip lengths whose spectra are kept at a time: they are some megabytes each.
KEPT_PLANS = 8
# Octaves whose kernels are at most this long are computed in the time domain.
DIRECT_SAMPLES = 1536
# Of a stream so many frames are computed at least, of which some may be zeros: 16, the next power of two.
LEAST_CUT = 15
# A long recording is cut: spectra of kernels on the grid of a longer FFT would only be larger.
CHUNK_SAMPLES = 2**20
# Clips of one FFT call on a CPU, in bytes: enough to keep its threads busy.
CPU_BYTES = 64 * 2**20


class ConstantQ(Frontend):
    """What CQT, VQT and CQT chroma share: the kernels, and the power `|CQT|²`.

    A backend overrides `build`, which registers the constants, and `power`.

    Args:
        hop_length: samples between frames.
        fmin: frequency of the lowest bin in Hz (32.70: the note C1).
        n_bins: number of bins.
        bins_per_octave: bins of each octave.
        tuning: deviation of all bins from their frequencies, in bins, as in librosa.
        filter_scale: factor of the kernels' length; below 1, time resolution is better and frequency resolution worse.
        kernels: "brown" for bandwidths that are the distance to the next bin, as Brown (1991) and nnAudio have them, or
            "librosa" for the kernels of `librosa.filters.wavelet`, which are 3 % longer for 12 bins an octave.
        window: a name for `scipy.signal.get_window`, also with "_symmetric" at its end; Kaldi's "povey"; or a list of a
            name and its parameters. Not a list of numbers, for each bin has a window of its own length.
        pad_mode: "reflect", "constant" (zeros), "edge" or "wrap", what stands before and behind a clip.
        sample_rate, input_sample_rate, pad_short: as in `Frontend`.
    """

    def __init__(
        self,
        *,
        hop_length: int = 512,
        fmin: float = C1,
        n_bins: int = 84,
        bins_per_octave: int = 12,
        tuning: float = 0.0,
        filter_scale: float = 1.0,
        kernels: str = "brown",
        window: Window = "hann",
        pad_mode: str = "reflect",
        **common: Any,
    ):
        super().__init__(hop_length, **common)
        check_int("n_bins", n_bins, 1)
        check_int("bins_per_octave", bins_per_octave, 1)
        check_choice("pad_mode", pad_mode, PAD_MODES)
        check_number("fmin", fmin, above=0)
        check_number("tuning", tuning)
        check_number("filter_scale", filter_scale, above=0)
        check_choice("kernels", kernels, KERNELS)
        self.fmin = float(fmin)
        self.n_bins = n_bins
        self.bins_per_octave = bins_per_octave
        self.tuning = float(tuning)
        self.filter_scale = float(filter_scale)
        self.kernels = kernels
        self.window = check_kernel_window(window)
        self.pad_mode = pad_mode
        self.bands.check(self.name, self.sample_rate)
        check_window(self.window, int(self.kernel_lengths()[-1]))
        self.bands_key = astuple(replace(self.bands, window=str(self.window)))  # here: a compiler could not follow it

    def build(self) -> None:
        """Sort the octaves by method; spectra are made at the first clip of a length and kept."""
        lengths = self.kernel_lengths()
        self.pad = (int(lengths[0]) + 1) // 2
        self.least = least_samples(self.pad_mode, self.pad)
        firsts = range(0, self.n_bins, self.bins_per_octave)
        self.octaves = [range(first, min(first + self.bins_per_octave, self.n_bins)) for first in firsts]
        self.n_spectral = sum(int(lengths[octave[0]]) > DIRECT_SAMPLES for octave in self.octaves)
        self._plans: dict[int, SpectralPlan] = {}
        # Where the first frame of each octave begins in a padded clip: that of the longest of its kernels.
        self.direct_starts = [self.pad - (int(lengths[octave[0]]) + 1) // 2 for octave in self.octaves]
        for number in range(self.n_spectral, len(self.octaves)):
            grouped = group_kernels(self.direct_kernels(number), self.hop_length)
            self.register_buffer(f"direct_{number}", grouped, persistent=False)

    @property
    def framing(self) -> Framing:
        return Framing(2 * self.pad, self.hop_length, self.pad, torch_mode(self.pad_mode))

    def frames_alone(self) -> Self:
        alone = super().frames_alone()
        alone._plans = self._plans  # which take longer to make than many frames to compute
        return alone

    @property
    def bandwidth_offset(self) -> float:
        """Hz that are added to each bin's bandwidth."""
        return 0.0

    @property
    def bands(self) -> ConstantQBands:
        """The bins and their bandwidths."""
        bins = (self.n_bins, self.bins_per_octave, self.tuned_fmin)
        return ConstantQBands(*bins, self.bandwidth_offset, self.filter_scale, self.window, self.kernels)

    @property
    def tuned_fmin(self) -> float:
        """Frequency of the lowest bin in Hz, with the deviation `tuning`."""
        return float(self.fmin * 2.0 ** (self.tuning / self.bins_per_octave))

    def kernel_lengths(self) -> np.ndarray:
        """`(n_bins,)` samples: the sample rate over the bin's bandwidth, times `filter_scale`."""
        return self.bands.lengths(self.sample_rate)

    def direct_kernels(self, number: int) -> Tensor:
        """`(2 bins, length of the longest)` float32 kernels of an octave."""
        return direct_kernels(self.bin_kernels(self.octaves[number]))

    def bin_kernels(self, octave: range) -> list[Kernel]:
        """Kernels of some bins."""
        centres, lengths = self.centres(), self.kernel_lengths()
        exact = self.bands.exact_lengths(self.sample_rate) if self.kernels == "librosa" else lengths
        return [cqt_kernel(centres[k], lengths[k], self.sample_rate, self.window, exact[k]) for k in octave]

    def centres(self) -> np.ndarray:
        """`(n_bins,)` Hz, float64."""
        return self.bands.centres

    def shared_power(self, waveform: Tensor, shared: Shared | None) -> Tensor:
        """`power`, once for all members of a stack with the same transform."""
        frames = (self.sample_rate, self.hop_length, self.pad_mode, self.pad_short, self.sharing)
        key = ("cqt", *frames, *self.bands_key)
        return own_frames(reuse(shared, key, lambda: self.power(waveform)), shared, dim=2)

    def power(self, waveform: Tensor) -> Tensor:
        """`(B, T)` → `|CQT|²` `(B, n_bins, N)`."""
        n_frames = self.frames_within(waveform)
        if exporting():
            return self.direct_power(self.pad_ends(waveform, 0), n_frames, 0)
        if in_one_graph():
            return self.chunk_power(self.pad_ends(waveform, 0), 0, n_frames, n_frames)
        hop_bytes = self.hop_length * waveform.element_size()
        n_clips, n_chunk = block_sizes(waveform.shape[0], n_frames, hop_bytes, budget(waveform, CPU_BYTES))
        n_chunk = min(n_chunk, max(CHUNK_SAMPLES, 4 * self.pad) // self.hop_length + 1)
        if self.is_cut:  # any number of frames: of few sizes, for each of which there are kernels
            n_chunk = 1 << max(LEAST_CUT, n_chunk - 1).bit_length()
        # With the zeros that the FFT wants behind the clip, it need not copy it again.
        needed = self.plan(n_chunk).n_fft if self.n_spectral else 0
        last = (n_frames - 1) // n_chunk * n_chunk  # where the last chunk begins
        for number in range(self.n_spectral, len(self.octaves)):
            read = samples_read(self.get_buffer(f"direct_{number}"), self.hop_length, n_frames - last)
            needed = max(needed, last * self.hop_length + self.direct_starts[number] + read)
        n_samples = waveform.shape[-1] if self.is_cut else waveform.shape[-1] + 2 * self.pad
        padded = self.pad_ends(waveform, max(0, needed - n_samples))
        rows = []
        for clips in padded.split(n_clips):
            starts = range(0, n_frames, n_chunk)
            rows.append(join([self.chunk_power(clips, n, min(n_chunk, n_frames - n), n_chunk) for n in starts], dim=-1))
        return join(rows, dim=0)

    def pad_ends(self, waveform: Tensor, extra: int) -> Tensor:
        """The clips with `pad` samples more at either end, by `pad_mode`, then `extra` zeros."""
        if self.is_cut:
            return F.pad(waveform, (0, extra))
        left, right = surroundings(waveform, self.pad, self.pad_mode)
        return torch.cat([left, waveform, right, waveform.new_zeros(waveform.shape[0], extra)], dim=1)

    def chunk_power(self, padded: Tensor, start: int, n_frames: int, n_planned: int) -> Tensor:
        """Power `(b, n_bins, n_frames)` of the frames from `start` on, with the plan for `n_planned` frames."""
        first = start * self.hop_length
        parts = []
        if self.n_spectral:
            parts.append(self.spectral_power(padded[:, first:], n_frames, n_planned))
        if self.n_spectral < len(self.octaves):
            parts.append(self.direct_power(padded[:, first:], n_frames, self.n_spectral))
        return join(parts, dim=1)

    def direct_power(self, padded: Tensor, n_frames: int, first_octave: int) -> Tensor:
        """Power `(b, bins, n_frames)` of the octaves from `first_octave` on, as sums over each kernel."""
        reals, imags = [], []
        for number in range(first_octave, len(self.octaves)):
            samples = padded[:, self.direct_starts[number] :]
            if number < self.n_spectral or is_free(n_frames):
                sums = convolve(samples, self.direct_kernels(number).to(padded), self.hop_length, n_frames)
            else:
                sums = slide(samples, self.get_buffer(f"direct_{number}"), self.hop_length, n_frames)
            real, imag = sums.transpose(1, 2).chunk(2, dim=1)
            reals.append(real)
            imags.append(imag)
        real, imag = torch.cat([*reals, *imags], dim=1).square().chunk(2, dim=1)
        return real + imag

    def spectral_power(self, padded: Tensor, n_frames: int, n_planned: int) -> Tensor:
        """Power `(b, bins, n_frames)` of all octaves of long kernels, from the clip's spectrum."""
        n_planned = len(range(n_planned))  # a number, where a compiler would put a symbol
        n_fft, n_fold, n_negative, n_blocks = self.plan_sizes(n_planned)
        # Of a compiled graph the kernels are inputs; else the plan may be another thread's to throw away.
        octaves = self._plans[n_fold].octaves if torch.compiler.is_compiling() else self.plan(n_planned).octaves
        spectrum = torch.fft.rfft(padded[:, :n_fft], n=n_fft)
        # The tails of high kernels reach below 0 Hz, where a real signal's spectrum is the mirror image.
        mirrored = spectrum[:, 1 : n_negative * n_fold + 1].flip(-1).conj()
        # Whole blocks: an odd hop ends in half a block, and few blocks reach below minus the Nyquist frequency.
        spectrum = spectrum[:, : (n_blocks - n_negative) * n_fold]
        mirrored = F.pad(mirrored, (n_negative * n_fold - mirrored.shape[-1], 0))
        spectrum = F.pad(spectrum, (0, (n_blocks - n_negative) * n_fold - spectrum.shape[-1]))
        # One copy puts the frequencies first, (n_fold, b, blocks), and all octaves read their blocks where they lie.
        parts = [part.unflatten(-1, (-1, n_fold)).permute(2, 0, 1) for part in (mirrored, spectrum) if part.shape[-1]]
        blocks = torch.cat(parts, dim=-1)
        folded = []
        for number in range(self.n_spectral):
            first, kernels = octaves[number]
            folded.append(torch.bmm(blocks[..., first : first + kernels.shape[1]], kernels))
        frames = torch.fft.ifft(torch.cat(folded, dim=-1).permute(1, 2, 0).contiguous())[..., :n_frames]
        return squared_magnitude(frames)

    @assumed_constant  # a compiler could not follow how a plan is made
    def plan_sizes(self, n_frames: int) -> tuple[int, int, int, int]:
        """The numbers of the plan, which is then in `_plans[n_fold]`."""
        plan = self.plan(n_frames)
        return plan.n_fft, plan.n_fold, plan.n_negative, plan.n_blocks

    def plan(self, n_frames: int) -> SpectralPlan:
        """The plan for a chunk of `n_frames` frames, made where it is not kept."""
        n_padded = n_frames * self.hop_length + 2 * self.pad
        n_fold = 4 * scipy.fft.next_fast_len(-(-n_padded // (4 * self.hop_length)))
        if n_fold not in self._plans:
            if len(self._plans) == KEPT_PLANS:
                del self._plans[next(iter(self._plans))]
            self._plans[n_fold] = self.make_plan(n_fold)
        return self._plans[n_fold]

    @torch.inference_mode(False)  # its tensors are kept for later clips, which may want gradients
    def make_plan(self, n_fold: int) -> SpectralPlan:
        """The plan on the grid of `n_fold * hop_length` samples, on this layer's device and in its precision."""
        octaves = [self.bin_kernels(octave) for octave in self.octaves[: self.n_spectral]]
        plan = spectral_plan(octaves, self.pad, n_fold, self.hop_length)
        device, dtype = self.precision.device, self.precision.dtype.to_complex()
        return replace(plan, octaves=[(first, kernels.to(device, dtype)) for first, kernels in plan.octaves])

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_plans": {}}  # copies, also those on other devices, make their own

    def _replicate_for_data_parallel(self) -> "ConstantQ":
        replica: ConstantQ = super()._replicate_for_data_parallel()
        replica._plans = {}
        return replica

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        self._plans = {}  # they hold tensors of the old device and precision
        return super()._apply(fn, recurse)
