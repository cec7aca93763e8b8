"""A torch DataLoader over the clips, with its defaults."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks.speed.feeds.base import Feed

PREFETCH_FACTOR = 2  # batches that each worker makes ahead: torch's default


class LoaderFeed(Feed):
    """Features that a Dataset makes, in worker processes or, with none, in between the steps.

    `batches` is one epoch of the loader however many the clip numbers go through: its workers start once, and stay.
    They end when the iterator is closed.

    Args:
        dataset: whether to augment → the Dataset, of features `(C, F, N)` and labels.
        workers: processes; torch gives each of them one thread.
        collate: makes a batch of items; None for torch's own.
    """

    def __init__(
        self,
        dataset: Callable[[bool], Dataset],
        workers: int,
        device: torch.device,
        collate: Callable | None = None,
    ):
        self.dataset, self.workers, self.device, self.collate = dataset, workers, device, collate
        self.ahead = PREFETCH_FACTOR * workers

    def batches(self, index_batches: list[np.ndarray], augmented: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        loader = DataLoader(
            self.dataset(augmented),
            batch_sampler=[index.tolist() for index in index_batches],
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=self.device.type == "cuda",
            collate_fn=self.collate,
        )
        for features, labels in loader:
            yield features.to(self.device, non_blocking=True), labels.to(self.device, non_blocking=True)
