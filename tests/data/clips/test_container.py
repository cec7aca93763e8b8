"""Files that hold more than libsndfile reads, or less than they say: all of it is decoded, or they are refused."""

import numpy as np
import pytest
import soundfile

from esc_gpu.data.clips import container
from esc_gpu.data.clips.damaged_files import DamagedFileError
from esc_gpu.data.clips.decode import decode_clip, recording_samples
from esc_gpu.data.clips.mpeg_frames import MARKED_FRAMES
from esc_gpu.data.clips.part_of_file import PartOfFile
from tests.helpers.stores import in_steps
from tests.helpers.windows import RATE, cut, noise, starts, write

MP3_RATE = 44100
LAME_DELAY = 576 + 529  # samples of the encoder and of a decoder, which the Info frame has cut off
ID3 = b"ID3\x03\x00\x00"


def write_mp3(path, mode="CONSTANT"):
    """Two seconds, the first of them loud, with the Info frame of LAME; the samples that a decoder gives."""
    waveform = noise(2 * MP3_RATE) * np.r_[np.ones(MP3_RATE), np.full(MP3_RATE, 1e-3)]
    soundfile.write(path, waveform, MP3_RATE, format="MP3", bitrate_mode=mode, compression_level=0.5)
    return np.rint(soundfile.read(path)[0] * 32768)


def info_bytes(content):
    return content.index(content[:2], 4)


@pytest.mark.parametrize("is_windows", [False, True], ids=["by number", "virtual"])
@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
def test_an_mp3_whose_length_nothing_says_is_decoded_to_its_end(tmp_path, monkeypatch, mode, is_windows):
    path = tmp_path / "a.mp3"
    expected = write_mp3(path, mode)
    content = path.read_bytes()
    assert b"Info" in content[:40] or b"Xing" in content[:40]
    path.write_bytes(content[info_bytes(content) :])
    monkeypatch.setattr(container, "WINDOWS", is_windows)
    length = recording_samples(path, MP3_RATE)
    assert length % 1152 == 0 and 0 <= length - LAME_DELAY - len(expected) <= 1152
    for start in (0, 1, MP3_RATE - 100, len(expected) - 2000):
        clip = in_steps(decode_clip(path, LAME_DELAY + start, sample_rate=MP3_RATE, samples=2000))
        np.testing.assert_allclose(clip, expected[start : start + 2000], rtol=0, atol=1, err_msg=f"from {start} on")
    assert starts(cut([path], 0.0, 0.5, MP3_RATE))[-1] == length - MP3_RATE // 2


@pytest.mark.parametrize("rate", [8000, 32000])
def test_far_into_it_nothing_is_read_of_what_is_before(tmp_path, monkeypatch, rate):
    path = tmp_path / "a.mp3"
    soundfile.write(path, noise(45 * rate), rate, bitrate_mode="VARIABLE", compression_level=0.9)
    expected = np.rint(soundfile.read(path)[0] * 32768)
    content = path.read_bytes()
    path.write_bytes(content[info_bytes(content) :])
    recording_samples(path, rate)  # its frames are counted
    read, readinto = [], PartOfFile.readinto
    monkeypatch.setattr(PartOfFile, "readinto", lambda *given: read.append(readinto(*given)) or read[-1])
    most = (2 * MARKED_FRAMES * (1152 if rate == 32000 else 576) / rate + 3) / 45 * len(content)
    for seconds in (1, 20, 25, 44):
        read.clear()
        clip = decode_clip(path, LAME_DELAY + seconds * rate, sample_rate=rate, samples=rate // 2)
        part = expected[seconds * rate :][: rate // 2]
        np.testing.assert_allclose(clip, part, rtol=0, atol=1, err_msg=f"from {seconds} s on")
        assert sum(read) < most
    other = 8009  # Hz; it shares no divisor with the file's, so that up to a second before is read
    clip = decode_clip(path, 40 * other, sample_rate=other, samples=other)
    whole = decode_clip(path, 0, sample_rate=other, samples=41 * other)
    np.testing.assert_allclose(clip, whole[-other:], rtol=0, atol=1)


@pytest.mark.parametrize("change", [-1, 1])
def test_an_info_frame_that_is_one_wrong_changes_nothing_but_the_delay(tmp_path, change):
    """Some encoders count it, too."""
    path = tmp_path / "a.mp3"
    expected = write_mp3(path)
    content = bytearray(path.read_bytes())
    place = content.index(b"Info") + 8
    claimed = int.from_bytes(content[place : place + 4], "big")
    content[place : place + 4] = (claimed + change).to_bytes(4, "big")
    path.write_bytes(content)
    assert recording_samples(path, MP3_RATE) == 1152 * claimed
    clip = decode_clip(path, LAME_DELAY, sample_rate=MP3_RATE, samples=MP3_RATE)
    np.testing.assert_allclose(clip, expected[:MP3_RATE], rtol=0, atol=1)


def joined_mp3(path):
    write_mp3(path)
    path.write_bytes(2 * path.read_bytes())
    return "holds 157 MPEG frames, as joined files do; expected the 7. that its first one claims"


def joined_mp3_with_tags(path):
    write_mp3(path)
    content = path.read_bytes()
    path.write_bytes(content + b"TAG" + bytes(125) + content)
    return "holds 7. MPEG frames, something else, and more from byte .* on, as joined files do; expected one stream"


def mp3_cut_short(path):
    write_mp3(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return "holds .. MPEG frames; expected the 7. that its first one claims"


def free_format(path):
    path.write_bytes(9 * (b"\xff\xfb\x00\x00" + bytes(400)))
    return "has no MPEG frames that say how long they are; expected some"


def chained_vorbis(path):
    write(path.with_suffix(".ogg"), noise(RATE))
    path.write_bytes(path.with_suffix(".ogg").read_bytes())
    write(path.with_suffix(".ogg"), noise(2 * RATE))
    path.write_bytes(path.read_bytes() + path.with_suffix(".ogg").read_bytes())
    return "holds a second Ogg stream behind the first, from byte .* on; expected one stream"


def chained_opus(path):
    soundfile.write(path, noise(RATE), RATE, "OPUS", format="OGG")
    path.write_bytes(2 * path.read_bytes())
    return "holds a second Ogg stream behind the first"


def ogg_cut_short(path):
    soundfile.write(path, noise(3 * RATE), RATE, format="OGG")
    path.write_bytes(path.read_bytes()[:-10])
    return "breaks off in the Ogg page at byte .*; expected all of it"


@pytest.mark.parametrize(
    "spoil", [joined_mp3, joined_mp3_with_tags, mp3_cut_short, free_format, chained_vorbis, chained_opus, ogg_cut_short]
)
def test_what_libsndfile_would_shorten_is_refused_by_what_it_is(tmp_path, spoil):
    path = tmp_path / "a"
    reason = spoil(path)
    for read in (lambda: recording_samples(path, RATE), lambda: decode_clip(path, 0, sample_rate=RATE, samples=10)):
        with pytest.raises(DamagedFileError, match=f"^{path}: {reason}.*; replace it or leave it out$"):
            read()


@pytest.mark.parametrize("n_bytes", [20, 70_000, 300_000])
@pytest.mark.parametrize("format", ["FLAC", "CAF", "OGG"])
def test_audio_behind_much_else_is_that_audio(tmp_path, format, n_bytes):
    """Behind a tag, or the same in a chunk of CAF: libsndfile reads noise there, or cannot seek."""
    path = tmp_path / "a"
    soundfile.write(path, noise(3 * RATE), RATE, format=format)
    content = path.read_bytes()
    expected = [decode_clip(path, start, sample_rate=RATE, samples=RATE) for start in (0, 2 * RATE)]
    if format == "CAF":
        place = content.index(b"free")
        content = content[:place] + b"uuid" + n_bytes.to_bytes(8, "big") + b"\x55" * n_bytes + content[place:]
    else:
        content = ID3 + bytes(n_bytes >> shift & 0x7F for shift in (21, 14, 7, 0)) + bytes(n_bytes) + content
    path.write_bytes(content)
    assert recording_samples(path, RATE) == 3 * RATE
    for start, clip in zip((0, 2 * RATE), expected, strict=True):
        np.testing.assert_array_equal(decode_clip(path, start, sample_rate=RATE, samples=RATE), clip)


def test_a_file_is_looked_at_once_and_anew_when_it_has_changed(tmp_path, monkeypatch):
    path, looked = tmp_path / "a.mp3", []
    monkeypatch.setattr(container, "_look", lambda *given, look=container._look: looked.append(1) or look(*given))
    write_mp3(path)
    lengths = [recording_samples(path, MP3_RATE) for _ in range(3)]
    content = path.read_bytes()
    path.write_bytes(content[info_bytes(content) :])
    lengths.append(recording_samples(path, MP3_RATE))
    assert len(looked) == 2 and lengths[0] == lengths[2] < lengths[3]
