"""Power in the bands of a filter bank in one Triton kernel: no frame and no spectrum in device memory.

The Fourier transform of `n_fft = n1 * n2` samples is Cooley and Tukey's, as two matrix products. Sample
`n2 * m1 + m2` and frequency `k1 + n1 * k2` give

    X[k1 + n1 k2] = Σ_m2 W(n2)^(m2 k2) · W(n_fft)^(m2 k1) · Σ_m1 W(n1)^(m1 k1) · x[n2 m1 + m2],   W(n) = exp(-2πi / n)
                    └── stage 2 ──┘     └── twiddle ──┘     └── stage 1 ──┘

The samples are real, so that frequency `n_fft - k` has the power of `k`: the classes `k1 <= n1 / 2` hold
each frequency once, and the bank is stored in their order. Of the last of them, `k1 = n1 / 2` ("middle"),
stage 1 is an alternating sum; it takes the column of the sine of class 0, which is zero.

Complex numbers are pairs (real, imaginary) on the last axis, and columns of stage 2 are ordered
`k2 = 0, n2 - 1, 1, n2 - 2, ...`: a chunk of them is one range of frequencies, which few bands of a mel bank touch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import triton
import triton.language as tl
from torch import Tensor

from esc_gpu.core.waveform import FULL_SCALE
from esc_gpu.errors import EscGpuError

PRECISIONS = ("tf32x3", "ieee")
MAX_BANDS = 512
MIN_SUM = 16  # terms of the shortest sum of a tl.dot


@dataclass(frozen=True)
class Tiling:
    """How the kernel cuts its work; all are powers of two.

    Attributes:
        n1, n2: factors of n_fft.
        frames, num_warps: of a program. Each program reads all constants: fewer frames, more traffic from L2.
        columns: values of k2 in a chunk of the spectrum; 4 or more, so that a chunk lies in the threads' registers.
        splits: parts into which a chunk's sum is cut for different warps; each adds `MIN_SUM` bins or more.
        max_registers: a thread's limit, for two programs on a multiprocessor; None for the compiler's choice.
    """

    n1: int
    n2: int
    frames: int
    num_warps: int = 8
    columns: int = 4
    splits: int = 4
    max_registers: int | None = None


# As ptxas reports for compute capability 9.0: no spills and 16 warps on a multiprocessor (8 for n_fft 4096).
TILINGS = {
    256: Tiling(n1=16, n2=16, frames=16, num_warps=4, splits=2),
    512: Tiling(n1=32, n2=16, frames=16, max_registers=128),
    1024: Tiling(n1=32, n2=32, frames=8, max_registers=128),
    2048: Tiling(n1=64, n2=32, frames=8, num_warps=16, splits=8),
    4096: Tiling(n1=128, n2=32, frames=4, splits=8),
}


def supports(n_fft: int, hop_length: int, n_bands: int, pad_mode: str) -> str | None:
    """Why `band_power` cannot compute this, or None if it can."""
    if n_fft not in TILINGS:
        return f"n_fft must be one of {', '.join(map(str, TILINGS))}, got {n_fft}"
    if hop_length < 1:
        return f"hop_length must be at least 1, got {hop_length}"
    if not 1 <= n_bands <= MAX_BANDS:
        return f"the bank must have 1 to {MAX_BANDS} bands, got {n_bands}"
    if pad_mode not in ("reflect", "constant"):
        return f"pad_mode must be 'reflect' or 'constant', got {pad_mode!r}"
    return None


def roots_of_unity(n: int, exponents: np.ndarray) -> np.ndarray:
    """`exp(-2πi exponents / n)`, complex128; whole turns are taken off in integers."""
    return np.exp(-2j * np.pi / n * (exponents % n))


def make_constants(n_fft: int, bank: Tensor, window: Tensor) -> dict[str, Tensor]:
    """What `band_power` multiplies by: float32 tensors and the bank's sparsity, to be registered as buffers.

    Args:
        n_fft: samples of a frame, a key of `TILINGS`.
        bank: `(n_bands, n_fft // 2 + 1)` float64 weights of power.
        window: `(n_fft,)` float64.

    Raises:
        EscGpuError: for sizes that the kernel does not have or that do not fit together.
    """
    reason = supports(n_fft, hop_length=1, n_bands=len(bank), pad_mode="reflect")
    if reason is None and (bank.shape[1] != n_fft // 2 + 1 or window.shape != (n_fft,)):
        got = f"got {tuple(bank.shape)} and {tuple(window.shape)}"
        reason = f"give a bank (n_bands, {n_fft // 2 + 1}) and a window ({n_fft},) to n_fft={n_fft}, {got}"
    if reason is not None:
        raise EscGpuError(f"no constants for the fused kernel: {reason}")
    tiling = TILINGS[n_fft]
    n1, n2, half = tiling.n1, tiling.n2, tiling.n1 // 2
    m1, m2, k1 = np.arange(n1), np.arange(n2), np.arange(half)
    k2 = np.stack([np.arange(n2 // 2), n2 - 1 - np.arange(n2 // 2)], axis=1).ravel()
    stage1 = roots_of_unity(n1, np.outer(m1, k1))
    stage1[:, 0].imag = (-1.0) ** m1
    stage2 = roots_of_unity(n2, np.outer(m2, k2))
    stage2 = np.stack([stage2, 1j * stage2], axis=1).reshape(2 * n2, n2)  # rows: real and imaginary part of m2
    k2_middle = np.arange(max(n2 // 2, MIN_SUM))
    middle = roots_of_unity(2 * n2, np.outer(2 * k2_middle + 1, m2))

    weights = np.asarray(bank, dtype=np.float64)
    bins = k1[:, None] + n1 * k2
    counted_twice = (k1[:, None] == 0) & (k2 > n2 // 2)
    ordered = weights[:, np.minimum(bins, n_fft - bins)] * ~counted_twice  # (n_bands, half, n2)
    bins_middle = half + n1 * k2_middle
    tiles, rows, index = tile_bank(ordered, tiling)
    constants = {
        "window": np.asarray(window),
        "stage1": stage1.view(np.float64),
        "twiddle": roots_of_unity(n_fft, np.outer(m2, k1)).view(np.float64),
        "stage2": stage2.view(np.float64),
        "middle": np.stack([middle.real, middle.imag], axis=1).reshape(-1, n2),
        "bank_middle": weights[:, np.minimum(bins_middle, n_fft // 2)] * (k2_middle < n2 // 2),
        "bank": tiles,
    }
    floats = {name: torch.from_numpy(array.astype(np.float32, order="C")) for name, array in constants.items()}
    return floats | {"bank_rows": torch.from_numpy(rows), "bank_index": torch.from_numpy(index)}


def tile_bank(ordered: np.ndarray, tiling: Tiling) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights `(n_bands, half, n2)` → the tiles, one chunk by one block of bands, that are not all zero.

    Returns:
        `(tiles, splits, bands, bins)`; `(tiles, splits, bands)` uint8, 1 for a row with a weight;
        `(tiles, 2)` int32, the chunk and the block of each tile.
    """
    n_bands, half, n2 = ordered.shape
    bands = 16 if n_bands <= 16 else 32
    n_blocks = triton.cdiv(n_bands, bands)
    padded = np.pad(ordered, ((0, n_blocks * bands - n_bands), (0, 0), (0, 0)))
    by_chunk = padded.reshape(n_blocks, bands, half, n2 // tiling.columns, tiling.columns).transpose(3, 0, 1, 4, 2)
    tiles = by_chunk.reshape(*by_chunk.shape[:3], tiling.splits, -1).swapaxes(2, 3)
    index = np.argwhere(tiles.any(axis=(2, 3, 4)))
    tiles = tiles[tuple(index.T)]
    rows = np.any(tiles, axis=-1)
    return tiles, rows.astype(np.uint8, order="C"), index.astype(np.int32, order="C")


@triton.jit(do_not_specialize=["n_frames"])
def band_power_kernel(
    waveform, window, stage1, twiddle, stage2, middle, bank_middle, bank, bank_rows, bank_index, output,
    n_samples, n_frames, n_bands, hop, clip_stride,
    N1: tl.constexpr, N2: tl.constexpr, MIDDLE: tl.constexpr, FRAMES: tl.constexpr, CHUNKS: tl.constexpr,
    BLOCKS: tl.constexpr, TILES: tl.constexpr, SPLITS: tl.constexpr, BANDS: tl.constexpr, BINS: tl.constexpr,
    REFLECT: tl.constexpr, DECIBELS: tl.constexpr, SCALE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """`FRAMES` frames of one clip."""
    HALF: tl.constexpr = N1 // 2
    COLUMNS: tl.constexpr = N2 // CHUNKS
    m1, m2, pair = tl.arange(0, N1), tl.arange(0, N2), tl.arange(0, 2 * N2)
    programs = tl.cdiv(n_frames, FRAMES)
    clip = (tl.program_id(0) // programs).to(tl.int64)
    frame = tl.program_id(0) % programs * FRAMES + tl.arange(0, FRAMES)

    position = N2 * m1[None, :] + m2[:, None]
    sample = (frame * hop)[:, None, None] + (position - N1 * N2 // 2)[None]  # (FRAMES, N2, N1)
    if REFLECT:
        sample = tl.abs(sample)
        sample = tl.where(sample < n_samples, sample, n_samples - 2 - (sample - n_samples))
    inside = (frame < n_frames)[:, None, None] & (sample >= 0) & (sample < n_samples)
    x = tl.load(waveform + clip * clip_stride + sample, mask=inside, other=0).to(tl.float32) * SCALE
    x *= tl.load(window + position)[None]

    factor = tl.load(stage1 + m1[:, None] * N1 + m1[None, :])
    y = tl.dot(x.reshape(FRAMES * N2, N1), factor, input_precision=PRECISION)
    real, imag = y.reshape(FRAMES, N2, HALF, 2).split()
    class0 = (tl.arange(0, HALF) == 0)[None, None, :]
    alternating = tl.sum(tl.where(class0, imag, 0.0), axis=2)  # (FRAMES, N2)
    imag = tl.where(class0, 0.0, imag)
    cos, sin = tl.load(twiddle + m2[:, None] * N1 + m1[None, :]).reshape(1, N2, HALF, 2).split()
    y = tl.join(real * cos - imag * sin, real * sin + imag * cos)

    y = y.permute(0, 2, 1, 3).reshape(FRAMES * HALF, 2 * N2)
    factor = tl.load(stage2 + pair[:, None] * (2 * N2) + pair[None, :])
    z = tl.dot(y, factor, input_precision=PRECISION)
    real, imag = z.reshape(FRAMES, HALF, CHUNKS, COLUMNS, 2).split()
    power = real * real + imag * imag

    # Frames are the last axis here and below: on the first, each warp would hold the whole other operand.
    factor = tl.load(middle + tl.arange(0, 2 * MIDDLE)[:, None] * N2 + m2[None, :])
    z = tl.dot(factor, alternating.trans(), input_precision=PRECISION)
    real, imag = z.reshape(MIDDLE, 2, FRAMES).permute(0, 2, 1).split()
    band = tl.arange(0, BLOCKS * BANDS)
    pointers = bank_middle + band[:, None] * MIDDLE + tl.arange(0, MIDDLE)[None, :]
    weights_middle = tl.load(pointers, mask=(band < n_bands)[:, None], other=0.0)
    energy = tl.dot(weights_middle, real * real + imag * imag, input_precision=PRECISION)
    energy = energy.reshape(BLOCKS, BANDS, FRAMES)

    row = tl.arange(0, SPLITS)[:, None] * BANDS + tl.arange(0, BANDS)[None, :]
    weight = row[:, :, None] * BINS + tl.arange(0, BINS)[None, None, :]
    for tile in range(TILES):
        this_chunk = (tl.arange(0, CHUNKS) == tl.load(bank_index + 2 * tile))[None, None, :, None]
        part = tl.sum(tl.where(this_chunk, power, 0.0), axis=2)
        part = part.permute(2, 1, 0).reshape(SPLITS, BINS, FRAMES)
        used = tl.load(bank_rows + tile * SPLITS * BANDS + row)[:, :, None] != 0
        weights = tl.load(bank + tile * SPLITS * BANDS * BINS + weight, mask=used, other=0.0)
        added = tl.sum(tl.dot(weights, part, input_precision=PRECISION), axis=0)
        this_block = (tl.arange(0, BLOCKS) == tl.load(bank_index + 2 * tile + 1))[:, None, None]
        energy += tl.where(this_block, added[None], 0.0)

    energy = energy.reshape(BLOCKS * BANDS, FRAMES)
    if DECIBELS:
        energy = 3.010299956639812 * tl.log2(tl.maximum(energy, 1e-10, propagate_nan=tl.PropagateNan.ALL))
    pointers = output + (clip * n_frames + frame)[None, :] * n_bands + band[:, None]
    tl.store(pointers, energy, mask=(frame < n_frames)[None, :] & (band < n_bands)[:, None])


# In the order of the kernel's arguments.
CONSTANTS = ("window", "stage1", "twiddle", "stage2", "middle", "bank_middle", "bank", "bank_rows", "bank_index")


def kernel_options(constants: Mapping[str, Tensor]) -> dict[str, int]:
    """The sizes that `band_power_kernel` is compiled for."""
    tiling = TILINGS[constants["window"].numel()]
    n_bands, middle = constants["bank_middle"].shape
    tiles, splits, bands, bins = constants["bank"].shape
    chunks, blocks = tiling.n2 // tiling.columns, triton.next_power_of_2(triton.cdiv(n_bands, bands))
    sizes = {"N1": tiling.n1, "N2": tiling.n2, "MIDDLE": middle, "FRAMES": tiling.frames, "CHUNKS": chunks}
    return sizes | {"BLOCKS": blocks, "TILES": tiles, "SPLITS": splits, "BANDS": bands, "BINS": bins}


@torch.library.custom_op("esc_gpu::band_power", mutates_args=())
def launch(
    waveform: Tensor, constants: list[Tensor], hop_length: int, reflect: bool, decibels: bool, precision: str
) -> Tensor:
    """`band_power` as one operator, which `torch.compile` does not look into; `constants` are in the kernel's order."""
    named = dict(zip(CONSTANTS, constants, strict=True))
    tiling = TILINGS[named["window"].numel()]
    output = allocate(waveform, constants, hop_length, reflect, decibels, precision)
    n_clips, n_frames, n_bands = output.shape
    # Unrolled float32 products need all registers there are; ptxas, left alone, takes 64 and spills.
    all_registers = min(255, 65536 // (32 * tiling.num_warps))
    with torch.cuda.device_of(waveform):
        band_power_kernel[(n_clips * triton.cdiv(n_frames, tiling.frames),)](
            waveform, *constants, output, waveform.shape[1], n_frames, n_bands, hop_length, waveform.stride(0),
            **kernel_options(named), REFLECT=reflect, DECIBELS=decibels, PRECISION=precision,
            SCALE=1 / FULL_SCALE if waveform.dtype == torch.int16 else 1.0,
            num_warps=tiling.num_warps, maxnreg=all_registers if precision == "ieee" else tiling.max_registers,
        )  # fmt: skip
    return output


@launch.register_fake
def allocate(
    waveform: Tensor, constants: list[Tensor], hop_length: int, reflect: bool, decibels: bool, precision: str
) -> Tensor:
    """The output `(B, N, n_bands)`, not filled."""
    n_frames, n_bands = waveform.shape[1] // hop_length + 1, constants[CONSTANTS.index("bank_middle")].shape[0]
    return waveform.new_empty((waveform.shape[0], n_frames, n_bands), dtype=torch.float32)


def band_power(
    waveform: Tensor,
    constants: Mapping[str, Tensor],
    hop_length: int,
    *,
    pad_mode: str = "reflect",
    decibels: bool = False,
    precision: str = "tf32x3",
) -> Tensor:
    """`(B, T)` → power in the bank's bands `(B, N, n_bands)` float32; frame n is centred on sample n * hop_length.

    Args:
        waveform: int16, or float32 with full scale at ±1. `T` is under 2^31, and over `n_fft // 2` for "reflect".
        constants: of `make_constants`, on the waveform's device.
        hop_length: samples between frames.
        pad_mode: "reflect" or "constant" (zeros).
        decibels: return `10 log10(max(power, 1e-10))`.
        precision: of the matrix products: "tf32x3" (tensor cores, three products of the operands' high and low
            halves: relative error about 1e-6) or "ieee" (float32, several times slower).

    Raises:
        EscGpuError: for another dtype, option or device, and for a waveform that requires a gradient.
    """
    reason = supports(constants["window"].numel(), hop_length, constants["bank_middle"].shape[0], pad_mode)
    if reason is None and (waveform.ndim != 2 or waveform.dtype not in (torch.int16, torch.float32)):
        reason = f"convert the waveform to (B, T) int16 or float32, got {tuple(waveform.shape)} {waveform.dtype}"
    if reason is None and precision not in PRECISIONS:
        reason = f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}"
    if reason is None and waveform.requires_grad and torch.is_grad_enabled():
        reason = "it has no gradient, and the waveform requires one: use the native backend or torch.no_grad()"
    # Triton's interpreter, for tests, has CPU tensors and another class.
    if reason is None and waveform.device.type != "cuda" and isinstance(band_power_kernel, triton.JITFunction):
        reason = f"it runs on CUDA devices, the waveform is on {waveform.device}: move it or use the native backend"
    if reason is not None:
        raise EscGpuError(f"the fused STFT kernel cannot run: {reason}")
    waveform = waveform if waveform.stride(1) == 1 else waveform.contiguous()
    in_order = [constants[name] for name in CONSTANTS]
    return launch(waveform, in_order, hop_length, pad_mode == "reflect", decibels, precision)
