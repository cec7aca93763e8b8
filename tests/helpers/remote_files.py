"""Files in fsspec's memory, in place of a bucket, and which of them were fetched."""

import io
from collections import Counter

import numpy as np
import soundfile
from fsspec.implementations.memory import MemoryFileSystem

ROOT = "memory://bucket/sounds"
PATHS = [f"{label}/{number} é.wav" for label in ("cat", "dog") for number in range(6)]


RATE = 8000


def recording(number, samples=RATE):
    """The bytes of a WAV of noise."""
    waveform = np.random.default_rng(number).uniform(-0.5, 0.5, samples)
    file = io.BytesIO()
    soundfile.write(file, waveform, RATE, format="WAV")
    return file.getvalue()


class Bucket:
    """A bucket with recordings, which are only bytes.

    Attributes:
        fetched: how often each file came.
        trouble: by path, errors that its coming fetches end with.
    """

    def __init__(self, monkeypatch):
        self.files, self.fetched, self.trouble = MemoryFileSystem(), Counter(), {}
        self.files.store.clear()
        original = MemoryFileSystem.get_file

        def get_file(files, remote, local, **options):
            path = remote.partition("/sounds/")[2]
            if self.trouble.get(path):
                raise self.trouble[path].pop(0)
            original(files, remote, local, **options)
            self.fetched[path] += 1

        monkeypatch.setattr(MemoryFileSystem, "get_file", get_file)

    def put(self, path, content=None):
        self.files.pipe_file(f"/bucket/sounds/{path}", path.encode() * 9 if content is None else content)

    def remove(self, path):
        self.files.rm_file(f"/bucket/sounds/{path}")
