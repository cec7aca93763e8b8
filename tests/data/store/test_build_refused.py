"""What no store is built of: options out of range, a cache without room, clips that cannot be decoded."""

import errno
import os
import shutil
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from esc_gpu.data.clips.damaged_files import DamagedFilesError
from esc_gpu.data.clips.decode import decode_clip
from esc_gpu.data.store import build as store_module
from esc_gpu.data.store.recording_files import digest_file
from esc_gpu.errors import EscGpuError
from tests.helpers.hashed_files import hashed_by
from tests.helpers.stores import (
    RATE,
    clips_of,
    failure,
    noise,
    read,
    write,
)


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
    assert "or --cache-dir of esc-gpu features" in message
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


def too_large(path):
    write(path, np.stack([np.zeros(99), np.full(99, -2e300)], axis=1), 2 * RATE, subtype="DOUBLE")
    return "has samples of up to 1e+300, which float32 does not hold; expected full scale at 1"


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


BAD = [missing, directory, empty_file, garbage, no_frames, nan, infinite, too_large, absurd_rate]
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
    decode = store_module.decode

    def fail_at_the_second(path, *given, **options):
        if path == clips[1]:
            raise EscGpuError(f"{path}: cannot be read") from cause
        return decode(path, *given, **options)

    monkeypatch.setattr(store_module, "decode", fail_at_the_second)
    with pytest.raises(EscGpuError, match="cannot be read"):
        read(clips, cache, shard_bytes=1, workers=1)
    assert len(list(cache.rglob("waveforms-*.npy"))) == kept


@pytest.mark.parametrize("suffix", ["raw", "gsm", "vox"])  # by which libsndfile would take anything for audio
def test_clip_without_a_header(tmp_path, cache, suffix):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"headerless" * 100)
    assert f"{path}: Format not recognised" in failure([path], cache)


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


def other_audio(path):
    write(path, noise(7))


def no_audio(path):
    path.write_bytes(b"no audio")


@pytest.mark.parametrize("on_error", ["fail", "skip"])
@pytest.mark.parametrize("swap", [other_audio, no_audio])
def test_a_recording_that_changes_once_it_is_hashed_is_in_no_store(clips, cache, swap, on_error):
    """Neither as the clip of the content that the store is known by, nor as a damaged one."""
    content = clips[1].read_bytes()

    def digest(path):
        fingerprint = digest_file(path)
        if path == clips[2]:
            swap(clips[1])
        return fingerprint

    message = f"^{clips[1]}: has changed since it was hashed; expected an unchanged file"
    with pytest.raises(EscGpuError, match=message) as caught:
        read(clips, cache, files=hashed_by(digest), on_error=on_error, workers=1, shard_bytes=1)
    assert not isinstance(caught.value, DamagedFilesError)
    clips[1].write_bytes(content)
    stored = clips_of(read(clips, cache, on_error=on_error, shard_bytes=1))
    np.testing.assert_array_equal(stored, [decode_clip(path, 0, sample_rate=RATE, samples=RATE) for path in clips])
