"""A store: what it holds, when it is built and when it is not."""

import fcntl
import hashlib
import json
import os
import shutil
import sys

import numpy as np
import pytest
import soundfile
import soxr

from esc_gpu.data.clips.windows import Windows
from esc_gpu.data.recordings.layouts.esc50 import read_esc50
from esc_gpu.data.store.build import open_store
from esc_gpu.data.store.recording_files import digest_file
from tests.helpers.stores import (
    HIGHEST,
    LOWEST,
    RATE,
    SHARD,
    clips_of,
    identity,
    noise,
    read,
    write,
)

# What a store holds


def test_16_bit_clips_at_their_own_rate_survive_bit_for_bit(clips, cache):
    store = read(clips, cache)
    assert clips_of(store).dtype == np.int16 and store.sample_rate == RATE
    np.testing.assert_array_equal(clips_of(store), [noise(0), noise(1), noise(2)])


def test_files_are_plain_npy_and_a_json_index(clips, cache):
    store = read(clips, cache)
    folder = cache / store.key
    np.testing.assert_array_equal(np.load(folder / SHARD), clips_of(store))
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    assert index["filenames"] == ["c.wav", "a.wav", "b.wav"]
    assert (index["key"], index["sample_rate"], index["samples"]) == (store.key, RATE, RATE)


def test_short_clip_is_padded_and_long_one_cut(tmp_path, cache):
    paths = [write(tmp_path / "short.wav", noise(0, 100)), write(tmp_path / "long.wav", noise(1, 5 * RATE))]
    short, long = clips_of(read(paths, cache, clip_seconds=0.5))
    np.testing.assert_array_equal(short, np.r_[noise(0, 100), np.zeros(RATE // 2 - 100, np.int16)])
    np.testing.assert_array_equal(long, noise(1, 5 * RATE)[: RATE // 2])


def test_channels_are_averaged(tmp_path, cache):
    channels = np.stack([noise(0), noise(1), noise(2), noise(3)], axis=1)
    paths = [write(tmp_path / "2.wav", channels[:, :2]), write(tmp_path / "4.wav", channels)]
    two, four = clips_of(read(paths, cache))
    np.testing.assert_array_equal(two, np.rint(channels[:, :2].mean(axis=1)))
    np.testing.assert_array_equal(four, np.rint(channels.mean(axis=1)))


def test_float_is_scaled_by_32768(tmp_path, cache):
    waveform = np.array([0.25, 1.0, -1.0, 0.3 / 32768, -1.7 / 32768])
    path = write(tmp_path / "a.wav", waveform, subtype="DOUBLE")
    assert clips_of(read([path], cache))[0, :5].tolist() == [8192, HIGHEST, LOWEST, 0, -2]


def test_float_beyond_full_scale_is_kept_in_steps_of_its_power_of_two(tmp_path, cache):
    waveform = np.array([0.25, 1.5, -1.5, 1.0, -1.0, 0.6 / 32768, -3.7 / 32768])
    clip = clips_of(read([write(tmp_path / "a.wav", waveform, subtype="DOUBLE")], cache))[0, :7]
    assert clip.dtype == np.float32 and (clip * 32768).tolist() == [8192, 49152, -49152, 32768, -32768, 0, -4]


def test_what_a_decoder_or_a_resampler_gives_beyond_full_scale_is_clipped(tmp_path, cache):
    square = np.where(np.arange(RATE) // 20 % 2, HIGHEST, LOWEST).astype(np.int16)
    paths = [write(tmp_path / "a.ogg", square / 32768), write(tmp_path / "a.wav", square, 2 * RATE)]
    assert np.abs(soundfile.read(paths[0])[0]).max() > 1.05
    clips = clips_of(read(paths, cache))
    assert clips.dtype == np.int16 and clips.min(axis=1).tolist() == [LOWEST] * 2


@pytest.mark.parametrize(("extension", "subtype"), [("flac", "PCM_16"), ("wav", "PCM_24"), ("flac", "PCM_24")])
def test_lossless_formats(tmp_path, cache, extension, subtype):
    exact = noise().astype(np.float64) / 32768 * 0.3
    path = write(tmp_path / f"a.{extension}", exact, subtype=subtype)
    bits = int(subtype[-2:])
    stored = np.rint(exact * 2 ** (bits - 1)) / 2 ** (bits - 16)  # what the format keeps, in steps of int16
    np.testing.assert_allclose(clips_of(read([path], cache))[0], stored, atol=0.5)


def test_ogg(tmp_path, cache):
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE) / 2
    path = write(tmp_path / "a.ogg", tone)
    waveform = clips_of(read([path], cache))[0]
    np.testing.assert_array_equal(waveform, np.rint(soundfile.read(path, dtype="float32")[0] * 32768))
    assert np.corrcoef(waveform, tone)[0, 1] > 0.99


@pytest.mark.parametrize(("source", "target"), [(44100, 32000), (16000, 48000), (48000, 8000)])
def test_resampled_tone_keeps_its_frequency_and_level(tmp_path, cache, source, target):
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(2 * source) / source)
    path = write(tmp_path / "a.wav", tone, source, "FLOAT")
    waveform = clips_of(read([path], cache, target, 2.0))[0] / 32768
    assert waveform.shape == (2 * target,)
    mixed = waveform * np.exp(-2j * np.pi * 1000 * np.arange(2 * target) / target)
    early, late = (mixed[start : start + target // 2].mean() for start in (target // 4, 5 * target // 4))
    assert abs(early) == pytest.approx(0.25, rel=1e-3)
    assert abs(np.angle(late / early)) / (2 * np.pi) < 1e-3 * 1000  # Hz: the two are one second apart
    assert abs(np.angle(early) + np.pi / 2) < 1e-3  # no delay either


@pytest.mark.parametrize(("source", "target"), [(44100, 16000), (8000, 44100), (48000, 1000)])
def test_cut_before_resampling_changes_nothing(tmp_path, cache, source, target):
    whole = noise(0, 3 * source)
    path = write(tmp_path / "a.wav", whole, source)
    waveform = clips_of(read([path], cache, target, 1.5))[0].astype(int)
    reference = soxr.resample(whole / np.float32(32768), source, target)[: len(waveform)] * 32768
    assert np.abs(waveform - reference.clip(LOWEST, HIGHEST)).max() <= 0.6


@pytest.mark.parametrize("workers", [1, 3])
def test_clips_keep_their_order_whatever_the_workers(tmp_path, cache, workers):
    paths = [write(tmp_path / f"{i}.wav", np.full(10 + i, i, np.int16)) for i in range(70)]
    waveforms = clips_of(read(paths, cache, workers=workers))
    assert waveforms[:, 0].tolist() == list(range(70))
    assert np.count_nonzero(waveforms, axis=1).tolist() == [0, *range(11, 80)]


def test_real_recordings(esc10_root, cache):
    paths = read_esc50(esc10_root).paths[::20]
    waveforms = clips_of(read(paths, cache, 44100, 5.0))
    assert waveforms.shape == (20, 220500)
    for path, waveform in zip(paths, waveforms, strict=True):
        decoded = np.rint(soundfile.read(path, dtype="float32")[0] * 32768)[:220500].clip(LOWEST, HIGHEST)
        np.testing.assert_array_equal(waveform[: len(decoded)], decoded)
        assert waveform.any() and not waveform[len(decoded) :].any()


# When a store is built, and when it is not


def test_second_open_needs_no_decoder_and_no_lock(clips, cache, monkeypatch):
    first = read(clips, cache, 4000)
    before = identity(cache, first)
    for name in ("soundfile", "soxr"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it fails
    monkeypatch.setattr(fcntl, "flock", None)  # a cache that is read-only has none to take
    second = read(clips, cache, 4000)
    assert second.key == first.key and identity(cache, second) == before
    np.testing.assert_array_equal(clips_of(second), clips_of(first))


def test_one_changed_byte_gives_a_new_store(clips, cache):
    first = read(clips, cache)
    status = clips[1].stat()
    content = bytearray(clips[1].read_bytes())
    content[-1] ^= 1
    clips[1].write_bytes(content)
    os.utime(clips[1], ns=(status.st_atime_ns, status.st_mtime_ns))
    second = read(clips, cache)
    assert second.key != first.key
    changed = np.argwhere(clips_of(second) != clips_of(first))
    assert changed.tolist() == [[1, RATE - 1]]


def test_options_names_and_order_give_stores_of_their_own(clips, cache, tmp_path):
    renamed = clips[0].with_name("d.wav")
    shutil.copy(clips[0], renamed)
    stores = [
        read(clips, cache),
        read(clips, cache, sample_rate=4000),
        read(clips, cache, clip_seconds=0.5),
        read(clips[::-1], cache),
        read([renamed, *clips[1:]], cache),
    ]
    assert len({store.key for store in stores}) == 5
    assert [clips_of(store).shape for store in stores[:3]] == [(3, RATE), (3, 4000), (3, RATE // 2)]
    np.testing.assert_array_equal(clips_of(stores[3]), clips_of(stores[0])[::-1])
    assert identity(cache, read(clips, cache)) == identity(cache, stores[0])  # the others left it in place


def test_windows_from_other_starts_are_another_store(clips, cache):
    recording = np.array([0, 0, 1])
    starts = [np.array([0, 100, 0]), np.array([0, 200, 0])]
    stores = [read(clips, cache, clip_seconds=0.5, windows=Windows(recording, start)) for start in starts]
    assert stores[0].key != stores[1].key
    whole = clips_of(read(clips, cache))
    for store, start in zip(stores, starts, strict=True):
        np.testing.assert_array_equal(clips_of(store)[1], whole[0][start[1] : start[1] + RATE // 2])


def test_copy_of_the_clips_elsewhere_shares_the_store(clips, cache, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    copies = [shutil.copy(path, tmp_path / "elsewhere") for path in clips]
    assert read(copies, cache).key == read(clips, cache).key


def shorten(folder):
    os.truncate(folder / SHARD, 1000)


def lengthen(folder):
    with open(folder / SHARD, "ab") as file:
        file.write(b"\0")


def overwrite_header(folder):
    with open(folder / SHARD, "r+b") as file:
        file.write(b"\0" * 16)


def empty(folder):
    os.truncate(folder / SHARD, 0)


def remove_waveforms(folder):
    (folder / SHARD).unlink()


def remove_index(folder):
    (folder / "index.json").unlink()


def damage_index(folder):
    (folder / "index.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [shorten, lengthen, overwrite_header, empty, remove_waveforms],
    ids=lambda damage: damage.__name__,
)
def test_damaged_shard_is_built_again(clips, cache, damage):
    first = read(clips, cache)
    expected, before = clips_of(first).copy(), identity(cache, first)
    damage(cache / first.key)
    second = read(clips, cache)
    np.testing.assert_array_equal(clips_of(second), expected)
    after = identity(cache, second)
    assert after != before
    assert identity(cache, read(clips, cache)) == after


@pytest.mark.parametrize("damage", [remove_index, damage_index], ids=lambda damage: damage.__name__)
def test_damaged_index_is_written_again_beside_the_shards(clips, cache, damage):
    first = read(clips, cache)
    index, before = cache / first.key / "index.json", identity(cache, first)
    expected = index.read_bytes()
    damage(cache / first.key)
    assert identity(cache, read(clips, cache)) == before
    assert index.read_bytes() == expected


def test_only_what_the_clip_needs_is_read(tmp_path, cache, frames_read):
    path = write(tmp_path / "a.flac", np.zeros(60 * RATE))
    read([path], cache, clip_seconds=0.5)
    assert sum(frames_read) == RATE // 2
    frames_read.clear()
    read([path], cache, 16000, clip_seconds=0.5)
    assert RATE // 2 < sum(frames_read) < RATE


@pytest.mark.parametrize("progress", [True, False])
def test_progress_bar(clips, cache, capsys, progress):
    open_store(clips, sample_rate=RATE, clip_seconds=1.0, cache_dir=cache, progress=progress)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("3/3" in captured.err) is progress


@pytest.mark.parametrize(("format", "is_same"), [("WAV", True), ("AIFF", True), ("FLAC", True), ("OGG", False)])
def test_stores_of_before_are_taken_only_of_what_is_read_as_before(tmp_path, format, is_same):
    """Else shortened clips of joined files would live on in them."""
    path = tmp_path / "a"
    soundfile.write(path, noise(), RATE, format=format)
    digest = hashlib.blake2b(path.read_bytes()).hexdigest()
    assert digest_file(path).digest == (digest if is_same else f"{digest}-2")
