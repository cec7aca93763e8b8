"""The clips that a finished run was tested on, read again from its recordings."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import DataConfig
from esc_gpu.core.channel import Channel
from esc_gpu.core.clip import clip_samples
from esc_gpu.core.run_layout import CONFIG
from esc_gpu.core.task import label_text
from esc_gpu.data.clips.decode import count_workers, decode_clip
from esc_gpu.data.clips.levels import stack_waveforms
from esc_gpu.data.clips.windows import Windows, cut_windows
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.remote.address import is_remote
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.finished_run import RunResults
from esc_gpu.experiment.kept_recordings import data_of_run
from esc_gpu.experiment.recordings import open_recordings

BATCH_SIZE = 32


@dataclass(frozen=True, eq=False)
class RunClips:
    """The clips of a run's test recordings.

    Attributes:
        paths: the file of each row of `predictions.csv`.
        windows: where the clips were cut from; `windows.recording` is a row of `predictions.csv`.
        sample_rate: Hz.
        clip_seconds: length of a clip.
        channel: of the recordings.
    """

    paths: list[Path]
    windows: Windows
    sample_rate: int
    clip_seconds: float
    channel: Channel = "mix"

    @property
    def n_samples(self) -> int:
        """T."""
        return clip_samples(self.sample_rate, self.clip_seconds)

    def read(self, clips: np.ndarray) -> Tensor:
        """The clips of these numbers as `(B, T)` int16, or float where int16 does not hold one; decoded by threads."""
        n_samples = self.n_samples

        def decode(clip: int) -> np.ndarray:
            path, start = self.paths[self.windows.recording[clip]], int(self.windows.start[clip])
            return decode_clip(path, start, sample_rate=self.sample_rate, samples=n_samples, channel=self.channel)

        with ThreadPoolExecutor(count_workers(None)) as pool:
            return torch.from_numpy(stack_waveforms(list(pool.map(decode, clips.tolist()))))

    def batches(self, clips: np.ndarray, batch_size: int = BATCH_SIZE) -> Iterator[tuple[np.ndarray, Tensor]]:
        """Parts of `clips` with their waveforms `(B, T)`, as of `read`."""
        for start in range(0, len(clips), batch_size):
            part = clips[start : start + batch_size]
            yield part, self.read(part)


def open_run_clips(run: RunResults, root: str | Path | None = None, progress: bool = True) -> RunClips:
    """The clips of a run; its recordings are where its config says, or in `root`.

    Raises:
        EscGpuError: for recordings that are not there, cannot be read, or are not those of the run.
    """
    config = parse_run(["--config", str(run.folder / CONFIG)], "esc-gpu report")
    config = replace(config, data=moved(data_of_run(run.folder, config.data), root))
    try:
        recordings = open_recordings(config, progress, lambda line: None)
    except EscGpuError as error:
        hint = "" if root is not None else "; where the run's recordings have moved, give their folder with --root DIR"
        raise EscGpuError(f"{error}{hint}") from error
    paths = paths_of(run, recordings)
    data = config.data
    windows = cut_windows(
        paths,
        sample_rate=data.sample_rate,
        clip_seconds=data.clip_seconds,
        overlap=data.overlap,
        progress=progress,
    )
    return RunClips(paths, windows, data.sample_rate, data.clip_seconds, data.channel)


def moved(data: DataConfig, root: str | Path | None) -> DataConfig:
    """The config with its recordings in `root`, and its table in that folder where it is not in its old place."""
    if root is None:
        return data
    table = data.table
    if table is not None and not (is_remote(root) or Path(os.path.expanduser(table)).is_file()):
        table = str(Path(root) / Path(table).name)
    return replace(data, root=str(root), table=table)


def paths_of(run: RunResults, recordings: Recordings) -> list[Path]:
    """The file of each row of the run's predictions.

    Raises:
        EscGpuError: for a recording that is missing, or in another fold or class than in the run.
    """
    classes = [label_text(label, recordings.class_names) for label in recordings.labels]
    known = dict(zip(recordings.filenames, zip(recordings.folds.tolist(), classes, strict=True), strict=True))
    files = dict(zip(recordings.filenames, recordings.paths, strict=True))
    tested = zip(run.folds.tolist(), (label_text(label, run.class_names) for label in run.labels), strict=True)
    strange = [name for name, row in zip(run.filenames, tested, strict=True) if known.get(name) != row]
    if strange:
        raise EscGpuError(
            f"{recordings.root} does not hold the recordings that {run.folder} was tested on: {len(strange)} of "
            f"{len(run.filenames)} are missing or of another fold or class, {strange[0]} for one; give their folder "
            "with --root DIR"
        )
    return [files[name] for name in run.filenames]
