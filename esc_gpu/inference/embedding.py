"""Embeddings of recordings of any length by a trained pipeline."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from esc_gpu.core.progress import tqdm
from esc_gpu.errors import EscGpuError
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.inference.predict import file_windows, reporting_memory

Windows = Iterator[tuple[int, float, Tensor]]  # of which file, its start in seconds, and waveform (T,)


@dataclass(frozen=True, eq=False)
class Embeddings:
    """What a model makes of the windows of recordings, before its last layer.

    Attributes:
        file: `(W,)` int64, the number of the recording of each, ascending.
        start_seconds: `(W,)` float64, where a window starts; 0 for a whole recording.
        values: `(W, D)` float32.
    """

    file: np.ndarray
    start_seconds: np.ndarray
    values: np.ndarray

    def pooled(self) -> "Embeddings":
        """A row for each recording: the mean over its windows."""
        files, first, windows = np.unique(self.file, return_index=True, return_counts=True)
        sums = np.add.reduceat(self.values, first, dtype=np.float64)
        means = (sums / windows[:, None]).astype(np.float32)
        return Embeddings(files, np.zeros(len(files)), means)


def embed_files(
    pipeline: Pipeline,
    paths: Sequence[str | Path],
    overlap: float | None = 0.5,
    batch_size: int = 32,
    progress: bool = False,
    failed: Callable[[str | Path, EscGpuError], None] | None = None,
) -> Embeddings:
    """Embed audio files of any length, format and sample rate: the windows that `predict_file` classifies.

    The windows of short files share batches.

    Args:
        pipeline: the trained pipeline.
        paths: of the files.
        overlap, batch_size: as of `predict_file`.
        progress: show a bar.
        failed: is told of each file that cannot be embedded, and why; by default such a file ends the work.

    Raises:
        EscGpuError: for what `predict_file` refuses.
    """
    files, starts, values = [], [], []
    broken: list[int] = []  # a damaged file is found while it is decoded: it gives all its windows, or none
    with tqdm(total=len(paths), desc="embed", unit="file", disable=not progress) as bar:
        windows = _windows(pipeline, paths, overlap, batch_size, failed, broken, bar)
        for batch in _batches(windows, batch_size):
            files += [number for number, _, _ in batch]
            starts += [start for _, start, _ in batch]
            values.append(_embed(pipeline, torch.stack([waveform for _, _, waveform in batch])))
    whole = ~np.isin(files, broken)
    if not whole.any():
        raise EscGpuError("no file could be embedded; expected one or more that can be decoded; name others")
    number = np.array(files, dtype=np.int64)  # by default NumPy 1 takes int32 on Windows
    return Embeddings(number[whole], np.array(starts)[whole], np.concatenate(values)[whole])


def _windows(
    pipeline: Pipeline,
    paths: Sequence[str | Path],
    overlap: float | None,
    batch_size: int,
    failed: Callable[[str | Path, EscGpuError], None] | None,
    broken: list[int],
    bar: tqdm,
) -> Windows:
    for number, path in enumerate(paths):
        try:
            _, starts, batches = file_windows(pipeline, path, overlap, batch_size)
            waveforms = (waveform for batch in batches for waveform in batch)
            for start in starts.tolist():
                yield number, start, next(waveforms)
        except EscGpuError as error:
            if failed is None:
                raise
            broken.append(number)
            failed(path, error)
        bar.update()


def _batches(windows: Windows, batch_size: int) -> Iterator[list[tuple[int, float, Tensor]]]:
    """Full batches of windows of one type, but for the last of each."""
    batch: list[tuple[int, float, Tensor]] = []
    for window in windows:
        if batch and (len(batch) == batch_size or batch[-1][2].dtype != window[2].dtype):
            yield batch
            batch = []
        batch.append(window)
    if batch:
        yield batch


def _embed(pipeline: Pipeline, batch: Tensor) -> np.ndarray:
    """`(B, D)` float32, on the CPU."""
    with reporting_memory(pipeline.device, len(batch)):
        embeddings = pipeline.embed(batch).cpu()
    if not embeddings.isfinite().all():
        raise EscGpuError("the model returns NaN: its weights are damaged, or its precision is too low; train it again")
    return embeddings.numpy()
