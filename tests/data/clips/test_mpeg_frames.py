"""The headers of MPEG audio, and the frames that a file has of them."""

import io

import pytest

from esc_gpu.data.clips.mpeg_frames import Header, find_frames, parse_header

# Source: the table of bit rates and the equation of the frame's length in ISO/IEC 11172-3 and 13818-3.
HEADERS = {
    "fffb9000": Header(3, 3, 44100, False, 417, 1152),  # version 1, layer III, 128 kbit/s
    "fffb92c4": Header(3, 3, 44100, True, 418, 1152),  # the same with padding, mono
    "fff38000": Header(2, 3, 22050, False, 208, 576),  # version 2: 64 kbit/s
    "ffe318c0": Header(0, 3, 8000, True, 72, 576),  # version 2.5: 8 kbit/s
    "fffda400": Header(3, 2, 48000, False, 576, 1152),  # layer II, 192 kbit/s
    "ffff1400": Header(3, 1, 48000, False, 32, 384),  # layer I, 32 kbit/s
}


@pytest.mark.parametrize(("content", "expected"), HEADERS.items(), ids=list(HEADERS))
def test_a_header_says_how_long_its_frame_is(content, expected):
    assert parse_header(bytes.fromhex(content)) == expected


@pytest.mark.parametrize("content", ["fffb", "fefb9000", "ffeb9000", "fff99000", "fffb0000", "fffbf000", "fffb9c00"])
def test_other_bytes_are_no_header(content):
    """Too short, no sync word, a reserved version, layer, bit rate or sample rate, and free format."""
    assert parse_header(bytes.fromhex(content)) is None


class Raw(io.BytesIO):
    """As a file without a buffer."""


FRAME = bytes.fromhex("fffb9000") + bytes(413)
MONO = bytes.fromhex("fffb90c4") + bytes(413)


def found(*parts):
    """The first mark and all that follows it in MpegFrames but the header."""
    content = b"".join(parts)
    frames = find_frames(Raw(content), 0, len(content))
    if frames is None:
        return None
    return frames.marks[0], frames.n_frames, frames.claimed, frames.goes_on_at, frames.is_cut


def test_frames_are_counted_and_what_is_behind_them_is_looked_at():
    assert found(5 * FRAME) == (0, 5, None, None, False)
    assert found(bytes(100), 5 * FRAME, b"TAG" + bytes(125)) == (100, 5, None, None, False)
    assert found(5 * FRAME, FRAME[:200]) == (0, 5, None, None, True)
    assert found(5 * FRAME, b"TAG" + bytes(125), 3 * FRAME) == (0, 5, None, 5 * 417 + 128, False)
    assert found(5 * FRAME, 3 * MONO) == (0, 5, None, 5 * 417, False)
    assert found(3000 * FRAME, bytes((1 << 20) - 300), 3 * FRAME) == (
        0,
        3000,
        None,
        3000 * 417 + (1 << 20) - 300,
        False,
    )
    assert found(FRAME) == (0, 1, None, None, False)
    assert found(bytes(1000)) is None and found(FRAME, bytes(1000)) is None


def test_every_256th_frame_is_marked():
    content = bytes(10) + 513 * FRAME
    assert find_frames(Raw(content), 0, len(content)).marks == (10, 10 + 256 * 417, 10 + 512 * 417)


def test_a_frame_of_information_is_no_audio():
    info = FRAME[:36] + b"Xing" + (1).to_bytes(4, "big") + (7).to_bytes(4, "big")
    assert found(info.ljust(417, b"\0"), 7 * FRAME) == (417, 7, 7, None, False)
    without_number = FRAME[:36] + b"Info" + bytes(4)
    assert found(without_number.ljust(417, b"\0"), 7 * FRAME) == (417, 7, None, None, False)
    fraunhofer = FRAME[:36] + b"VBRI" + bytes(10) + (7).to_bytes(4, "big")
    assert found(fraunhofer.ljust(417, b"\0"), 7 * FRAME) == (417, 7, 7, None, False)
