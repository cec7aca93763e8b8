"""Stores of a few clips of white noise, and what is in them."""

import numpy as np
import soundfile

from esc_gpu.data.store.build import open_store
from tests.helpers.one_line import refusal

RATE = 8000
LOWEST, HIGHEST = -32768, 32767
SHARD = "waveforms-00000.npy"
WHOLE = {SHARD, "index.json", "lock"}


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


def in_steps(clip):
    """A clip in steps of int16, whichever way it was decoded."""
    return clip if clip.dtype == np.int16 else clip * 32768


def failure(paths, cache, **options):
    """The message of the error, after checking that it is one line and that nothing was left behind."""
    message = refusal(read, paths, cache, **options)
    assert contents(cache) <= {"lock"}
    return message


def contents(cache):
    return {path.name for path in cache.glob("*/*")}


def identity(cache, store):
    """What changes when a store is built again: its file is a new one, while the old one is still mapped."""
    return (cache / store.key / SHARD).stat().st_ino
