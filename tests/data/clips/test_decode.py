"""The decoder: where a recording ends, codecs that cannot seek, and what a header claims."""

import errno
import os

import numpy as np
import pytest
import soundfile

from esc_gpu.data.clips import container
from esc_gpu.data.clips import decode as decode_module
from esc_gpu.data.clips.damaged_files import DamagedFilesError, reason_of
from esc_gpu.data.clips.decode import decode_clip, recording_samples
from esc_gpu.errors import EscGpuError
from tests.helpers.windows import RATE, cut, noise, starts, write


@pytest.mark.parametrize(("rate", "length"), [(RATE, 4800), (22050, 13230), (4000, 2400)])
def test_window_after_the_end_is_refused(tmp_path, rate, length):
    path = write(tmp_path / "a.wav", noise(4800))
    assert decode_clip(path, length - 1, sample_rate=rate, samples=10).any()
    for start in (length, length + 50):
        with pytest.raises(EscGpuError, match=f"^{path}: has {length} samples; expected more than {start} for this"):
            decode_clip(path, start, sample_rate=rate, samples=10)


def test_a_recording_of_less_than_a_sample_is_silence(tmp_path):
    path = write(tmp_path / "a.wav", noise(1), 48000)
    assert not decode_clip(path, 0, sample_rate=RATE, samples=10).any()
    assert starts(cut([path], 0.5)) == [0]


@pytest.mark.parametrize("block_values", [None, 5000], ids=["one block", "many blocks"])
@pytest.mark.parametrize(
    ("extension", "subtype"), [("wav", "GSM610"), ("au", "G721_32"), ("au", "G723_24"), ("wav", "NMS_ADPCM_16")]
)
def test_a_codec_without_seeking_begins_anywhere(tmp_path, monkeypatch, extension, subtype, block_values):
    monkeypatch.setattr(decode_module, "BLOCK_VALUES", block_values or decode_module.BLOCK_VALUES)
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, noise(3 * RATE), RATE, subtype)
    with soundfile.SoundFile(path) as file:
        expected = np.rint(file.read(file.frames) * 32768)
    for start in (0, 1, 7777, len(expected) - 1):
        clip = decode_clip(path, start, sample_rate=RATE, samples=RATE)
        part = expected[start : start + RATE]
        np.testing.assert_array_equal(clip[: len(part)], part)
        assert not clip[len(part) :].any()


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_windows_whose_libsndfile_knows_no_file_numbers_gives_the_same_clips(tmp_path, monkeypatch, extension):
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, noise(3 * RATE), RATE)
    asked = [(start, rate) for start in (0, 1, 7777) for rate in (RATE, 4000)]
    expected = [decode_clip(path, start, sample_rate=rate, samples=1000) for start, rate in asked]
    monkeypatch.setattr(container, "WINDOWS", True)
    opened = soundfile.SoundFile

    def without_numbers(file):
        assert not isinstance(file, int)
        return opened(file)

    monkeypatch.setattr(soundfile, "SoundFile", without_numbers)
    for (start, rate), clip in zip(asked, expected, strict=True):
        np.testing.assert_array_equal(decode_clip(path, start, sample_rate=rate, samples=1000), clip)
    text = tmp_path / "a.vox"  # of a file with this name libsndfile would take anything for audio
    text.write_text("no audio", encoding="utf-8")
    with pytest.raises(EscGpuError, match="expected audio libsndfile can decode"):
        decode_clip(text, 0, sample_rate=RATE, samples=1000)


# What a header claims


def flac_of_hours(path):
    """STREAMINFO claims 143 hours."""
    write(path, noise(RATE))
    content = bytearray(path.read_bytes())
    content[22:26] = (143 * 3600 * RATE).to_bytes(4, "big")
    path.write_bytes(content)


def ogg_of_hours(path):
    """The granule position of the last page, whose checksum is right, claims 143 hours."""
    write(path, noise(3 * RATE))
    content = path.read_bytes()
    last = content.rindex(b"OggS")
    page = bytearray(content[last:])
    page[6:14] = (143 * 3600 * RATE).to_bytes(8, "little")
    page[22:26] = bytes(4)
    checksum = 0
    for byte in page:  # RFC 3533: CRC-32 of 0x04c11db7, nothing reflected
        checksum ^= byte << 24
        for _ in range(8):
            checksum = (checksum << 1 ^ (0x04C11DB7 if checksum >> 31 else 0)) & 0xFFFFFFFF
    page[22:26] = checksum.to_bytes(4, "little")
    path.write_bytes(content[:last] + page)


@pytest.mark.parametrize(("name", "make"), [("a.flac", flac_of_hours), ("a.ogg", ogg_of_hours)])
def test_a_claimed_length_is_found_out_before_it_is_cut_into_windows(tmp_path, name, make):
    path = tmp_path / name
    make(path)
    assert recording_samples(path, RATE) == 143 * 3600 * RATE
    paths = [write(tmp_path / "good.wav", noise(RATE)), path]
    with pytest.raises(EscGpuError, match=f"^{path}: "):
        cut(paths, 0.5)
    with pytest.raises(DamagedFilesError) as caught:
        cut(paths, 0.5, on_error="skip")
    assert list(caught.value.reasons) == [1]
    with pytest.raises(EscGpuError, match=f"^{path}: "):
        decode_clip(path, 100 * 3600 * RATE, sample_rate=RATE, samples=RATE)


@pytest.mark.parametrize("claimed", [2_000_000_000, 0x7FFFEFFF, 0x80000002, 3_000_000_000, 0xFFFFEFFE])
def test_a_file_cut_short_is_refused_whatever_its_size_was(tmp_path, claimed):
    path = write(tmp_path / "a.wav", noise(RATE))
    content = path.read_bytes()
    path.write_bytes(content[:40] + claimed.to_bytes(4, "little") + content[44:])
    with pytest.raises(EscGpuError, match=f"^{path}: holds 16000 bytes; expected {claimed} by its header"):
        decode_clip(path, 0, sample_rate=RATE, samples=RATE)


@pytest.mark.parametrize("format", ["NIST", "VOC", "PAF", "SVX", "IRCAM", "MAT4", "MAT5", "PVF"])
def test_a_format_whose_broken_copies_pass_for_whole_is_refused(tmp_path, format):
    """Where such a file is cut short, libsndfile shortens the recording without a word."""
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(RATE), RATE, "PCM_16", format=format)
    with pytest.raises(EscGpuError, match=f"^{path}: is .*; expected WAV, WAVEX, RF64, .* MP3; replace it"):
        decode_clip(path, 0, sample_rate=RATE, samples=RATE)


def test_alac_is_what_was_recorded_or_refused(tmp_path):
    """Where it is loud noise in two channels, libsndfile gives noise of another kind for more than 16 bits."""
    path, samples = tmp_path / "a.caf", np.random.default_rng(0).uniform(-0.9, 0.9, (RATE, 2)).astype(np.float32)
    for bits in (20, 24, 32):
        soundfile.write(path, samples, RATE, f"ALAC_{bits}", format="CAF")
        with pytest.raises(EscGpuError, match=f"^{path}: is {bits} bit ALAC, .*; expected 16 bit ALAC or FLAC"):
            recording_samples(path, RATE)
    soundfile.write(path, samples, RATE, "ALAC_16", format="CAF")
    clip = decode_clip(path, 0, sample_rate=RATE, samples=RATE)
    assert np.abs(clip / 32768 - samples.mean(axis=1)).max() < 1e-4


def test_an_rf64_that_claims_more_audio_than_it_holds_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(RATE), RATE, format="RF64")
    content, expected = path.read_bytes(), decode_clip(path, 0, sample_rate=RATE, samples=RATE)
    place = content.index(b"ds64") + 16
    assert content[place : place + 8] == (2 * RATE).to_bytes(8, "little")
    path.write_bytes(content[:place] + (2 * RATE + 200).to_bytes(8, "little") + content[place + 8 :])
    with pytest.raises(EscGpuError, match=f"^{path}: holds 16000 bytes; expected 16200 by its header"):
        decode_clip(path, 0, sample_rate=RATE, samples=RATE)
    path.write_bytes(content[:place] + (2 * RATE + 100).to_bytes(8, "little") + content[place + 8 :])  # the header's
    np.testing.assert_array_equal(decode_clip(path, 0, sample_rate=RATE, samples=RATE), expected)


def test_an_unknown_length_is_no_claim(tmp_path):
    """FLAC may be written without it, as to a pipe."""
    path = write(tmp_path / "a.flac", noise(RATE))
    content = bytearray(path.read_bytes())
    assert content[22:26] == RATE.to_bytes(4, "big")
    content[22:26] = bytes(4)
    path.write_bytes(content)
    for overlap in (None, 0.5):
        with pytest.raises(
            EscGpuError, match=f"^{path}: has no end that libsndfile can find; expected audio of a known"
        ):
            cut([path], overlap) and decode_clip(path, 0, sample_rate=RATE, samples=10)


@pytest.mark.parametrize("claimed", [0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFF000, 0xFFFFFFFF])
def test_a_stream_is_read_to_its_end(tmp_path, claimed):
    path = write(tmp_path / "a.wav", noise(RATE))
    content, expected = path.read_bytes(), decode_clip(path, 0, sample_rate=RATE, samples=RATE)
    path.write_bytes(content[:40] + claimed.to_bytes(4, "little") + content[44:])
    np.testing.assert_array_equal(decode_clip(path, 0, sample_rate=RATE, samples=RATE), expected)


def unreadable_from_now_on(folder):
    def spoil(file, raw, first):
        handle = os.open(folder / "other", os.O_WRONLY | os.O_CREAT)
        os.dup2(handle, raw.fileno())
        os.close(handle)
        return first

    return spoil


@pytest.mark.parametrize("extension", ["wav", "flac"])
def test_so_it_is_where_python_reads_for_libsndfile(tmp_path, monkeypatch, extension):
    path = write(tmp_path / f"a.{extension}", noise(10 * RATE))
    monkeypatch.setattr(container, "WINDOWS", True)
    monkeypatch.setattr(decode_module, "seek_to", unreadable_from_now_on(tmp_path))
    with pytest.raises(EscGpuError, match=f"^{path}: Bad file descriptor; expected an audio file") as caught:
        decode_clip(path, 0, sample_rate=RATE, samples=10 * RATE)
    assert caught.value.__cause__.errno == errno.EBADF


@pytest.mark.parametrize("extension", ["wav", "flac"])
def test_a_read_that_fails_is_the_disks_fault(tmp_path, monkeypatch, extension):
    """The file is made one that cannot be read (EBADF) once libsndfile has it open."""
    path = write(tmp_path / f"a.{extension}", noise(10 * RATE))

    monkeypatch.setattr(decode_module, "seek_to", unreadable_from_now_on(tmp_path))
    with pytest.raises(EscGpuError, match=f"^{path}: System error") as caught:
        decode_clip(path, 0, sample_rate=RATE, samples=10 * RATE)
    assert caught.value.__cause__.errno == errno.EIO
    with pytest.raises(EscGpuError, match="System error"):
        reason_of(path, caught.value)
