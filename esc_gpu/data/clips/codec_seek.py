"""Where to begin to read a file of a codec, so that what follows are the samples of the whole recording.

Read this and what is wanted in one call: soundfile seeks to the end of what it has read after each.
"""

import os
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from soundfile import SoundFile

MP3_FRAMES = 16 * 1152  # a frame of 1152 samples may have its bits in those before: 511 bytes, at 32 kbit/s nine frames
OGG_PAGE_BYTES = 65_307  # the largest
VORBIS_PAGE_FRAMES = 255 * 4096  # the most in one: 255 packets, each half of two blocks of up to 8192 frames


def seek_to(file: "SoundFile", raw: IO[bytes], first: int) -> int:
    """The frame at or before `first` to begin at; `raw` is the same file.

    Opus begins at once: its decoder has a memory of seconds, and libsndfile gives it the 80 ms before that RFC 7845
    asks for, after which it is some hundredths off at most.
    """
    if file.subtype == "MPEG_LAYER_III":
        return max(0, first - MP3_FRAMES)
    if file.subtype == "VORBIS" and first:
        return max(0, first - VORBIS_PAGE_FRAMES, min(first, _end_of_last_but_one_page(raw) - 1))
    return first


def _end_of_last_but_one_page(raw: IO[bytes]) -> int:
    """The frame that the last page of an Ogg file begins with; 0 where that cannot be seen.

    To a frame in it, libsndfile (1.2.2) seeks as if nothing were cut off its end, up to 20 ms too far.

    Source: RFC 3533, section 6: "OggS", version, flags, granule position (of Vorbis, in frames), serial number.
    """
    handle = raw.fileno()
    position = os.lseek(handle, 0, os.SEEK_CUR)  # libsndfile shares it
    size = os.lseek(handle, 0, os.SEEK_END)
    start = os.lseek(handle, max(0, size - 2 * OGG_PAGE_BYTES), os.SEEK_SET)
    tail = os.read(handle, size - start)
    os.lseek(handle, position, os.SEEK_SET)
    pages = [page for page in tail.split(b"OggS")[1:] if len(page) >= 14]
    ends = [int.from_bytes(page[2:10], "little", signed=True) for page in pages if page[10:14] == pages[-1][10:14]]
    return max((end for end in ends if end < ends[-1]), default=0)
