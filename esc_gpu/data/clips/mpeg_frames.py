"""The frames of MPEG audio (MP3 and its elder layers), counted: libsndfile guesses how many there are.

Sources: ISO/IEC 11172-3 and 13818-3, section 2.4.1.3 (the header of a frame); "MP3 Info Tag revision 1" of LAME, and
"MPEG Audio Frame Header" of K. Windström (the frames "Xing", "Info" and "VBRI", which hold no audio but the length).
"""

import io
from dataclasses import dataclass
from functools import lru_cache

CHUNK_BYTES = 1 << 20
SEARCHED_BYTES = 1 << 16  # for the first frame
KILOBITS = {  # by the header's four bits, from 1 on; of version 1 or not, and layer
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by the bits of the version
LARGEST_FRAME = 2881  # bytes: 160 kbit/s at 8 kHz in layer II
MARKED_FRAMES = 256  # of so many, it is kept where one begins
SURE_FRAMES = 3  # so many one behind another are no accident


@dataclass(frozen=True)
class Header:
    """What the four bytes that a frame begins with say."""

    version: int
    layer: int
    rate: int
    is_mono: bool
    n_bytes: int
    n_samples: int

    def is_like(self, other: "Header") -> bool:
        """Whether both can be of one stream."""
        mine, theirs = (self.version, self.layer, self.rate, self.is_mono), (other.version, other.layer, other.rate)
        return mine == (*theirs, other.is_mono)


@lru_cache(maxsize=4096)
def parse_header(content: bytes) -> Header | None:
    """The header in four bytes; None if they are none, or of "free format", whose frames do not say their length."""
    if len(content) < 4 or content[0] != 0xFF or content[1] & 0xE0 != 0xE0:
        return None
    version, layer = content[1] >> 3 & 3, 4 - (content[1] >> 1 & 3)
    bit_rate, rate, padding = content[2] >> 4, content[2] >> 2 & 3, content[2] >> 1 & 1
    if version == 1 or layer == 4 or bit_rate in (0, 15) or rate == 3:
        return None
    bits, hertz = 1000 * KILOBITS[version == 3, layer][bit_rate - 1], RATES[version][rate]
    n_samples = 384 if layer == 1 else 576 if layer == 3 and version != 3 else 1152
    n_bytes = (12 * bits // hertz + padding) * 4 if layer == 1 else n_samples // 8 * bits // hertz + padding
    return Header(version, layer, hertz, content[3] >> 6 == 3, n_bytes, n_samples)


@dataclass(frozen=True)
class MpegFrames:
    """The frames of a file.

    Attributes:
        marks: where the first frame with audio begins, in bytes, and each MARKED_FRAMES behind it.
        header: of that.
        n_frames: how many there are with audio.
        claimed: how many there are by the frame of information before them; None where none says it.
        is_info_read: whether mpg123 knows that frame of information ("Xing" or "Info").
        goes_on_at: where there are more frames, behind something else; None where there are none.
        is_cut: whether the last frame is not whole.
    """

    marks: tuple[int, ...]
    header: Header
    n_frames: int
    claimed: int | None
    is_info_read: bool
    goes_on_at: int | None
    is_cut: bool


def find_frames(raw: io.FileIO, position: int, size: int) -> MpegFrames | None:
    """The frames of a file of so many bytes, the first at `position` or soon behind it; None without any."""
    raw.seek(position)
    content = _read(raw, SEARCHED_BYTES)
    first = _first_run(content, 2, may_end=position + len(content) >= size)
    if first is None:
        return None
    offset, header = first
    position += offset
    raw.seek(position)
    frame = _read(raw, header.n_bytes)
    claimed, is_info, is_known = _read_info(frame, header)
    start = position + (len(frame) if is_info else 0)
    n_frames, end, marks = _walk(raw, start, header)
    raw.seek(end)
    goes_on_at, is_cut = _look_behind(raw, end, size)
    return MpegFrames(marks, header, n_frames, claimed, is_known, goes_on_at, is_cut)


def _read(raw: io.FileIO, n_bytes: int) -> bytes:
    """So many bytes, or what is there."""
    parts = []
    while n_bytes and (part := raw.read(n_bytes)):
        parts.append(part)
        n_bytes -= len(part)
    return b"".join(parts)


def _first_run(content: bytes, frames: int, may_end: bool) -> tuple[int, Header] | None:
    """Where the first of so many frames begins that lie one behind another; of fewer, if the bytes `may_end` there."""
    place = content.find(b"\xff")
    while place >= 0:
        header = parse_header(content[place : place + 4])
        if header is not None and _is_run(content, place, header, frames, may_end):
            return place, header
        place = content.find(b"\xff", place + 1)
    return None


def _is_run(content: bytes, place: int, first: Header, frames: int, may_end: bool) -> bool:
    header = first
    for _ in range(frames - 1):
        place += header.n_bytes
        if place + 4 > len(content):
            return may_end
        following = parse_header(content[place : place + 4])
        if following is None or not following.is_like(first):
            return False
        header = following
    return True


def _info_place(frame: bytes, header: Header) -> int:
    """Where in a frame of information the word is: behind the header, its checksum and the side information."""
    side = (17 if header.is_mono else 32) if header.version == 3 else (9 if header.is_mono else 17)
    return 4 + (0 if frame[1] & 1 else 2) + side


def _read_info(frame: bytes, header: Header) -> tuple[int | None, bool, bool]:
    """How many frames a first frame of layer III claims, whether it is one of information, and one for mpg123."""
    place = _info_place(frame, header)
    if header.layer != 3:
        return None, False, False
    if frame[place : place + 4] in (b"Xing", b"Info"):
        has_number = int.from_bytes(frame[place + 4 : place + 8], "big") & 1
        return (int.from_bytes(frame[place + 8 : place + 12], "big") if has_number else None), True, True
    if frame[36:40] == b"VBRI":
        return int.from_bytes(frame[50:54], "big"), True, False
    return None, False, False


def _walk(raw: io.FileIO, position: int, first: Header) -> tuple[int, int, tuple[int, ...]]:
    """How many whole frames lie one behind another from `position` on, where they end, and their marks."""
    n_frames, base, content, marks = 0, position, b"", [position]
    while True:
        place = position - base
        header = parse_header(content[place : place + 4])
        if place + (header.n_bytes if header else 4) > len(content):
            raw.seek(position)
            base, content, place = position, _read(raw, CHUNK_BYTES), 0
            header = parse_header(content[:4])
        if header is None or not header.is_like(first) or place + header.n_bytes > len(content):
            return n_frames, position, tuple(marks)
        n_frames, position = n_frames + 1, position + header.n_bytes
        if n_frames % MARKED_FRAMES == 0:
            marks.append(position)


def _look_behind(raw: io.FileIO, end: int, size: int) -> tuple[int | None, bool]:
    """Where behind the frames there are more, and whether what follows is the beginning of one."""
    content = _read(raw, CHUNK_BYTES)
    header = parse_header(content[:4])
    is_cut = header is not None and end + header.n_bytes > size
    base = end
    while True:
        found = _first_run(content, SURE_FRAMES, may_end=False)
        if found is not None:
            return base + found[0], is_cut
        if base + len(content) >= size or not content:
            return None, is_cut
        base += len(content) - SURE_FRAMES * LARGEST_FRAME
        raw.seek(base)
        content = _read(raw, CHUNK_BYTES)
