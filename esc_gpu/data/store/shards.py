"""The files of a store: shards of clips, each a plain .npy, and an index that is written last."""

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HEADER_BYTES = 128  # of an .npy with a short header
SAMPLE_BYTES = 2


def clips_in_shard(n_samples: int, shard_bytes: int) -> int:
    """Clips that fit into a file of `shard_bytes`; one at least."""
    return max(1, (shard_bytes - HEADER_BYTES) // (SAMPLE_BYTES * n_samples))


@dataclass(frozen=True)
class Shard:
    """One file of a store: clips `first` to `first + n_clips`, `(n_clips, n_samples)` int16."""

    path: Path
    first: int
    n_clips: int
    n_samples: int

    @property
    def header(self) -> bytes:
        """What the file begins with."""
        header = io.BytesIO()
        fields = {"descr": "<i2", "fortran_order": False, "shape": (self.n_clips, self.n_samples)}
        np.lib.format.write_array_header_1_0(header, fields)
        return header.getvalue()

    @property
    def n_bytes(self) -> int:
        """Size of the file."""
        return len(self.header) + SAMPLE_BYTES * self.n_clips * self.n_samples

    def is_whole(self) -> bool:
        """False too for a file cut short or overwritten; the samples themselves are not read."""
        header = self.header
        try:
            with open(self.path, "rb") as file:
                return os.fstat(file.fileno()).st_size == self.n_bytes and file.read(len(header)) == header
        except FileNotFoundError:
            return False


class ShardFolder:
    """What the files of a store must be, and whether they are."""

    def __init__(self, folder: Path, shape: tuple[int, int], clips_per_shard: int, index: dict[str, Any]):
        n_clips, n_samples = shape
        self.folder, self.shape, self.clips_per_shard = folder, shape, clips_per_shard
        self.index, self.lock = folder / "index.json", folder / "lock"
        self.damaged = folder / "damaged.json"  # in place of a store: the recordings for which there cannot be one
        self.index_text = json.dumps(index, indent=1)
        self.shards = [
            Shard(folder / f"waveforms-{number:05}.npy", first, min(clips_per_shard, n_clips - first), n_samples)
            for number, first in enumerate(range(0, n_clips, clips_per_shard))
        ]

    def is_complete(self) -> bool:
        """Whether the index and every shard are there and whole."""
        try:
            return self.index.read_bytes() == self.index_text.encode() and not self.missing()
        except FileNotFoundError:
            return False

    def missing(self) -> list[Shard]:
        """The shards that are not there, or not whole."""
        return [shard for shard in self.shards if not shard.is_whole()]

    def remove_leftovers(self) -> None:
        """Delete what is no part of the store: the temporary files of a builder that was killed."""
        kept = {self.lock, self.index, self.damaged, *(shard.path for shard in self.shards)}
        for path in set(self.folder.iterdir()) - kept:
            path.unlink()
