"""Levels of clips in a store, and stores from before there were any."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from esc_gpu.data.clips.levels import AT_FULL_SCALE, SILENT
from esc_gpu.data.store import build as store_module
from esc_gpu.data.store import earlier_shards
from esc_gpu.data.store.source import WaveformSource
from tests.helpers.stores import LOWEST, RATE, SHARD, WHOLE, clips_of, contents, identity, noise, read, write

CPU = torch.device("cpu")


@pytest.fixture
def paths(tmp_path):
    """Two ordinary clips, then one of each kind that is not."""
    quiet, beyond = 1e-4 * noise(3) / 32768, 3.0 * noise(4) / 32768
    clipped = np.repeat(np.array([LOWEST, 0], np.int16), RATE // 2)
    return [
        write(tmp_path / "0.wav", noise(0)),
        write(tmp_path / "1.wav", noise(1)),
        write(tmp_path / "2.wav", np.zeros(RATE, np.int16)),
        write(tmp_path / "3.wav", quiet, subtype="PCM_24"),
        write(tmp_path / "4.wav", beyond, subtype="FLOAT"),
        write(tmp_path / "5.wav", clipped),
    ]


def assert_levels(store):
    assert store.exponents.tolist() == [0, 0, 0, -13, 2, 0]
    assert store.marks.tolist() == [0, 0, SILENT, 0, 0, AT_FULL_SCALE]
    clips = clips_of(store)
    assert clips.dtype == np.float32
    np.testing.assert_array_equal(clips[:2] * 32768, [noise(0), noise(1)])
    np.testing.assert_allclose(clips[4] * 32768, 3.0 * noise(4), rtol=0, atol=2)  # half of a step of four
    np.testing.assert_allclose(clips[3], 1e-4 * noise(3) / 32768, rtol=0, atol=2**-23)  # a step of 24 bits


def write_as_before(store, cache, **options):
    """The shards as a version made them that knew of no levels."""
    shards = sorted((cache / store.key).glob("*.npy"))
    clips = clips_of(store) * 32768 if store.exponents is not None else clips_of(store)
    clips = np.rint(clips).clip(-32768, 32767).astype(np.int16)
    for shard, part in zip(shards, np.array_split(clips, len(shards)), strict=True):
        np.save(shard, part)
    return [shard.stat().st_ino for shard in shards]


def test_levels_are_kept_behind_the_samples_of_a_plain_npy(paths, cache):
    assert_levels(read(paths, cache))
    before = identity(cache, store := read(paths, cache))
    assert_levels(store)
    assert identity(cache, store) == before and contents(cache) == WHOLE
    shard = np.load(cache / store.key / SHARD)
    assert shard.dtype == np.int16 and shard.shape == (6, RATE)
    assert (cache / store.key / SHARD).stat().st_size == 128 + 6 * (2 * RATE + 2)
    ordinary = read(paths[:2], cache)
    assert ordinary.exponents is None and not ordinary.marks.any() and clips_of(ordinary).dtype == np.int16
    assert (cache / ordinary.key / SHARD).stat().st_size == 128 + 2 * 2 * RATE


def test_a_store_of_before_gets_levels_and_only_what_int16_has_lost_is_decoded_again(paths, cache, monkeypatch):
    two_clips = 128 + 2 * 2 * RATE
    store = read(paths, cache, shard_bytes=two_clips)
    inodes = write_as_before(store, cache)
    decoded, decode = [], store_module.decode

    def counted(path, *given, **options):
        decoded.append(path.stem)
        return decode(path, *given, **options)

    opened, files = open, []

    def kept(*given, **options):
        files.append(opened(*given, **options))
        return files[-1]

    unlink = Path.unlink

    def unlinked(path, **options):  # Windows deletes no file that is open
        assert all(file.closed for file in files if str(path) == str(file.name))
        unlink(path, **options)

    monkeypatch.setattr(store_module, "decode", counted)
    monkeypatch.setattr(earlier_shards, "open", kept, raising=False)
    monkeypatch.setattr(Path, "unlink", unlinked)
    for _ in range(2):  # the second time all is known
        assert_levels(read(paths, cache, shard_bytes=two_clips))
        found = [shard.stat().st_ino for shard in sorted((cache / store.key).glob("*.npy"))]
        assert [a == b for a, b in zip(inodes, found, strict=True)] == [True, False, False]
    # 0 and 1 touch full scale; 2 and 3 are quiet; then the shards of 3 and 4 are made again.
    assert sorted(decoded) == ["0", "1", "2", "2", "3", "3", "4", "4", "5"]


def test_a_store_of_ordinary_clips_of_before_stays_as_it_is(tmp_path, cache):
    paths = [write(tmp_path / f"{seed}.wav", noise(seed) // 2) for seed in range(3)]
    store = read(paths, cache)
    (inode,) = write_as_before(store, cache)
    assert np.load(cache / store.key / SHARD).tobytes() == clips_of(read(paths, cache)).tobytes()
    assert (cache / store.key / SHARD).stat().st_ino == inode


def test_the_key_names_a_channel_only_where_it_is_not_the_mean(clips, cache):
    keys = [read(clips, cache, channel=channel).key for channel in ("mix", "left", 0, "loudest")]
    assert keys[0] == read(clips, cache).key and keys[1] == keys[2] and len(set(keys)) == 3
    index = json.loads((cache / keys[0] / "index.json").read_text(encoding="utf-8"))
    assert (
        "channel" not in index
        and json.loads((cache / keys[1] / "index.json").read_text(encoding="utf-8"))["channel"] == 0
    )


@pytest.mark.parametrize("residence", ["device", "stream"])
def test_batches_have_full_scale_at_one_where_a_clip_has_an_exponent(paths, cache, residence):
    store = read(paths, cache)
    batches = list(WaveformSource(store, CPU, residence).batches([np.array([4, 0]), np.array([3])]))
    found = torch.cat([waveform for waveform, _ in batches])
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), store.read(np.array([4, 0, 3])))
    ((waveform, _),) = WaveformSource(read(paths[:3], cache), CPU, residence).batches([np.array([2, 0])])
    assert waveform.dtype == torch.int16
