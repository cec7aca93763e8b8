"""What libsndfile is given of a file, so that it reads all audio in it; and what it would not read, refused."""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from esc_gpu.core.files import WINDOWS
from esc_gpu.data.clips import caf_chunks, ogg_pages
from esc_gpu.data.clips.damaged_files import DamagedFileError
from esc_gpu.data.clips.mpeg_frames import LARGEST_FRAME, MARKED_FRAMES, MpegFrames, find_frames
from esc_gpu.data.clips.part_of_file import PartOfFile

if TYPE_CHECKING:
    from soundfile import SoundFile

KEPT = 4096  # layouts of files, which are looked at once and then cut into many clips


@dataclass(frozen=True)
class Layout:
    """Where in a file the audio is.

    Attributes:
        start: bytes before it that libsndfile is not given.
        before: what it is given instead.
        mpeg: its frames, if it is MPEG audio of which libsndfile does not know how many there are; else None.
    """

    start: int = 0
    before: bytes = b""
    mpeg: MpegFrames | None = None


_layouts: dict[tuple[int, ...], Layout] = {}


class Opened(NamedTuple):
    """A file that is open in libsndfile, its length in frames, and how many of them are before what libsndfile has."""

    file: "SoundFile"
    frames: int
    skipped: int = 0


@contextmanager
def open_container(path: Path, raw: io.FileIO, seconds: float = 0.0) -> Iterator[Opened]:
    """The file, open to be read from `seconds` on.

    Raises:
        DamagedFileError: for a file that holds more than libsndfile would read, or less than it says.
        OSError: for a read that has failed meanwhile, whatever libsndfile has made of it.
    """
    status = os.fstat(raw.fileno())
    stamp = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    layout = _layouts.get(stamp)
    if layout is None:
        layout = _look(path, raw, status.st_size)
        if len(_layouts) >= KEPT:
            _layouts.clear()
        _layouts[stamp] = layout
    raw.seek(0)
    if layout == Layout() and not WINDOWS:  # there libsndfile knows nothing of Python's file numbers
        with _open(raw.fileno()) as file:
            yield Opened(file, file.frames)
        return
    mpeg, skipped, part = layout.mpeg, 0, PartOfFile(raw, layout.start, layout.before)
    if mpeg is not None:
        # libsndfile guesses the length by the number of bytes and the first frame, and reads no further.
        least = (mpeg.n_frames + 2) * LARGEST_FRAME
        mark = max(0, int(seconds * mpeg.header.rate) // (MARKED_FRAMES * mpeg.header.n_samples) - 1)
        mark = min(mark, len(mpeg.marks) - 1)
        skipped, part = mark * MARKED_FRAMES * mpeg.header.n_samples, PartOfFile(raw, mpeg.marks[mark], least=least)
    try:
        with _open(part) as file:
            yield Opened(file, file.frames if mpeg is None else mpeg.n_frames * mpeg.header.n_samples, skipped)
    finally:
        if part.error is not None:
            raise part.error


def _open(file: int | PartOfFile) -> "SoundFile":
    """Without its name: libsndfile would take text for audio by its suffix (.gsm, .vox)."""
    import soundfile

    return soundfile.SoundFile(file) if isinstance(file, PartOfFile) else soundfile.SoundFile(file, closefd=False)


def _look(path: Path, raw: io.FileIO, size: int) -> Layout:
    start = _skip_tags(raw)
    raw.seek(start)
    magic = raw.read(4)
    if magic == b"OggS":
        fault = ogg_pages.find_fault(raw, start, size)
        if fault:
            raise DamagedFileError(path, fault)
    elif magic == b"caff":
        found = caf_chunks.skip_chunks(raw, start)
        return Layout(start) if found is None else Layout(*found)
    elif (start and magic != b"fLaC") or (magic[:1] == b"\xff" and magic[1:2] >= b"\xe0"):
        frames = find_frames(raw, start, size)
        if frames is not None:
            return _of_mpeg(path, frames)
        if magic[:1] == b"\xff":  # of "free format", or none
            raise DamagedFileError(path, "has no MPEG frames that say how long they are; expected some")
    return Layout(start)


def _skip_tags(raw: io.FileIO) -> int:
    """Bytes of ID3 tags in front. Source: ID3v2.4.0, section 3.1."""
    place = 0
    while True:
        raw.seek(place)
        header = raw.read(10)
        if len(header) < 10 or header[:3] != b"ID3" or max(header[6:]) > 0x7F:
            return place
        n_bytes = sum(byte << shift for byte, shift in zip(header[6:], (21, 14, 7, 0), strict=True))
        place += 10 + n_bytes + (10 if header[5] & 0x10 else 0)  # with a footer


def _of_mpeg(path: Path, frames: MpegFrames) -> Layout:
    n_frames, claimed = frames.n_frames, frames.claimed
    held = f"holds {n_frames} MPEG frames"
    if frames.goes_on_at is not None:
        held += f", something else, and more from byte {frames.goes_on_at} on, as joined files do"
        raise DamagedFileError(path, f"{held}; expected one stream of frames; ffmpeg can convert it")
    if claimed is not None and n_frames > claimed + 1:
        expected = f"the {claimed} that its first one claims, or one stream, which ffmpeg can make of them"
        raise DamagedFileError(path, f"{held}, as joined files do; expected {expected}")
    if claimed is not None and n_frames < claimed - (0 if frames.is_cut else 1):
        raise DamagedFileError(path, f"{held}; expected the {claimed} that its first one claims")
    return Layout() if claimed == n_frames and frames.is_info_read else Layout(mpeg=frames)
