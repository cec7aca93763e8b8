"""Windows: where they lie, and that a part of a recording decodes as it would within the whole."""

import numpy as np
import pytest
import soundfile
import soxr

from esc_gpu.data.clips import decode as decode_module
from esc_gpu.data.clips.decode import decode_clip, recording_samples
from esc_gpu.data.clips.windows import Windows, cut_windows
from esc_gpu.data.store.build import open_store
from esc_gpu.data.store.recording_files import digest_file
from esc_gpu.errors import EscGpuError
from tests.helpers.hashed_files import hashed_by
from tests.helpers.windows import RATE, cut, noise, starts, write

# Where they lie


def test_without_overlap_given_each_recording_has_its_beginning_and_stays_closed(tmp_path):
    windows = cut([tmp_path / "not there", tmp_path / "nor this"], None)
    assert windows.recording.tolist() == [0, 1] and windows.start.tolist() == [0, 0]
    assert windows.recording.dtype == windows.start.dtype == np.int64


@pytest.mark.parametrize(
    ("samples", "overlap", "expected"),
    [
        (1, 0, [0]),  # shorter than a clip
        (8000, 0, [0]),
        (8000, 0.5, [0]),
        (8001, 0, [0, 1]),  # the tail is one sample
        (16000, 0, [0, 8000]),
        (16000, 0.5, [0, 4000, 8000]),
        (18000, 0.5, [0, 4000, 8000, 10000]),
        (8800, 0.95, [0, 400, 800]),
        (24000, 1 / 3, [0, 5333, 10666, 15999, 16000]),
    ],
)
def test_windows_cover_the_recording_and_end_with_it(tmp_path, samples, overlap, expected):
    assert starts(cut([write(tmp_path / "a.wav", noise(samples))], overlap)) == expected


def test_windows_are_in_the_order_of_the_recordings(tmp_path):
    paths = [write(tmp_path / f"{i}.wav", noise(n)) for i, n in enumerate((20000, 100, 16000))]
    windows = cut(paths, 0, workers=3)
    assert windows.recording.tolist() == [0, 0, 0, 1, 2, 2]
    assert windows.start.tolist() == [0, 8000, 12000, 0, 0, 8000]


def test_hop_is_one_sample_at_least(tmp_path):
    path = write(tmp_path / "a.wav", noise(7))
    assert starts(cut([path], 0.95, clip_seconds=4 / RATE)) == [0, 1, 2, 3]


@pytest.mark.parametrize("frames", [44100, 44177, 50001])
@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_length_at_the_stores_rate_is_that_of_the_resampled_recording(tmp_path, frames, rate):
    path = write(tmp_path / "a.wav", noise(frames), 44100)
    length = len(soxr.resample(noise(frames).astype(np.float32), 44100, rate, "HQ"))
    assert starts(cut([path], 0, 0.5, rate))[-1] == length - rate // 2


def test_no_recordings_have_no_windows():
    assert cut([], 0.5).start.shape == cut([], None).start.shape == (0,)


@pytest.mark.parametrize("progress", [True, False])
def test_progress_bar(tmp_path, capsys, progress):
    paths = [write(tmp_path / f"{i}.wav", noise(100)) for i in range(3)]
    cut_windows(paths, sample_rate=RATE, clip_seconds=1.0, overlap=0.0, progress=progress)
    captured = capsys.readouterr()
    assert captured.out == "" and ("3/3" in captured.err) is progress


@pytest.mark.parametrize("overlap", [-0.01, 0.951, 1, float("nan")])
def test_overlap_out_of_range(overlap):
    with pytest.raises(EscGpuError, match=rf"^data.overlap is {overlap}; expected a share from 0 to 0.95"):
        cut([], overlap)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"workers": 0}, "data.workers is 0"),
        ({"clip_seconds": 0}, "data.clip_seconds is 0"),
        ({"sample_rate": 1}, "data.sample_rate is 1"),
    ],
)
@pytest.mark.parametrize("overlap", [None, 0.5])
def test_other_options_out_of_range(overlap, options, message):
    with pytest.raises(EscGpuError, match=message):
        cut([], overlap, **options)


def no_audio(path):
    path.write_bytes(b"no audio" * 100)
    return "Format not recognised"


def no_frames(path):
    write(path, np.zeros(0))
    return r"has no audio \(0 frames\)"


def too_long(path):
    write(path.with_suffix(".flac"), noise(RATE))
    content = bytearray(path.with_suffix(".flac").read_bytes())
    content[21] |= 0x0F  # the 36 bits of the total samples in STREAMINFO
    content[22:26] = b"\xff" * 4
    path.write_bytes(content)
    return "claims 2386 hours; expected up to 744"


@pytest.mark.parametrize("spoil", [no_audio, no_frames, too_long, lambda path: "No such file"])
def test_recording_that_cannot_be_measured_is_named(tmp_path, spoil):
    paths = [write(tmp_path / "good.wav", noise(100)), tmp_path / "bad.wav"]
    reason = spoil(paths[1])
    with pytest.raises(EscGpuError, match=rf"^{paths[1]}: .*{reason}.*; replace it or leave it out$"):
        cut(paths, 0)


# What they hold


def whole(path, sample_rate):
    """The recording decoded and resampled in one piece, in steps of int16."""
    waveform, rate = soundfile.read(path, dtype="float32", always_2d=True)
    waveform = waveform.mean(axis=1)
    if rate != sample_rate:
        waveform = soxr.resample(waveform, rate, sample_rate, "HQ")
    return waveform.astype(np.float64) * 32768


@pytest.mark.parametrize("extension", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize(
    ("source", "target"),
    [(16000, 16000), (44100, 16000), (16000, 44100), (48000, 44100), (22050, 44100), (44100, 8000)],
)
def test_window_is_that_part_of_the_whole(tmp_path, extension, source, target):
    path = write(tmp_path / f"a.{extension}", noise(5 * source + 77, channels=2), source)
    samples, expected = target // 2, whole(path, target)
    atol = 0 if source == target and extension != "mp3" else 1  # from a cold start MP3 rounds otherwise here and there
    tail = len(expected) - samples
    for start in (0, 1, samples // 3, target + 1, 2 * target, 3 * target + 12345, tail):
        clip = decode_clip(path, start, sample_rate=target, samples=samples)
        part = expected[start : start + samples]
        np.testing.assert_allclose(clip[: len(part)], np.rint(part).clip(-32768, 32767), rtol=0, atol=atol)
        assert not clip[len(part) :].any()


CODECS = [("mp3", "MPEG_LAYER_III", 44100), ("mp3", "MPEG_LAYER_III", 22050), ("mp3", "MPEG_LAYER_III", 8000)]
CODECS += [("ogg", "VORBIS", 44100), ("ogg", "VORBIS", 8000), ("ogg", "OPUS", 48000), ("ogg", "OPUS", 8000)]


@pytest.mark.parametrize("block_values", [None, 5000], ids=["one block", "many blocks"])
@pytest.mark.parametrize(("extension", "subtype", "rate"), CODECS)
def test_a_codec_begins_anywhere_with_the_right_samples(tmp_path, monkeypatch, extension, subtype, rate, block_values):
    """Few bits a second: then what MP3 must know of what was before, and a page of Ogg, reach far."""
    if block_values:
        monkeypatch.setattr(decode_module, "BLOCK_VALUES", block_values)
    time = np.arange(3 * rate) / rate
    tone = 0.3 * np.sin(2 * np.pi * 440 * time) * (1 + np.sin(6 * np.pi * time)) / 2 + noise(3 * rate) / 400
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, tone, rate, subtype, compression_level=0.99)
    expected = np.rint(soundfile.read(path)[0] * 32768)
    assert len(expected) == 3 * rate
    generator = np.random.default_rng(0)
    for start in (0, 1, *generator.integers(2, len(expected), 40).tolist(), len(expected) - 1):
        clip = decode_clip(path, start, sample_rate=rate, samples=rate)
        part = expected[start : start + rate]
        atol = 500 if subtype == "OPUS" else 1  # whose decoder never forgets all that was before
        np.testing.assert_allclose(clip[: len(part)], part, rtol=0, atol=atol, err_msg=f"from {start} on")
        assert not clip[len(part) :].any()


def test_rates_without_a_common_divisor(tmp_path):
    path = write(tmp_path / "a.wav", noise(4 * 8009), 8009)
    expected = whole(path, 8000)
    for start in (7999, 8000, 12345):
        clip = decode_clip(path, start, sample_rate=8000, samples=4000)
        np.testing.assert_allclose(clip, np.rint(expected[start : start + 4000]), rtol=0, atol=1)


@pytest.mark.parametrize("frames", [320, 960, 17600, 52800])  # 73.5, 220.5, 4042.5 and 12127.5 samples
def test_half_a_sample_at_the_end_counts_wherever_the_clip_begins(tmp_path, frames):
    """soxr gives it or not, by the last bit of the ratio of the rates."""
    path = write(tmp_path / "a.wav", noise(frames), 96000)
    length = recording_samples(path, 22050)
    assert length == (frames * 22050 + 48000) // 96000
    expected = decode_clip(path, 0, sample_rate=22050, samples=length)
    assert expected[-1]
    for start in {0, length // 3, length // 2, max(0, length - 2000), length - 1}:
        clip = decode_clip(path, start, sample_rate=22050, samples=length - start + 5)
        np.testing.assert_allclose(clip[:-5], expected[start:], rtol=0, atol=1, err_msg=f"from {start} on")
        assert not clip[-5:].any()


@pytest.mark.parametrize(("source", "target"), [(RATE, RATE), (44100, 16000), (16000, 44100)])
def test_only_the_window_and_what_the_resampler_sees_is_read(tmp_path, frames_read, source, target):
    path = write(tmp_path / "a.flac", noise(60 * source), source)
    decode_clip(path, 40 * target, sample_rate=target, samples=target)
    assert source <= sum(frames_read) <= (source if source == target else 1.2 * source)


def test_window_with_a_hole_in_the_file_is_refused(tmp_path):
    path = write(tmp_path / "a.flac", noise(20 * RATE))
    content = bytearray(path.read_bytes())
    path.write_bytes(content[: len(content) // 2])
    decode_clip(path, 2 * RATE, sample_rate=RATE, samples=RATE)
    with pytest.raises(EscGpuError, match=f"^{path}: "):
        decode_clip(path, 15 * RATE, sample_rate=RATE, samples=RATE)


# In a store


def open_windows(paths, windows, cache, **options):
    options = {"sample_rate": RATE, "clip_seconds": 1.0, "cache_dir": cache, "progress": False, **options}
    return open_store(paths, windows=windows, **options)


def test_store_holds_the_windows_in_their_order(tmp_path):
    paths = [write(tmp_path / f"{i}.wav", noise(n, i)) for i, n in enumerate((20000, 100, 16000))]
    windows = cut(paths, 0.25)
    store = open_windows(paths, windows, tmp_path / "cache")
    assert store.shape == (len(windows.start), RATE) == (7, RATE)
    pieces = [np.r_[np.rint(whole(path, RATE)), np.zeros(RATE)] for path in paths]
    for clip, recording, start in zip(store.read(np.arange(7)), windows.recording, windows.start, strict=True):
        np.testing.assert_array_equal(clip, pieces[recording][start : start + RATE])


def test_each_file_is_hashed_once_and_the_windows_are_part_of_the_key(tmp_path):
    hashed = []

    def digest(path):
        hashed.append(path)
        return digest_file(path)

    paths = [write(tmp_path / f"{i}.wav", noise(3 * RATE, i)) for i in range(2)]
    stores = [
        open_windows(paths, cut(paths, overlap), tmp_path / "cache", files=hashed_by(digest))
        for overlap in (None, 0, 0.5, 0.9)
    ]
    assert len({store.key for store in stores}) == 4
    assert sorted(hashed) == sorted(4 * paths)
    assert open_windows(paths, None, tmp_path / "cache").key == stores[0].key


@pytest.mark.parametrize(("recording", "start"), [([0, 2], [0, 0]), ([-1], [0]), ([0], [-1]), ([0, 1], [0])], ids=str)
def test_windows_of_other_recordings_are_refused(tmp_path, recording, start):
    paths = [write(tmp_path / f"{i}.wav", noise(RATE)) for i in range(2)]
    with pytest.raises(EscGpuError, match="the windows are not those of these 2 recordings.*cut them anew"):
        open_windows(paths, Windows(np.array(recording), np.array(start)), tmp_path / "cache")
