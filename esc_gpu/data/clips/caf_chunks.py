"""The chunks of a CAF file. Source: Apple Core Audio Format Specification 1.0."""

import io

HEADER_BYTES = 8
LIMIT_BYTES = 1 << 15  # libsndfile (1.2.2) loses its way where twice as many are before the audio
NEEDED = (b"desc", b"kuki", b"pakt")  # what a decoder must know


def skip_chunks(raw: io.FileIO, position: int) -> tuple[int, bytes] | None:
    """Where the chunk with the audio begins, and what a decoder needs of those before it, as the beginning of a file.

    None where these are short, and libsndfile can read them itself.
    """
    raw.seek(position)
    needed = raw.read(HEADER_BYTES)
    place = start = position + HEADER_BYTES
    while True:
        raw.seek(place)
        chunk = raw.read(12)
        if len(chunk) < 12:
            return None
        n_bytes = 12 + int.from_bytes(chunk[4:], "big", signed=True)
        if chunk[:4] == b"data":
            return (place, needed) if place - start > LIMIT_BYTES else None
        if n_bytes < 12:
            return None
        if chunk[:4] in NEEDED and len(needed) + n_bytes <= LIMIT_BYTES:
            needed += chunk + raw.read(n_bytes - 12)
        place += n_bytes
