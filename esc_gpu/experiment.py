"""A whole run: recordings → store → every fold → results on disk."""

import csv
import dataclasses
import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import yaml
from torch import Tensor

from esc_gpu import checkpoint, report
from esc_gpu.build import build_model
from esc_gpu.config import RunConfig
from esc_gpu.data.batches import WaveformSource
from esc_gpu.data.esc50 import Recordings, read_esc50
from esc_gpu.data.store import open_store
from esc_gpu.data.synthetic import write_synthetic
from esc_gpu.environment import describe_environment
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation import evaluate, summarize
from esc_gpu.files import read_json, write_json, write_text
from esc_gpu.model import WaveformClassifier
from esc_gpu.tracking import log_result, tracked
from esc_gpu.training import STATE, FoldData, create_accelerator, train_fold

CONFIG, METRICS, SUMMARY = "config.yaml", "metrics.json", "summary.json"
# What may differ when a run is resumed: it changes where things are, not what is computed.
RESUMABLE = (
    "folds",
    "output_dir",
    "resume",
    "overwrite",
    "tracker",
    "data.cache_dir",
    "data.workers",
    "data.residence",
)


def run(config: RunConfig, announce: Callable[[str], None] = lambda line: None) -> dict[str, object] | None:
    """Train and evaluate every fold of the config, and write the results to its output folder.

    Args:
        config: the run.
        announce: is given one line about the recordings before the work starts, on the main process.

    Returns:
        What is also in `summary.json`; None on all processes but the main one.

    Raises:
        EscGpuError: for data, options or an output folder that cannot be used; nothing is written then.
    """
    check_config(config)
    output_dir = Path(config.output_dir or f"runs/{config.frontend.name}").expanduser()
    accelerator = create_accelerator(config, output_dir)
    main = accelerator.is_main_process
    with accelerator.main_process_first():
        recordings = open_recordings(config, main, announce if main else lambda line: None)
        folds = chosen_folds(config, recordings)
        model = build_model(config, len(recordings.class_names))
        if main:
            prepare_output(config, output_dir, model, len(folds))
        store = open_store(
            recordings.paths,
            sample_rate=config.data.sample_rate,
            clip_seconds=config.data.clip_seconds,
            cache_dir=Path(config.data.cache_dir).expanduser() / "stores",
            workers=config.data.workers,
            progress=main,
        )
    source = WaveformSource(store.waveforms, accelerator.device, config.data.residence)
    labels = torch.from_numpy(recordings.labels).to(accelerator.device)

    results = []
    for fold in folds:
        folder = output_dir / f"fold{fold}"
        if (folder / METRICS).exists():  # a resumed run has this fold behind it
            results.append(read_json(folder / METRICS))
            continue
        folder.mkdir(exist_ok=True)
        accelerator.wait_for_everyone()
        data = FoldData(source, labels, len(recordings.class_names), *recordings.split(fold))
        with tracked(accelerator, config.tracker, output_dir.name, fold, dataclasses.asdict(config), output_dir):
            result = train_fold(config, accelerator, data, fold, folder)
            metrics = {"fold": fold, **evaluate(result.logits, labels.cpu()[torch.from_numpy(data.test)])}
            metrics["seconds"] = sum(record["seconds"] for record in result.history)
            if main:
                write_fold(folder, recordings, data.test, result.logits, result.model, result.history)
                pictures = plot_fold(folder, recordings, source, data, result.model, result.history, metrics)
                log_result(accelerator, metrics, list(recordings.class_names), pictures, config.train.epochs)
                write_json(folder / METRICS, metrics)  # last: it marks the fold as complete
                (folder / STATE).unlink(missing_ok=True)
        results.append(metrics)
        accelerator.free_memory()

    summary = {
        "data": describe_data(config, recordings),
        "frontend": model.frontend.spec,
        "overall": summarize(results),
        "folds": results,
        "class_names": list(recordings.class_names),
        "class_categories": list(recordings.class_categories),
        "seconds": sum(fold["seconds"] for fold in results),
        "processes": accelerator.num_processes,
        "mixed_precision": accelerator.mixed_precision,
        "environment": describe_environment(),
        "config": dataclasses.asdict(config),
    }
    if main:
        write_predictions(output_dir, [output_dir / f"fold{fold}" for fold in folds])
        write_json(output_dir / SUMMARY, summary)
        report.plot_confusion(
            output_dir / "confusion.png", summary["overall"]["confusion_matrix"], summary["class_names"]
        )
    accelerator.wait_for_everyone()
    return summary if main else None


def check_config(config: RunConfig) -> None:
    """Refuse numbers out of range, by the name they have on the command line."""
    train, augment = config.train, config.augment
    positive = {
        "train.epochs": train.epochs,
        "train.batch_size": train.batch_size,
        "train.accumulation": train.accumulation,
        "train.lr": train.lr,
        "train.eval_every": train.eval_every,
        "train.checkpoint_every": train.checkpoint_every,
        "data.sample_rate": config.data.sample_rate,
        "data.clip_seconds": config.data.clip_seconds,
    }
    for name, value in positive.items():
        if not value > 0:
            raise EscGpuError(f"{name} must be positive, got {value}")
    not_negative = {
        "train.seed": train.seed,
        "train.frontend_lr": train.frontend_lr,
        "train.weight_decay": train.weight_decay,
        "train.warmup_epochs": train.warmup_epochs,
        "train.clip_norm": train.clip_norm,
        **{f"augment.{name}": value for name, value in vars(augment).items() if not isinstance(value, tuple)},
    }
    for name, value in not_negative.items():
        if not value >= 0:
            raise EscGpuError(f"{name} must not be negative, got {value}")
    shares = {
        "train.label_smoothing": train.label_smoothing,
        "augment.noise_probability": augment.noise_probability,
        "augment.freq_mask_share": augment.freq_mask_share,
        "augment.time_mask_share": augment.time_mask_share,
    }
    for name, value in shares.items():
        if value > 1:
            raise EscGpuError(f"{name} is a share from 0 to 1, got {value}")


def open_recordings(config: RunConfig, progress: bool, announce: Callable[[str], None]) -> Recordings:
    """The recordings at `data.root`; without one the embedded synthetic ones, made on first use."""
    root = config.data.root
    if root is None:
        announce(
            "No data.root given: training on the embedded synthetic recordings, not on real ones. "
            "Their accuracy says nothing about ESC-50."
        )
        root = write_synthetic(Path(config.data.cache_dir).expanduser() / "synthetic", progress=progress)
    recordings = read_esc50(root, config.data.subset)
    announce(f"{len(recordings.filenames)} clips, {len(recordings.class_names)} classes, in {root}")
    return recordings


def chosen_folds(config: RunConfig, recordings: Recordings) -> list[int]:
    """The test folds to run, each checked."""
    if config.folds is None:
        return recordings.fold_numbers
    folds = [config.folds] if isinstance(config.folds, int) else list(dict.fromkeys(config.folds))
    if not folds:
        raise EscGpuError(f"folds is empty: name some of {recordings.fold_numbers}, or leave it out for all")
    for fold in folds:
        recordings.split(fold)  # refuses a fold that does not exist
    return folds


def prepare_output(config: RunConfig, output_dir: Path, model: WaveformClassifier, n_folds: int) -> None:
    """Make the output folder and write `config.yaml`; what an earlier run left is kept, resumed or replaced."""
    config_file = output_dir / CONFIG
    if config_file.exists() and config.resume:
        check_same_config(config, yaml.safe_load(config_file.read_text()))
        return
    if config_file.exists() and not config.overwrite:
        raise EscGpuError(
            f"{output_dir} already holds a run: go on with it by --resume true, replace it by "
            "--overwrite true, or choose another --output_dir"
        )
    if output_dir.exists() and not config_file.exists() and any(output_dir.iterdir()):
        raise EscGpuError(f"{output_dir} holds something else than a run: choose another --output_dir")
    try:
        if config_file.exists():
            shutil.rmtree(output_dir)
        output_dir.mkdir(parents=True, exist_ok=True)
        weights = sum(p.numel() * p.element_size() for p in model.parameters())
        check_disk(output_dir, weights * (n_folds + 6))  # a model for each fold; two states of three models each
        write_text(config_file, yaml.safe_dump(plain(dataclasses.asdict(config)), sort_keys=False))
    except OSError as error:
        raise EscGpuError(f"cannot write to {output_dir} ({error}): choose another --output_dir") from error


def check_disk(folder: Path, n_bytes: int) -> None:
    """Refuse a disk that the checkpoints would fill."""
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise EscGpuError(
            f"{folder} has {free / 1e6:.0f} MB free and the checkpoints need {n_bytes / 1e6:.0f} MB: "
            "free some space or choose another --output_dir"
        )


def check_same_config(config: RunConfig, earlier: dict[str, object]) -> None:
    """Refuse to resume a run with another config, naming the keys that differ."""
    from esc_gpu.tracking import flatten

    now, then = flatten(plain(dataclasses.asdict(config))), flatten(earlier)
    differing = [
        f"{key} was {then.get(key)}, is {now.get(key)}"
        for key in sorted(now.keys() | then.keys())
        if now.get(key) != then.get(key) and not key.startswith(RESUMABLE)
    ]
    if differing:
        raise EscGpuError(f"the run to resume had another config: {'; '.join(differing)}")


def plain(value: object) -> object:
    """The value with lists for tuples, as YAML and JSON know them."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def describe_data(config: RunConfig, recordings: Recordings) -> dict[str, object]:
    """What was trained on, for the results."""
    return {
        "recordings": "embedded synthetic" if config.data.root is None else recordings.root.resolve().name,
        "synthetic": config.data.root is None,
        "subset": config.data.subset,
        "clips": len(recordings.filenames),
        "classes": len(recordings.class_names),
    }


def write_fold(
    folder: Path,
    recordings: Recordings,
    test: np.ndarray,
    logits: Tensor,
    model: WaveformClassifier,
    history: list[dict[str, float]],
) -> None:
    """`predictions.csv` and the checkpoint of a fold."""
    names = recordings.class_names
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["filename", "fold", "category", "prediction", "probability", *names])
    for clip, probabilities in zip(test, logits.softmax(dim=1), strict=True):
        predicted = int(probabilities.argmax())
        writer.writerow(
            [
                recordings.filenames[clip],
                recordings.folds[clip],
                names[recordings.labels[clip]],
                names[predicted],
                f"{probabilities[predicted]:.6f}",
                *(f"{p:.6f}" for p in probabilities.tolist()),
            ]
        )
    write_text(folder / "predictions.csv", table.getvalue())
    checkpoint.save(folder, model, list(names))


def write_predictions(output_dir: Path, folders: list[Path]) -> None:
    """The folds' `predictions.csv` in one."""
    tables = [(folder / "predictions.csv").read_text(encoding="utf-8").splitlines() for folder in folders]
    lines = [tables[0][0], *(line for table in tables for line in table[1:])]
    write_text(output_dir / "predictions.csv", "\n".join(lines) + "\n")


def plot_fold(
    folder: Path,
    recordings: Recordings,
    source: WaveformSource,
    data: FoldData,
    model: WaveformClassifier,
    history: list[dict[str, float]],
    metrics: dict[str, object],
) -> list[Path]:
    """Curves, confusion matrix, and one training clip of each class as the model sees it."""
    curves, confusion, inputs = (folder / f"{name}.png" for name in ("curves", "confusion", "inputs"))
    report.plot_curves(curves, history, f"fold {metrics['fold']}")
    report.plot_confusion(confusion, metrics["confusion_matrix"], list(recordings.class_names))
    first = [data.train[recordings.labels[data.train] == label][:1] for label in range(data.n_classes)]
    with torch.no_grad():
        model.eval()
        images = torch.cat([model.image(waveform).float().cpu() for waveform in source.batches(first)])
    frontend = model.frontend
    report.plot_inputs(
        inputs,
        images.numpy(),
        frontend.times(images.shape[-1]).numpy(),
        frontend.frequencies.numpy(),
        frontend.bin_unit,
        list(recordings.class_names),
    )
    return [curves, confusion, inputs]
