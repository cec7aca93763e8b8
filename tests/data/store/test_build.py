import errno
import fcntl
import json
import multiprocessing
import os
import shutil
import sys
import time
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import soxr

from esc_gpu.data.recordings.esc50 import read_esc50
from esc_gpu.data.store import build as store_module
from esc_gpu.data.store.build import open_store
from esc_gpu.errors import EscGpuError

RATE = 8000
LOWEST, HIGHEST = -32768, 32767
SHARD = "waveforms-00000.npy"
WHOLE = {SHARD, "index.json", "lock"}


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def clips(tmp_path):
    """Three clips of white noise, 1 s each."""
    return [write(tmp_path / f"{name}.wav", noise(seed)) for seed, name in enumerate("cab")]


def noise(seed=0, samples=RATE):
    """White noise over the whole range of int16, both ends of it included."""
    waveform = np.random.default_rng(seed).integers(LOWEST, HIGHEST, samples, dtype=np.int16, endpoint=True)
    waveform[1:3] = LOWEST, HIGHEST
    return waveform


def write(path, waveform, rate=RATE, subtype=None):
    soundfile.write(path, waveform, rate, subtype=subtype)
    return path


def read(paths, cache, sample_rate=RATE, clip_seconds=1.0, **options):
    return open_store(
        paths, sample_rate=sample_rate, clip_seconds=clip_seconds, cache_dir=cache, progress=False, **options
    )


def clips_of(store):
    """All samples of a store."""
    return store.read(np.arange(store.n_clips))


def failure(paths, cache, **options):
    """The message of the error, after checking that it is one line and that nothing was left behind."""
    with pytest.raises(EscGpuError) as caught:
        read(paths, cache, **options)
    assert "\n" not in str(caught.value)
    assert contents(cache) <= {"lock"}
    return str(caught.value)


def contents(cache):
    return {path.name for path in cache.glob("*/*")}


def identity(cache, store):
    """What changes when a store is built again: its file is a new one, while the old one is still mapped."""
    return (cache / store.key / SHARD).stat().st_ino


# What a store holds


def test_16_bit_clips_at_their_own_rate_survive_bit_for_bit(clips, cache):
    store = read(clips, cache)
    assert clips_of(store).dtype == np.int16 and store.sample_rate == RATE
    np.testing.assert_array_equal(clips_of(store), [noise(0), noise(1), noise(2)])


def test_files_are_plain_npy_and_a_json_index(clips, cache):
    store = read(clips, cache)
    folder = cache / store.key
    np.testing.assert_array_equal(np.load(folder / SHARD), clips_of(store))
    index = json.loads((folder / "index.json").read_text())
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


def test_float_is_scaled_by_32768_and_clipped(tmp_path, cache):
    waveform = np.array([0.25, 1.5, -1.5, 1.0, -1.0, 0.3 / 32768, -1.7 / 32768])
    path = write(tmp_path / "a.wav", waveform, subtype="DOUBLE")
    expected = [8192, HIGHEST, LOWEST, HIGHEST, LOWEST, 0, -2]
    assert clips_of(read([path], cache))[0, :7].tolist() == expected


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
    (folder / "index.json").write_text("{")


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


# Several builders, and builders that die


FORK = multiprocessing.get_context("fork")


def in_processes(count, target):
    """Run `target(number)` in forked processes and return their exit codes."""
    processes = [FORK.Process(target=target, args=(number,)) for number in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


@pytest.mark.parametrize("locks", [True, False])
def test_builders_at_the_same_time_end_with_the_same_good_store(clips, cache, tmp_path, monkeypatch, locks):
    decode, log, barrier = store_module.decode_clip, tmp_path / "log", FORK.Barrier(2)

    def slow_decode(path, start, **options):
        time.sleep(0.1)  # long enough for the builders to overlap
        with open(log, "a") as file:
            file.write(".")
        return decode(path, start, **options)

    def no_locks(*_):
        barrier.wait(30)  # neither has found a store
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(store_module, "decode_clip", slow_decode)
    if not locks:
        monkeypatch.setattr(fcntl, "flock", no_locks)

    def build(number):
        barrier.wait(30)
        np.save(tmp_path / f"{number}.npy", clips_of(read(clips, cache, workers=1)))

    assert in_processes(2, build) == [0, 0]
    for number in range(2):
        np.testing.assert_array_equal(np.load(tmp_path / f"{number}.npy"), [noise(0), noise(1), noise(2)])
    assert len(log.read_text()) == (3 if locks else 6)  # with locks the second waits for the first
    assert len(list(cache.iterdir())) == 1 and contents(cache) == WHOLE


def test_killed_build_is_no_store_and_the_next_build_cleans_up(clips, cache, monkeypatch):
    decode = store_module.decode_clip

    def die(path, start, **options):
        if path == clips[2]:
            os.kill(os.getpid(), 9)
        return decode(path, start, **options)

    def build(_):
        store_module.decode_clip = die
        read(clips, cache, workers=1)

    assert in_processes(1, build) == [-9]
    assert len(contents(cache) - WHOLE) == 1 and SHARD not in contents(cache)
    np.testing.assert_array_equal(clips_of(read(clips, cache)), [noise(0), noise(1), noise(2)])
    assert contents(cache) == WHOLE


def test_lock_that_fails_is_no_missing_lock(clips, cache, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", broken)
    assert f"cache folder {cache}: Input/output error" in failure(clips, cache)


def test_full_disk_leaves_nothing_behind(clips, cache, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        message = failure(clips, cache)
    assert message.startswith(f"cache folder {cache}: No space left on device") and "--data.cache_dir" in message
    assert clips_of(read(clips, cache)).shape == (3, RATE)


# A user's mistakes


@pytest.mark.parametrize("sample_rate", [0, 999, 384_001])
def test_sample_rate_out_of_range(clips, cache, sample_rate):
    message = f"data.sample_rate is {sample_rate}; expected 1000 to 384000"
    assert message in failure(clips, cache, sample_rate=sample_rate)


@pytest.mark.parametrize("clip_seconds", [0, -1.0, 3600.1, 1e-9, float("nan"), float("inf")])
def test_clip_seconds_out_of_range(clips, cache, clip_seconds):
    assert f"data.clip_seconds is {clip_seconds}; expected" in failure(clips, cache, clip_seconds=clip_seconds)


def test_limits_themselves_are_allowed(clips, cache):
    assert clips_of(read(clips, cache, 384_000, 0.01)).shape == (3, 3840)
    assert clips_of(read(clips[:1], cache, 1000, 3600)).shape == (1, 3_600_000)


def test_no_workers_and_no_clips(clips, cache):
    assert "data.workers is 0" in failure(clips, cache, workers=0)
    assert "there are no clips" in failure([], cache)


def test_cache_folder_below_a_file(clips, tmp_path):
    (tmp_path / "file").touch()
    message = failure(clips, tmp_path / "file" / "cache")
    assert f"cache folder {tmp_path / 'file' / 'cache'}: Not a directory" in message
    assert "--data.cache_dir" in message


def test_too_little_disk(clips, cache, monkeypatch):
    needed = 3 * RATE * 2 + store_module.SPARE_BYTES + 128  # 128: the header of a .npy
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=needed - 1))
    message = failure(clips, cache)
    assert message.startswith(f"cache folder {cache}: 67 MB free; expected 67 MB") and "--data.cache_dir" in message
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=needed))
    assert clips_of(read(clips, cache)).shape == (3, RATE)


def missing(path):
    return "No such file or directory"


def directory(path):
    path.mkdir()
    return "is a folder"


def empty_file(path):
    path.touch()
    return "the file is empty (0 bytes)"


def garbage(path):
    path.write_bytes(b"no audio" * 100)
    return "Format not recognised; expected audio libsndfile can decode"


def no_frames(path):
    write(path, np.zeros(0))
    return "has no audio (0 frames)"


def nan(path):
    write(path, np.r_[np.zeros(99), np.nan], 2 * RATE, subtype="FLOAT")
    return "has NaN or Inf samples"


def infinite(path):
    write(path, np.r_[np.zeros(99), -np.inf], subtype="FLOAT")
    return "has NaN or Inf samples"


def absurd_rate(path):
    write(path, np.zeros(9), 2_000_000_000)
    return "claims 2000000000 Hz"


def flac_cut_short(path):
    soundfile.write(path, noise(), RATE, format="FLAC")
    os.truncate(path, path.stat().st_size // 2)
    return "flac decoder lost sync; expected"


def ogg_with_a_hole(path):
    soundfile.write(path, noise(0, 20 * RATE) / 65536, RATE, format="OGG")
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\0" * 10_000)
    return "expected 160000 by its header"


BAD = [missing, directory, empty_file, garbage, no_frames, nan, infinite, absurd_rate]
BAD += [flac_cut_short, ogg_with_a_hole]


@pytest.mark.parametrize("spoil", BAD, ids=lambda spoil: spoil.__name__)
def test_bad_clip_is_named(clips, cache, spoil):
    clips[1].unlink()
    reason = spoil(clips[1])
    message = failure(clips, cache, clip_seconds=30)
    assert message.startswith(f"{clips[1]}: ") and reason in message
    assert message.endswith("replace it or leave it out")


@pytest.mark.parametrize(("cause", "kept"), [(OSError(errno.EIO, "input/output error"), 1), (None, 0)])
def test_finished_shards_outlive_a_failing_disk_but_not_a_bad_clip(clips, cache, monkeypatch, cause, kept):
    decode = store_module.decode_clip

    def fail_at_the_second(path, *given, **options):
        if path == clips[1]:
            raise EscGpuError(f"{path}: cannot be read") from cause
        return decode(path, *given, **options)

    monkeypatch.setattr(store_module, "decode_clip", fail_at_the_second)
    with pytest.raises(EscGpuError, match="cannot be read"):
        read(clips, cache, shard_bytes=1, workers=1)
    assert len(list(cache.rglob("waveforms-*.npy"))) == kept


@pytest.mark.parametrize("suffix", ["raw", "gsm", "vox"])  # by which libsndfile would take anything for audio
def test_clip_without_a_header(tmp_path, cache, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"headerless" * 100)
    assert f"{path}: Format not recognised" in failure([path], cache)


def test_only_what_the_clip_needs_is_read(tmp_path, cache, monkeypatch):
    path = write(tmp_path / "a.flac", np.zeros(60 * RATE))
    frames, original = [], soundfile.SoundFile.read

    def counted(*args, **options):
        block = original(*args, **options)
        frames.append(len(block))
        return block

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    read([path], cache, clip_seconds=0.5)
    assert sum(frames) == RATE // 2
    frames.clear()
    read([path], cache, 16000, clip_seconds=0.5)
    assert RATE // 2 < sum(frames) < RATE


def test_claimed_length_is_not_believed(tmp_path, cache):
    honest = write(tmp_path / "honest.flac", noise())
    content = bytearray(honest.read_bytes())
    content[21] |= 0x0F  # the 36 bits of the total samples in STREAMINFO: 2 days of audio at 384 kHz
    content[22:26] = b"\xff" * 4
    liar = tmp_path / "liar.flac"
    liar.write_bytes(content)
    assert soundfile.info(liar).frames == 2**36 - 1
    tracemalloc.start()
    message = failure([liar], cache, clip_seconds=3600)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert message.startswith(f"{liar}: ")
    assert peak < 50e6  # an hour would be 115 MB
    np.testing.assert_array_equal(clips_of(read([liar], cache, clip_seconds=0.5))[0], noise()[: RATE // 2])


@pytest.mark.parametrize("progress", [True, False])
def test_progress_bar(clips, cache, capsys, progress):
    open_store(clips, sample_rate=RATE, clip_seconds=1.0, cache_dir=cache, progress=progress)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("3/3" in captured.err) is progress
