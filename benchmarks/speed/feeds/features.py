"""Precomputed features: from files by a DataLoader, from pinned memory, and on the device."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from benchmarks.speed.feeds.base import Feed, Material
from benchmarks.speed.feeds.loader import LoaderFeed
from esc_gpu.data.store.prefetch import create_transfer, send_numbers

BUFFERS = 2


class FileDataset(Dataset):
    """One .npy a clip."""

    def __init__(self, material: Material):
        self.files, self.labels = material.precomputed.files, material.labels

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, clip: int) -> tuple[Tensor, int]:
        return torch.from_numpy(np.load(self.files[clip])), int(self.labels[clip])


class MemmapDataset(Dataset):
    """One array on disk, from which a batch is read at once: item by item takes longer, by a copy of each."""

    def __init__(self, material: Material):
        self.array = np.load(material.precomputed.array, mmap_mode="r")
        self.labels = material.labels

    def __len__(self) -> int:
        return len(self.array)

    def __getitems__(self, clips: list[int]) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.array[clips]), torch.from_numpy(self.labels[clips])


def from_files(material: Material, workers: int) -> LoaderFeed:
    """One .npy a clip."""
    return LoaderFeed(lambda augmented: FileDataset(material), workers, material.device)


def from_memmap(material: Material, workers: int) -> LoaderFeed:
    """One array on disk. Its items are batches already."""
    return LoaderFeed(lambda augmented: MemmapDataset(material), workers, material.device, collate=as_it_is)


def as_it_is(batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """The batch that `MemmapDataset` has made."""
    return batch


class PinnedFeed(Feed):
    """All features in pinned memory; a batch is gathered into one of two pinned buffers, and copied beside the steps.

    On the CPU the memory is the device's own: the feed differs from `ResidentFeed` by the copy only.
    """

    def __init__(self, material: Material):
        self.device = material.device
        features = torch.from_numpy(np.load(material.precomputed.array))
        self.features = features.pin_memory() if self.device.type == "cuda" else features
        self.labels = torch.from_numpy(material.labels).to(self.device)

    def batches(self, index_batches: list[np.ndarray], augmented: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        transfer, numbers = create_transfer(self.device), send_numbers(index_batches, self.device)
        shape = (max(len(index) for index in index_batches), *self.features.shape[1:])
        pinned = self.device.type == "cuda"
        buffers = [torch.empty(shape, pin_memory=pinned) for _ in range(BUFFERS)]
        waits = [lambda: None] * BUFFERS

        def take(step: int, index: np.ndarray) -> tuple[Tensor, Tensor]:
            waits[step % BUFFERS]()  # until the buffer's last copy is done
            buffer = buffers[step % BUFFERS][: len(index)]
            torch.index_select(self.features, 0, torch.from_numpy(index), out=buffer)
            batch, waits[step % BUFFERS] = transfer.send(buffer)
            return batch, self.labels[numbers[step]]

        for step, index in enumerate(index_batches):
            yield take(step, index)


class ResidentFeed(Feed):
    """All features on the device: a batch is an index."""

    def __init__(self, material: Material):
        self.device = material.device
        self.features = torch.from_numpy(np.load(material.precomputed.array)).to(self.device)
        self.labels = torch.from_numpy(material.labels).to(self.device)

    def batches(self, index_batches: list[np.ndarray], augmented: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        for numbers in send_numbers(index_batches, self.device):
            yield self.features[numbers], self.labels[numbers]
