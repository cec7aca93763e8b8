"""Folds trained side by side: on a CPU, models of a thread each get through more clips than one of many threads."""

import contextlib
import copy
import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from pathlib import Path
from typing import Any

import torch

from esc_gpu.config.schema import RunConfig
from esc_gpu.core.clip import clip_samples
from esc_gpu.core.folds import Fold
from esc_gpu.errors import EscGpuError, EscGpuWarning
from esc_gpu.model.classifier import WaveformClassifier
from esc_gpu.training.fold import FoldData, FoldResult
from esc_gpu.training.loop import train_fold
from esc_gpu.training.out_of_memory import is_out_of_memory, with_smaller_parts


class Stopped(Exception):
    """Ends a fold because another one, or the user, ended the run."""


def plan_rounds(
    config: RunConfig, accelerator: Any, model: WaveformClassifier, folds: Sequence[Fold]
) -> list[list[Fold]]:
    """The folds in the order of their training, those trained side by side in one list.

    Raises:
        EscGpuError: for `train.folds_at_once` where folds cannot be trained side by side.
    """
    at_once, hindrance = config.train.folds_at_once, find_hindrance(config, accelerator, model)
    if hindrance and at_once not in (None, 1):
        raise EscGpuError(f"train.folds_at_once={at_once} is not possible with {hindrance}: remove the option")
    if hindrance:
        at_once = 1
    at_once = at_once or torch.get_num_threads()
    return [list(folds[first : first + at_once]) for first in range(0, len(folds), at_once)]


def find_hindrance(config: RunConfig, accelerator: Any, model: WaveformClassifier) -> str | None:
    """What keeps folds from being trained side by side, if anything."""
    hindrances = {
        "a GPU": accelerator.device.type != "cpu",
        "several processes": accelerator.num_processes > 1,
        "a tracker": config.tracker.name != "none",
        "train.compile": config.train.compile not in ("no", "auto"),  # auto compiles on GPUs alone
        "train.profile": config.train.profile,
        "a backbone that draws random numbers, such as for dropout: all threads would share the generator": (
            draws_random_numbers(model, clip_samples(config.data.sample_rate, config.data.clip_seconds))
        ),
    }
    return next((name for name, there in hindrances.items() if there), None)


def draws_random_numbers(model: WaveformClassifier, n_samples: int) -> bool:
    """Whether the backbone does so in training."""
    backbone = copy.deepcopy(model.backbone).train()  # batch norm remembers what it sees
    before = torch.get_rng_state()
    with torch.no_grad():
        backbone(torch.zeros(2, *model.image_shape(n_samples)))
    return not torch.equal(before, torch.get_rng_state())


def train_together(
    config: RunConfig,
    accelerator: Any,
    folds: Sequence[Fold],
    data: Sequence[FoldData],
    folders: Sequence[Path],
    threads: int,
) -> list[FoldResult]:
    """`train_fold` for each of the folds at once, on so many CPU threads each.

    A fold that runs out of memory goes on from its last checkpoint with its batch in twice as many parts; it warns.

    Raises:
        EscGpuError: what the first fold to fail raises; the others end after their step, or the evaluation they are at.
    """
    all_threads, stop = torch.get_num_threads(), threading.Event()

    def check() -> None:
        if stop.is_set():
            raise Stopped

    def train(data: FoldData, fold: Fold, folder: Path) -> FoldResult:
        torch.set_num_threads(threads)  # of this thread
        its_config = config
        while True:
            try:
                return train_fold(its_config, accelerator, data, fold, folder, check)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                its_config, line = with_smaller_parts(
                    its_config, accelerator.num_processes, len(data.train), fold, error
                )
                warnings.warn(EscGpuWarning(line), stacklevel=2)
            accelerator.free_memory()  # here, where the error does not hold the failed step's tensors any more

    try:
        if len(folds) == 1:
            return [train(data[0], folds[0], folders[0])]
        # Evaluations set and restore torch's stance, each thread in its turn.
        with torch.compiler.set_stance("default"), ThreadPoolExecutor(len(folds)) as pool:
            training: list[Future[FoldResult]] = []
            try:
                training.extend(pool.submit(train, *arguments) for arguments in zip(data, folds, folders, strict=True))
                for fold in as_completed(training):
                    fold.result()
            except BaseException:
                stop.set()
                with contextlib.suppress(KeyboardInterrupt):  # they are ending, and may write until they have
                    wait(training)
                raise
            return [fold.result() for fold in training]
    finally:
        torch.set_num_threads(all_threads)
