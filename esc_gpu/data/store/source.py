"""From the store to batches on the device."""

from collections.abc import Iterable, Iterator
from typing import Literal, get_args

import numpy as np
import psutil
import torch
from torch import Tensor

from esc_gpu.core.machine import local_processes
from esc_gpu.data.store.prefetch import send_numbers, stream_batches
from esc_gpu.data.store.read import ArrayStore, Waveforms
from esc_gpu.data.store.shards import SAMPLE_BYTES
from esc_gpu.errors import EscGpuError

# Share of the free memory that the store may take: the rest is for the model and its activations.
RESIDENT_SHARE = 0.5
CHUNK_BYTES = 64 << 20  # copied to the device at a time
MPS_ARRAY_BYTES = (1 << 32) - 1  # above, operations end the process. Source: issue 149325 of PyTorch
Residence = Literal["auto", "device", "stream"]


class WaveformSource:
    """The clips of a store as batches on a device.

    Args:
        store: the clips, or an array `(clips, T)` int16 of them.
        device: where the batches go.
        residence: "device" copies all clips there once, and a batch is an index; "stream" reads each batch from
            the store in the background; "auto" is "device" where the clips fit.
        budget_gb: memory on the device that "auto" may give to the clips, in 1e9 bytes; by default half of what is
            free.
        readers: threads that read from the store.

    Attributes:
        n_clips, n_samples: of the store.
        resident: `(n_clips, n_samples)` int16 on the device, or None where batches are streamed.

    Raises:
        EscGpuError: for an option out of its range, and for clips that the device has no room for.
    """

    def __init__(
        self,
        store: Waveforms | np.ndarray,
        device: torch.device,
        residence: Residence = "auto",
        budget_gb: float | None = None,
        readers: int = 2,
    ):
        _check_options(residence, budget_gb, readers)
        self.store = ArrayStore(store) if isinstance(store, np.ndarray) else store
        self.n_clips, self.n_samples = self.store.n_clips, self.store.n_samples
        self.device, self.readers = device, readers
        self._scales = _scales(self.store.exponents, device)
        self.resident = self._load() if self._is_to_reside(residence, budget_gb) else None

    def batches(self, index_batches: Iterable[np.ndarray]) -> Iterator[tuple[Tensor, Tensor]]:
        """For each `(B,)` of clip numbers the waveforms `(B, T)` int16 and the numbers `(B,)` int64, on the device.

        Of a store with exponents the waveforms are float32, full scale at ±1. Nothing in it waits for a GPU.

        Raises:
            EscGpuError: for a store that cannot be read any more.
        """
        index_batches = list(index_batches)
        if self._scales is None:
            yield from self._int16_batches(index_batches)
        else:
            for waveform, numbers in self._int16_batches(index_batches):
                yield waveform * self._scales[numbers], numbers

    def _int16_batches(self, index_batches: list[np.ndarray]) -> Iterator[tuple[Tensor, Tensor]]:
        if self.resident is None:
            yield from stream_batches(self.store, index_batches, self.device, self.readers)
        elif index_batches:
            for numbers in send_numbers(index_batches, self.device):
                yield self.resident[numbers], numbers

    def _is_to_reside(self, residence: Residence, budget_gb: float | None) -> bool:
        if residence == "stream":
            return False
        needed, free = SAMPLE_BYTES * self.n_clips * self.n_samples, free_memory(self.device)
        if residence == "auto":
            return needed <= min(free, RESIDENT_SHARE * free if budget_gb is None else budget_gb * 1e9)
        if needed > free:
            raise EscGpuError(
                f"the clips take {needed} bytes and {self.device} has {free} free; expected room for all of them; "
                "train with --data.residence stream, or choose less data"
            )
        return True

    def _load(self) -> Tensor:
        """All clips on the device, copied in chunks: host memory never holds them all."""
        resident = torch.empty((self.n_clips, self.n_samples), dtype=torch.int16, device=self.device)
        step = max(1, CHUNK_BYTES // (SAMPLE_BYTES * self.n_samples))
        chunks = [np.arange(start, min(start + step, self.n_clips)) for start in range(0, self.n_clips, step)]
        for chunk, (waveform, _) in zip(
            chunks, stream_batches(self.store, chunks, self.device, self.readers), strict=True
        ):
            resident[chunk[0] : chunk[-1] + 1] = waveform
        return resident


def _scales(exponents: np.ndarray | None, device: torch.device) -> Tensor | None:
    """`(n_clips, 1)` float32, what int16 samples are to be multiplied with for full scale at 1; powers of two."""
    if exponents is None:
        return None
    return torch.from_numpy(np.ldexp(np.float32(1), exponents.astype(np.int32) - 15))[:, None].to(device)


def _check_options(residence: Residence, budget_gb: float | None, readers: int) -> None:
    if residence not in get_args(Residence):
        raise EscGpuError(
            f"data.residence {residence!r} is unknown; expected one of {', '.join(get_args(Residence))}; correct it"
        )
    if budget_gb is not None and not budget_gb >= 0:
        raise EscGpuError(f"data.budget_gb is {budget_gb}; expected 0 or more (1e9 bytes); correct it")
    if readers < 1:
        raise EscGpuError(f"readers is {readers}; expected 1 or more; correct it")


def free_memory(device: torch.device) -> int:
    """Bytes that one array may take on the device.

    They are what is free there; on the CPU this process's share of main memory, with what only caches files. Apple's
    GPU has a share of the same memory, and no more than 4 GiB of it for one array.
    """
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "xpu":
        return torch.xpu.mem_get_info(device)[0]
    available = psutil.virtual_memory().available // local_processes()
    if device.type == "mps":
        left = torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
        return max(0, min(available, left, MPS_ARRAY_BYTES))
    return available
