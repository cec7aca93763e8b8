"""Audio files to clips: any part of a recording, one channel or the mean of all, at any sample rate."""

import errno
import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np

from esc_gpu.core.channel import Channel, check_channel
from esc_gpu.data.clips.channels import MixedChannels, channel_number, loudest_channel
from esc_gpu.data.clips.codec_seek import seek_to
from esc_gpu.data.clips.container import open_container
from esc_gpu.data.clips.damaged_files import DamagedFileError
from esc_gpu.data.clips.levels import CANCELLED, Levels, quantize
from esc_gpu.data.clips.regular_file import open_regular
from esc_gpu.errors import EscGpuError

if TYPE_CHECKING:
    from soundfile import SoundFile

RESAMPLER_QUALITY = "HQ"  # soxr's 20-bit quality: its error stays below the rounding to int16
RESAMPLER_REACH = 256  # samples at the lower of the two rates that a sample of soxr's depends on, to either side
SOURCE_RATES = (100, 768_000)  # Hz; a header that claims another is damaged
# What libsndfile's log says of a header whose length is not that of the file: "riff" of a whole W64, the others of the
# audio in a WAV, AIFF, AU or RF64.
LENGTHS = re.compile(r"^ *(data|SSND|Data Size|riff|Riff size) +: (\d+) \(should be (\d+)\)$", re.MULTILINE)
# What it says of the audio in an RF64, without a word where that is not there.
RF64_SIZES = re.compile(
    r"^ *Data size : (?P<claimed>\d+)$.*^ *Block Align +: (?P<block>\d+)$", re.MULTILINE | re.DOTALL
)
# What programs claim of a stream whose end they do not know: about the most that 31, 32 and 63 bits hold.
STREAM_BYTES = (range(0x7FFFF000, 0x80000001), range(0xFFFFF000, 1 << 32), range((1 << 63) - 1, 1 << 64))
HEADER_BYTES = 128  # by so many, programs are wrong that count the header in
BLOCK_VALUES = 1 << 22  # decoded at a time, all channels together: a clip of 5 s is one block
SYSTEM_ERROR = 2  # libsndfile's code of a call to the system that failed
UNKNOWN_FRAMES = (1 << 63) - 1  # libsndfile's length of what it finds no end of
# Of others libsndfile takes what is left of a broken copy for the whole.
FORMATS = ("WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3")
FLOATS = ("FLOAT", "DOUBLE")  # samples beyond full scale are meant, and no overshoot of a decoder
KEPT = 4096  # recordings of which the loudest channel is known
_loudest: dict[tuple[int, ...], int] = {}
# Of loud noise in these, libsndfile (1.2.2) gives other noise.
WRONG_SUBTYPES = ("ALAC_20", "ALAC_24", "ALAC_32")


class Recording(NamedTuple):
    """An audio file that is open: for libsndfile, its bytes, how many frames it has, and where libsndfile begins."""

    file: "SoundFile"
    raw: IO[bytes]
    frames: int
    skipped: int


def count_workers(workers: int | None) -> int:
    """Threads that read and decode; None is one for each CPU core.

    Raises:
        EscGpuError: for less than one.
    """
    workers = (os.cpu_count() or 1) if workers is None else workers
    if workers < 1:
        raise EscGpuError(f"data.workers is {workers}; expected 1 or more; correct it")
    return workers


def recording_samples(path: Path, sample_rate: int) -> int:
    """Length of a recording at `sample_rate`, by its header.

    Raises:
        EscGpuError: for a file that is missing, no audio, empty, or shorter than its header says.
    """
    with _opened(path) as recording:
        if not recording.frames:
            raise DamagedFileError(path, "has no audio (0 frames); expected some")
        return _resampled(recording.frames, recording.file.samplerate, sample_rate)


def _resampled(frames: int, source_rate: int, sample_rate: int) -> int:
    """Samples of so many frames at another rate, half a sample counting as one."""
    return (2 * frames * sample_rate + source_rate) // (2 * source_rate)


class Samples(NamedTuple):
    """A part of a recording `(t,)` float32, full scale at 1, and whether its format holds what is beyond that."""

    waveform: np.ndarray
    may_exceed: bool
    are_cancelled: bool


def decode_clip(path: Path, start: int, *, sample_rate: int, samples: int, channel: Channel = "mix") -> np.ndarray:
    """A part of a recording as (samples,) int16, the mean of its channels or the one that `channel` names.

    The same as the whole recording resampled, from sample `start` at `sample_rate` on, but only this part and
    what the resampler looks at around it are read. Zeros follow where the recording ends. A part that int16 does not
    hold, as `quantize` says, is float32 with full scale at 1.

    Raises:
        EscGpuError: for a file that cannot be read, is empty, damaged, cut short, or over before `start`, one that
            holds NaN, Inf or numbers that are too large for float32, and one without that channel.
    """
    return decode(path, start, sample_rate=sample_rate, samples=samples, channel=channel).waveform


def decode(path: Path, start: int, *, sample_rate: int, samples: int, channel: Channel = "mix") -> Levels:
    """The same as int16 with an exponent, and what was found in it; arguments and errors as in `decode_clip`."""
    part = read_samples(path, start, sample_rate=sample_rate, samples=samples, channel=channel)
    clip = quantize(part.waveform, samples, part.may_exceed)
    return clip._replace(marks=clip.marks | CANCELLED * part.are_cancelled)


def read_samples(path: Path, start: int, *, sample_rate: int, samples: int, channel: Channel = "mix") -> Samples:
    """The same before it is made int16, as far as the recording goes; arguments and errors as in `decode_clip`."""
    check_channel(channel)
    chosen = _find_loudest(path) if channel == "loudest" else channel
    with _opened(path, start / sample_rate) as recording:
        source_rate = recording.file.samplerate
        length = _resampled(recording.frames, source_rate, sample_rate)
        if recording.frames and start and start >= length:
            raise DamagedFileError(path, f"has {length} samples; expected more than {start} for this clip")
        first, skipped, frames = _frames_of(source_rate, sample_rate, start, samples)
        mixed = MixedChannels()
        waveform = _read_mono(path, recording, first, frames, chosen, mixed)
        may_exceed = recording.file.subtype in FLOATS
    if source_rate != sample_rate:
        import soxr

        # soxr gives half a sample at the end or not by the last bit of the ratio: silence behind it, cut off below.
        waveform = np.pad(waveform, (0, -(-source_rate // sample_rate)))
        waveform = soxr.resample(waveform, source_rate, sample_rate, RESAMPLER_QUALITY)
    if not np.isfinite(waveform).all():
        raise DamagedFileError(path, _not_finite(path, first, frames, chosen))
    part = waveform[skipped : skipped + min(samples, length - start)]
    return Samples(part, may_exceed, mixed.are_cancelled)


def _not_finite(path: Path, first: int, frames: int, channel: Channel) -> str:
    """What is wrong with samples that are not finite in float32: they may be numbers that are too large for it."""
    with _opened(path) as recording:
        largest = np.abs(_read_mono(path, recording, first, frames, channel, MixedChannels(), "float64")).max()
    if not np.isfinite(largest):
        return "has NaN or Inf samples; expected finite numbers"
    return f"has samples of up to {largest:.3g}, which float32 does not hold; expected full scale at 1"


def _find_loudest(path: Path) -> int:
    """The channel with the most energy in the whole recording, which is looked for once."""
    with _opened(path) as recording:
        status = os.fstat(recording.raw.fileno())
        stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if recording.file.channels == 1:
            return 0
        if stamp not in _loudest:
            if len(_loudest) >= KEPT:
                _loudest.clear()
            _loudest[stamp] = loudest_channel(_blocks(path, recording, 0, recording.frames, "float32"))
        return _loudest[stamp]


def _frames_of(source_rate: int, sample_rate: int, start: int, samples: int) -> tuple[int, int, int]:
    """What to read for `samples` from `start` on: the first frame, samples to drop once resampled, frames.

    With source_rate / sample_rate = p / q in lowest terms, the two grids meet at every p-th frame, which is every
    q-th sample; from no other frame would the resampler give the samples of the whole recording.
    """
    if source_rate == sample_rate:
        return start, 0, samples
    divisor = math.gcd(source_rate, sample_rate)
    p, q = source_rate // divisor, sample_rate // divisor
    reach = math.ceil(RESAMPLER_REACH * max(1, source_rate / sample_rate))  # frames
    first = max(0, start * p // q - reach) // p * p
    end = -(-(start + samples) * p // q) + reach
    return first, start - first // p * q, end - first


def _read_mono(
    path: Path,
    recording: Recording,
    first: int,
    frames: int,
    channel: Channel,
    mixed: MixedChannels,
    dtype: str = "float32",
) -> np.ndarray:
    """Up to `frames` from frame `first` on as (frames,) of this type, one channel or the mean of all by `mixed`."""
    number = None if channel == "mix" else channel_number(path, channel, recording.file.channels)
    blocks = []
    for block in _blocks(path, recording, first, frames, dtype):
        if block.ndim == 2:
            block = mixed.mix(block) if number is None else block[:, number].copy()  # not all channels in memory
        blocks.append(block)
    return np.concatenate(blocks)


def _blocks(path: Path, recording: Recording, first: int, frames: int, dtype: str) -> Iterator[np.ndarray]:
    """Up to `frames` from frame `first` on as blocks (frames,) or (frames, channels).

    They bound the memory: it follows what the file holds, not the length that its header claims.
    """
    file, raw, length, skipped = recording
    if not length:
        raise DamagedFileError(path, "has no audio (0 frames); expected some")
    position = first if file.seekable() else 0
    end, reached = min(first + frames, length), skipped
    while position < end:
        wanted = min(end - position, BLOCK_VALUES // file.channels)
        start = seek_to(file, raw, position)
        if start != reached:
            file.seek(start - skipped)
        block = file.read(position - start + wanted, dtype=dtype)[position - start :]
        if len(block) < wanted:  # it ends too soon, or a part in the middle cannot be decoded
            given = position + len(block)
            raise DamagedFileError(path, f"gives {given} frames; expected {length} by its header")
        if position + wanted > first:
            yield block[max(0, first - position) :]
        reached = position = position + len(block)


@contextmanager
def _opened(path: Path, seconds: float = 0.0) -> Iterator[Recording]:
    """The audio file, open to be read from `seconds` on; whatever libsndfile has against it is an EscGpuError."""
    import soundfile

    try:
        with open_regular(path) as raw, open_container(path, raw, seconds) as (file, frames, skipped):
            _check_header(path, file, frames)
            yield Recording(file, raw, frames, skipped)
    except OSError as error:
        raise DamagedFileError(path, f"{error.strerror or error}; expected an audio file") from error
    except soundfile.LibsndfileError as error:
        reason = error.error_string.rstrip(".")
        cause = OSError(errno.EIO, reason) if error.code == SYSTEM_ERROR else error  # the disk's fault, not the file's
        raise DamagedFileError(path, f"{reason}; expected audio libsndfile can decode") from cause


def _check_header(path: Path, file: "SoundFile", frames: int) -> None:
    """Refuse what a header says that cannot be."""
    if file.format not in FORMATS:
        raise DamagedFileError(path, f"is {file.format_info}; expected {', '.join(FORMATS)}")
    if file.subtype in WRONG_SUBTYPES:
        raise DamagedFileError(
            path, f"is {file.subtype_info}, which libsndfile gets wrong; expected 16 bit ALAC or FLAC"
        )
    lowest, highest = SOURCE_RATES
    if not lowest <= file.samplerate <= highest:
        raise DamagedFileError(path, f"claims {file.samplerate} Hz; expected {lowest} to {highest}")
    if frames == UNKNOWN_FRAMES:
        raise DamagedFileError(path, "has no end that libsndfile can find; expected audio of a known length")
    if file.format == "RF64" and (sizes := RF64_SIZES.search(file.extra_info)):
        claimed, held = int(sizes["claimed"]), file.frames * int(sizes["block"])
        if held + HEADER_BYTES < claimed and not _is_stream(claimed):
            raise DamagedFileError(path, f"holds {held} bytes; expected {claimed} by its header")
    for chunk, *numbers in LENGTHS.findall(file.extra_info):
        claimed, there = map(int, numbers)
        is_cut = there + HEADER_BYTES < claimed and not _is_stream(claimed)
        if is_cut or (chunk == "riff" and there > claimed):  # what is behind a W64, libsndfile takes for audio
            raise DamagedFileError(path, f"holds {there} bytes; expected {claimed} by its header")


def _is_stream(n_bytes: int) -> bool:
    """Whether a length is claimed by those who do not know it."""
    return any(n_bytes in lengths for lengths in STREAM_BYTES)
