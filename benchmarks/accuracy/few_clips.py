"""Half of the classes learnt from a few clips: from scratch, and from a model that was trained on the other half.

    python -m benchmarks.accuracy.few_clips --data.root ESC-10 --data.subset esc10

Every other class is what a model is trained on first, with the clips of all folds but the last. The others are learnt
from the first clips of each of them in one fold, and tested on all clips of the other folds: as many draws as folds are
named. Each row has the same clips and as many steps. The rates are fixed in advance. Takes the options of train.py.
"""

import argparse
import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.common.command import add_output, create_training_parser, program
from benchmarks.common.results_file import keep_result
from esc_gpu.cli.reporting import reporting
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import RunConfig
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.store.source import WaveformSource
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.bootstrap import accuracy_intervals, paired_difference, resampling_units
from esc_gpu.evaluation.probe import PROBES, class_probabilities
from esc_gpu.experiment.recordings import open_clips, open_recordings
from esc_gpu.inference.embedding import embed_files
from esc_gpu.inference.pipeline import load_pipeline
from esc_gpu.model import checkpoint
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.fold import FoldData
from esc_gpu.training.loop import train_fold

BATCH = 10  # clips in a step: two of each of five classes
WARMUP = 0.1  # of the epochs
RESAMPLES = 10_000
# By name, the options of a training that starts from the model of the other classes, and those of one that does not.
TRAINED: dict[str, dict[str, Any]] = {
    "scratch": {"lr": 1e-3},
    "frozen": {"lr": 1e-3, "freeze": "backbone"},
    "full": {"lr": 1e-4, "head_lr": 1e-3},
}


@dataclasses.dataclass(frozen=True)
class Half:
    """Some of the classes of the recordings, decoded.

    Attributes:
        names: of the classes.
        numbers: the recordings of these classes, ascending.
        labels: `(n,)` int64 of all recordings, in 0..classes-1 for these.
    """

    recordings: Recordings
    source: WaveformSource
    names: list[str]
    numbers: np.ndarray
    labels: np.ndarray

    def data(self, train: np.ndarray, test: np.ndarray) -> FoldData:
        """Some of its clips to train on, and some to test on."""
        clips = np.arange(len(self.labels))
        labels = torch.from_numpy(self.labels)
        return FoldData(self.source, labels, len(self.names), train, test, clips, self.recordings.filenames, self.names)


def main(argv: Sequence[str] | None = None) -> int:
    parser = create_training_parser(__spec__, __doc__)
    parser.add_argument("--clips", type=int, nargs="+", default=[2, 4, 8], metavar="N", help="of a class (2 4 8)")
    parser.add_argument("--draws", type=int, nargs="+", default=[1, 2, 3], metavar="FOLD", help="folds to learn from")
    parser.add_argument("--steps", type=int, default=120, help="of each training on few clips (default: 120)")
    add_output(parser)
    own, options = parser.parse_known_args(argv)
    return reporting(lambda: run(own, parse_run(options, program(__spec__))))


def run(arguments: argparse.Namespace, config: RunConfig) -> None:
    """Train on one half of the classes, then learn the other half in every way, and write the result."""
    started = time.perf_counter()
    first, other = halves(config)
    check(arguments, other)
    rows = [(name, n_clips) for n_clips in arguments.clips for name in (*TRAINED, *PROBES)]
    found: dict[tuple[str, int], list[tuple[np.ndarray, np.ndarray]]] = {row: [] for row in rows}
    with tempfile.TemporaryDirectory(prefix="esc_gpu-few-") as folder:
        model, accuracy = pretrain(config, first, Path(folder))
        embeddings = (
            embed_files(load_pipeline(model), [other.recordings.paths[n] for n in other.numbers]).pooled().values
        )
        for fold in arguments.draws:
            in_fold = other.recordings.folds[other.numbers] == fold
            test = other.numbers[~in_fold]
            for n_clips in arguments.clips:
                train = first_of_each(other, other.numbers[in_fold], n_clips)
                answers = {
                    name: learn(
                        config, other, train, test, options, arguments.steps, None if name == "scratch" else model
                    )
                    for name, options in TRAINED.items()
                } | {name: probe(other, embeddings, train, test, create) for name, create in PROBES.items()}
                for name, predictions in answers.items():
                    found[name, n_clips].append((test, predictions))
                    right = (predictions == other.labels[test]).mean()
                    print(f"fold {fold}, {n_clips} clips of a class, {name}: {100 * right:.1f} %", flush=True)
    result = {
        "benchmark": "few_clips",
        "recordings": other.recordings.root.resolve().name,
        "trained_classes": first.names,
        "classes": other.names,
        "trained_accuracy": accuracy,
        "trained_epochs": config.train.epochs,
        "steps": arguments.steps,
        "draws": arguments.draws,
        "seed": config.train.seed,
        "options": TRAINED,
        "seconds": time.perf_counter() - started,
        "rows": [describe(other, row, found, arguments.draws) for row in rows],
    }
    keep_result(f"few_clips {result['recordings']}", result, arguments.output)


def halves(config: RunConfig) -> tuple[Half, Half]:
    """Every other class, and the rest."""
    recordings = open_recordings(config, True, print)
    store, _, skipped = open_clips(config, recordings, True)
    if skipped or config.data.overlap is not None or recordings.has_splits:
        raise EscGpuError("few_clips needs numbered folds, and a clip of each recording; leave data.overlap out")
    source = WaveformSource(store, torch.device("cpu"))
    parts = []
    for start in (0, 1):
        chosen = np.arange(start, len(recordings.class_names), 2)
        labels = np.searchsorted(chosen, recordings.labels).clip(max=len(chosen) - 1)
        numbers = np.flatnonzero(np.isin(recordings.labels, chosen))
        names = [recordings.class_names[label] for label in chosen]
        parts.append(Half(recordings, source, names, numbers, labels.astype(np.int64)))
    return parts[0], parts[1]


def check(arguments: argparse.Namespace, other: Half) -> None:
    """Refuse folds that are not there, and more clips of a class than one has."""
    for fold in arguments.draws:
        inside = other.numbers[other.recordings.folds[other.numbers] == fold]
        fewest = np.bincount(other.labels[inside], minlength=len(other.names)).min()
        if not 1 <= min(arguments.clips) <= max(arguments.clips) <= fewest or arguments.steps < 1:
            raise EscGpuError(
                f"fold {fold} has {fewest} clips of a class; expected --clips up to that and --steps from 1 on"
            )


def pretrain(config: RunConfig, half: Half, folder: Path) -> tuple[Path, float]:
    """A model of the half on all folds but the last, on disk, and its accuracy on that."""
    is_test = half.recordings.folds[half.numbers] == half.recordings.fold_numbers[-1]
    test = half.numbers[is_test]
    result = train(config, half.data(half.numbers[~is_test], test))
    model = folder / "trained"
    model.mkdir()
    checkpoint.save(model, result.model, half.names, clip_seconds=config.data.clip_seconds)
    return model, float((result.logits.argmax(dim=1).numpy() == half.labels[test]).mean())


def learn(
    config: RunConfig,
    half: Half,
    clips: np.ndarray,
    test: np.ndarray,
    options: dict[str, Any],
    steps: int,
    model: Path | None,
) -> np.ndarray:
    """`(m,)` the classes that a training on the clips predicts for the test clips."""
    batch = min(BATCH, len(clips))
    epochs = max(1, steps // (len(clips) // batch))
    settings = {
        "epochs": epochs,
        "batch_size": batch,
        "warmup_epochs": WARMUP * epochs,
        "eval_every": epochs,
        **options,
    }
    config = dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, weights=None if model is None else str(model)),
        train=dataclasses.replace(config.train, **settings),
    )
    predictions: np.ndarray = train(config, half.data(clips, test)).logits.argmax(dim=1).numpy()
    return predictions


def train(config: RunConfig, data: FoldData) -> Any:
    """A training in a folder that goes with it."""
    with tempfile.TemporaryDirectory(prefix="esc_gpu-few-") as folder:
        return train_fold(config, create_accelerator(config, Path(folder)), data, 1, Path(folder))


def probe(
    half: Half, embeddings: np.ndarray, clips: np.ndarray, test: np.ndarray, create: Callable[[int], Any]
) -> np.ndarray:
    """`(m,)` the classes that a probe of the clips' embeddings predicts for the test clips."""
    known, new = (embeddings[np.searchsorted(half.numbers, part)] for part in (clips, test))
    return class_probabilities(create, len(half.names), known, half.labels[clips], new).argmax(axis=1)


def first_of_each(half: Half, numbers: np.ndarray, n_clips: int) -> np.ndarray:
    """The first `n_clips` of each class among recordings, ascending."""
    parts = [numbers[half.labels[numbers] == label][:n_clips] for label in range(len(half.names))]
    return np.sort(np.concatenate(parts))


def describe(
    half: Half,
    row: tuple[str, int],
    found: dict[tuple[str, int], list[tuple[np.ndarray, np.ndarray]]],
    draws: Sequence[int],
) -> dict[str, Any]:
    """Accuracy over all draws and in each, its interval, and the difference to the training from scratch."""
    name, n_clips = row
    numbers, predictions = (np.concatenate(part) for part in zip(*found[row], strict=True))
    labels = half.labels[numbers]
    unit, units = resampling_units([half.recordings.filenames[number] for number in numbers])
    scratch = np.concatenate([answers for _, answers in found["scratch", n_clips]])
    right, other = predictions == labels, scratch == labels
    intervals = accuracy_intervals(predictions, labels, len(half.names), units, RESAMPLES, 0)
    by_draw = [float((answers == half.labels[test]).mean()) for test, answers in found[row]]
    return {
        "name": name,
        "clips": n_clips,
        "accuracy": float(right.mean()),
        "interval": intervals["accuracy"],
        "over_scratch": paired_difference(right, other, units, RESAMPLES, 0),
        "draws": dict(zip(map(str, draws), by_draw, strict=True)),
        "bootstrap": {"resamples": RESAMPLES, "unit": unit, "units": len(set(units.tolist())), "seed": 0},
    }


if __name__ == "__main__":
    sys.exit(main())
