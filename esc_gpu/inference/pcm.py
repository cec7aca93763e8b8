"""Raw sound without a header, as it comes through a pipe or from a microphone."""

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np

from esc_gpu.core.channel import Channel, number_of
from esc_gpu.core.full_scale import FULL_SCALE
from esc_gpu.data.clips.decode import RESAMPLER_QUALITY
from esc_gpu.errors import EscGpuError

FORMATS = {"s16le": "<i2", "f32le": "<f4"}  # ffmpeg's and sox's words for them
READ_BYTES = 65536


def read_pcm(file: BinaryIO, pcm_format: str, channels: int, channel: Channel = "mix") -> Iterator[np.ndarray]:
    """`(t,)` float32, full scale at ±1, the mean of the channels or one of them, as it comes until the file ends.

    Args:
        file: opened for bytes. What it has at the moment is given, without waiting for more.
        pcm_format: one of `FORMATS`.
        channels: samples of a moment, which follow one another.
        channel: which of them is heard, as `data.channel` of the training.

    Raises:
        EscGpuError: for samples that are NaN or infinite, as those of another format are, and for a channel that is
            not there.
    """
    read = getattr(file, "read1", file.read)
    dtype = np.dtype(FORMATS[pcm_format])
    rest = b""
    while data := read(READ_BYTES):
        data = rest + data
        whole = len(data) - len(data) % (channels * dtype.itemsize)
        rest = data[whole:]
        yield mono(np.frombuffer(data[:whole], dtype).reshape(-1, channels), channel)


def mono(samples: np.ndarray, channel: Channel = "mix") -> np.ndarray:
    """`(t, channels)` int16 or float32 → `(t,)` float32, full scale at ±1: their mean, or one of them.

    Raises:
        EscGpuError: for a channel that is not there, and the loudest of several: that is known at the end of a sound.
    """
    if channel == "loudest" and samples.shape[1] > 1:
        raise EscGpuError(
            "the model was trained with data.channel loudest, and which of several channels is the loudest is not "
            "known before a sound ends; pipe one channel, with --channels 1"
        )
    if channel not in ("mix", "loudest"):
        number = number_of(channel)
        if number >= samples.shape[1]:
            raise EscGpuError(
                f"the model was trained with data.channel {channel}, and the sound has channels 0 to "
                f"{samples.shape[1] - 1}; expected channel {number}; correct --channels, or pipe a sound that has it"
            )
        samples = samples[:, number : number + 1]
    scaled = samples.astype(np.float32) / FULL_SCALE if samples.dtype.kind == "i" else samples
    with np.errstate(over="ignore", invalid="ignore"):
        return _finite(scaled.mean(axis=1))


def _finite(samples: np.ndarray) -> np.ndarray:
    """The samples as they are; refused where they are not finite, as their mean and what a resampler makes of them."""
    if not np.isfinite(samples).all():
        raise EscGpuError("the sound contains NaN or Inf: it has another format; correct --format and --channels")
    return samples


def at_rate(blocks: Iterable[np.ndarray], source_rate: int, sample_rate: int) -> Iterator[np.ndarray]:
    """Blocks `(t,)` float32 at one rate → `(t,)` int16 at another, resampled and rounded as recordings are."""
    if source_rate == sample_rate:
        yield from map(_rounded, blocks)
        return
    import soxr

    resampler = soxr.ResampleStream(source_rate, sample_rate, 1, "float32", RESAMPLER_QUALITY)
    for block in blocks:
        yield _rounded(_finite(resampler.resample_chunk(block)))
    yield _rounded(_finite(resampler.resample_chunk(np.empty(0, np.float32), last=True)))


def _rounded(block: np.ndarray) -> np.ndarray:
    return np.rint(block.clip(-1, 1 - 1 / FULL_SCALE) * FULL_SCALE).astype(np.int16)
