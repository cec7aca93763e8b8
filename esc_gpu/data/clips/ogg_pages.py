"""The pages of an Ogg file. Source: RFC 3533, section 6."""

import io
from typing import IO

CHUNK_BYTES = 1 << 16
HEADER_BYTES = 27  # and the table of segments
BEGINS = 2  # flag: the first page of a stream


def find_fault(raw: io.FileIO, position: int, size: int) -> str | None:
    """Why libsndfile would not give all audio of an Ogg file of so many bytes; None if nothing is seen."""
    reader = io.BufferedReader(raw, CHUNK_BYTES)
    try:
        return _find_fault(reader, position, size)
    finally:
        reader.detach()  # or it would close the file


def _find_fault(reader: IO[bytes], position: int, size: int) -> str | None:
    has_audio = False
    while (page := _next_page(reader, position)) is not None:
        reader.seek(page)
        header = reader.read(HEADER_BYTES)
        segments = reader.read(header[26]) if len(header) == HEADER_BYTES else b""
        position = page + HEADER_BYTES + len(segments) + sum(segments)
        if len(header) < HEADER_BYTES or len(segments) < header[26] or position > size:
            return f"breaks off in the Ogg page at byte {page}; expected all of it"
        begins = bool(header[5] & BEGINS)
        if begins and has_audio:
            held = f"holds a second Ogg stream behind the first, from byte {page} on"
            return f"{held}; expected one stream, which ffmpeg can make of both"
        has_audio |= not begins
    return None


def _next_page(reader: IO[bytes], position: int) -> int | None:
    """Where a page begins at `position` or later."""
    while True:
        reader.seek(position)
        content = reader.read(CHUNK_BYTES)
        place = content.find(b"OggS")
        if place >= 0:
            return position + place
        if len(content) < CHUNK_BYTES:
            return None
        position += CHUNK_BYTES - 3
