"""Features computed once and written to files, by the front-end that would otherwise stand in the model."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from esc_gpu.data.clips.decode import count_workers, decode_clip
from esc_gpu.data.clips.levels import stack_waveforms
from esc_gpu.frontends.base import Frontend

BATCH = 32


@dataclass(frozen=True)
class Precomputed:
    """The features of all clips on disk, twice.

    Attributes:
        files: one `(C, F, N)` float32 .npy a clip.
        array: one .npy of them all, `(clips, C, F, N)` float32.
        seconds: spent on decoding, on the features, and on writing the files and the array.
    """

    files: list[Path]
    array: Path
    seconds: dict[str, float]

    @property
    def files_bytes(self) -> int:
        return sum(file.stat().st_size for file in self.files)

    @property
    def array_bytes(self) -> int:
        return self.array.stat().st_size


def precompute(
    paths: Sequence[Path], sample_rate: int, n_samples: int, frontend: Frontend, device: torch.device, folder: Path
) -> Precomputed:
    """Decode the clips with all cores, compute their features batch by batch on the device, and write them."""
    folder.mkdir()
    files = [folder / f"{clip:06}.npy" for clip in range(len(paths))]
    shape = (len(paths), *frontend.output_shape(n_samples))
    array = np.lib.format.open_memmap(folder / "all.npy", mode="w+", dtype=np.float32, shape=shape)
    decode = partial(decode_clip, start=0, sample_rate=sample_rate, samples=n_samples)
    with torch.no_grad():
        frontend(torch.zeros(BATCH, n_samples, device=device))  # its first call may take longer
    seconds = dict.fromkeys(("decode", "extract", "write_files", "write_array"), 0.0)
    with ThreadPoolExecutor(count_workers(None)) as pool, torch.no_grad():
        for start in range(0, len(paths), BATCH):
            times = [time.perf_counter()]
            waveform = stack_waveforms(list(pool.map(decode, paths[start : start + BATCH])))
            times.append(time.perf_counter())
            features = frontend(torch.from_numpy(waveform).to(device)).cpu().numpy()
            times.append(time.perf_counter())
            for file, image in zip(files[start : start + BATCH], features, strict=True):
                np.save(file, image)
            times.append(time.perf_counter())
            array[start : start + BATCH] = features
            times.append(time.perf_counter())
            for part, taken in zip(seconds, np.diff(times).tolist(), strict=True):
                seconds[part] += taken
    started = time.perf_counter()
    array.flush()
    seconds["write_array"] += time.perf_counter() - started
    return Precomputed(files, folder / "all.npy", seconds)
