"""From the store to batches on the device, and the order in which an epoch visits the clips."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from esc_gpu.errors import EscGpuError

# Share of the free memory that the store may take: the rest is for the model and its activations.
RESIDENT_SHARE = 0.5


class WaveformSource:
    """The clips of a store as batches on a device.

    Args:
        waveforms: `(clips, T)` int16, memory-mapped.
        device: where the batches go.
        residence: "device" copies all clips there once, and a batch is an index; "stream" reads each batch from
            the file, through pinned memory, one batch ahead; "auto" is "device" where the clips fit.
    """

    def __init__(self, waveforms: np.ndarray, device: torch.device, residence: str = "auto"):
        self.waveforms = waveforms
        self.device = device
        if residence == "auto":
            fits = waveforms.nbytes < RESIDENT_SHARE * free_memory(device)
            residence = "device" if fits else "stream"
        self.resident = torch.from_numpy(np.array(waveforms)).to(device) if residence == "device" else None

    def batches(self, index_batches: Iterable[np.ndarray]) -> Iterator[Tensor]:
        """`(B, T)` int16 on the device for each `(B,)` of clip numbers."""
        if self.resident is not None:
            for index in index_batches:
                yield self.resident[torch.from_numpy(index).to(self.device)]
            return
        with ThreadPoolExecutor(1) as pool:
            ahead = None
            for index in index_batches:
                reading = pool.submit(self.read, index)
                if ahead is not None:
                    yield self.to_device(ahead.result())
                ahead = reading
            if ahead is not None:
                yield self.to_device(ahead.result())

    def read(self, index: np.ndarray) -> Tensor:
        """`(B,)` clip numbers → `(B, T)` int16 in host memory, pinned for a GPU."""
        batch = torch.from_numpy(self.waveforms[index])
        return batch.pin_memory() if self.device.type == "cuda" else batch

    def to_device(self, batch: Tensor) -> Tensor:
        """A batch from `read` on the device; the copy does not hold up the host."""
        return batch.to(self.device, non_blocking=True)


def free_memory(device: torch.device) -> int:
    """Bytes free on the device; for the CPU, of main memory."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def shuffled_batches(
    clips: np.ndarray, batch_size: int, seed: tuple[int, ...], rank: int = 0, world_size: int = 1
) -> list[np.ndarray]:
    """One epoch's batches of a rank: `batch_size / world_size` clip numbers each.

    All ranks draw the same order from `seed` and take their slices of every batch, so the batches of the
    whole do not depend on the number of processes. The incomplete batch at the end is left out, unless
    it is the only one.

    Raises:
        EscGpuError: for fewer clips than processes.
    """
    if len(clips) < world_size:
        raise EscGpuError(f"{len(clips)} training clips are too few for {world_size} processes: start fewer")
    order = np.random.default_rng(seed).permutation(clips)
    n_batches = max(1, len(order) // batch_size)
    batches = order[: n_batches * batch_size].reshape(n_batches, -1)
    share = batches.shape[1] // world_size
    return list(batches[:, rank * share : (rank + 1) * share])


def evaluation_batches(clips: np.ndarray, batch_size: int, rank: int = 0, world_size: int = 1) -> list[np.ndarray]:
    """A rank's batches of all clips in order: it takes every `world_size`-th, padded so that all ranks have as many."""
    padded = np.resize(clips, -(-len(clips) // world_size) * world_size)
    share = padded[rank::world_size]
    return [share[start : start + batch_size] for start in range(0, len(share), batch_size)]
