"""This package's own way: waveforms from the store, features in the model."""

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import torch
from torch import Tensor

from benchmarks.speed.feeds.base import Feed, Material
from esc_gpu.data.store.prefetch import BUFFERS
from esc_gpu.data.store.source import WaveformSource


class WaveformFeed(Feed):
    """Waveforms of a source."""

    gives_waveforms = True

    def __init__(self, material: Material, residence: str):
        self.source = WaveformSource(material.store, material.device, residence=residence)
        self.labels = torch.from_numpy(material.labels).to(material.device)
        self.ahead = BUFFERS if residence == "stream" else 0

    def batches(self, index_batches: list[np.ndarray], augmented: bool = False) -> Iterator[tuple[Tensor, Tensor]]:
        with closing(self.source.batches(index_batches)) as source:
            for _ in index_batches:
                yield self._next(source)  # no name holds on to a batch while it is used: its memory is measured

    def _next(self, source: Iterator[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        waveform, clips = next(source)
        return waveform, self.labels[clips]


def streaming(material: Material) -> WaveformFeed:
    """From the store on disk."""
    return WaveformFeed(material, "stream")


def resident(material: Material) -> WaveformFeed:
    """From the store on the device."""
    return WaveformFeed(material, "device")
