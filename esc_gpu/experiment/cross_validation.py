"""A whole run: recordings → store → every fold → results on disk."""

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch

from esc_gpu.config.checks import check_config
from esc_gpu.config.idle_options import idle_options
from esc_gpu.config.options import as_dict
from esc_gpu.config.schema import RunConfig, training_samples
from esc_gpu.core.files import read_json, synchronize, write_json
from esc_gpu.core.folds import Fold
from esc_gpu.core.machine import describe_environment
from esc_gpu.core.run_layout import METRICS, PREDICTIONS, SKIPPED, SUMMARY, fold_folder
from esc_gpu.data.clips.windows import Windows
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.store.read import WaveformStore
from esc_gpu.data.store.skipped import describe_skipped, write_skipped
from esc_gpu.data.store.source import WaveformSource
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.predictions import join_predictions
from esc_gpu.evaluation.task_metrics import TASK_METRICS
from esc_gpu.experiment.class_balance import check_class_balance
from esc_gpu.experiment.fold_results import describe_training, plot_fold, plot_outcome, write_fold
from esc_gpu.experiment.folds_at_once import plan_rounds, train_together
from esc_gpu.experiment.kept_recordings import FOLDS, GIVEN, MADE, contents_of, write_recordings
from esc_gpu.experiment.output_folder import PRECISION, held_output, prepare_output, reporting_disk
from esc_gpu.experiment.output_place import output_place
from esc_gpu.experiment.recordings import (
    chosen_folds,
    count_recordings,
    describe_data,
    describe_protocol,
    files_of,
    open_clips,
    open_recordings,
)
from esc_gpu.experiment.seen_recordings import check_start
from esc_gpu.experiment.tracked_clips import collect_clips
from esc_gpu.experiment.tracking import log_result, tracked, wandb_mode
from esc_gpu.report.tables import format_text
from esc_gpu.training.accelerator import check_bf16, create_accelerator
from esc_gpu.training.build_model import build_model
from esc_gpu.training.determinism import deterministic
from esc_gpu.training.fold import FoldData, FoldResult
from esc_gpu.training.freezing import idle_freeze
from esc_gpu.training.processes import from_all, from_local_main, from_main, reporting_lost_process
from esc_gpu.training.resume_state import remove_states


def run(config: RunConfig, announce: Callable[[str], None] = lambda line: None) -> dict[str, Any] | None:
    """Train and evaluate every fold of the config, and write the results to its output folder.

    Args:
        config: the run.
        announce: is given lines about the recordings before the training starts, on the main process.

    Returns:
        What is also in `summary.json`; None on all processes but the main one.

    Raises:
        EscGpuError: for data, options or an output folder that cannot be used; nothing is written then.
    """
    check_config(config)
    output_dir = output_place(config)
    with (
        reporting_lost_process(),
        deterministic(config.train.deterministic),
        reporting_disk(output_dir),
        ExitStack() as held,
    ):
        return run_into(output_dir, held, config, announce)


def run_into(
    output_dir: Path, held: ExitStack, config: RunConfig, announce: Callable[[str], None]
) -> dict[str, Any] | None:
    """`run` with the folder of its results, which `held` keeps from other runs from the first writing on."""
    accelerator = create_accelerator(config, output_dir)
    main = accelerator.is_main_process
    # The embedded recordings are made by one process at a time, whether the machines share a disk or not.
    with accelerator.main_process_first(), accelerator.local_main_process_first():
        recordings = open_recordings(config, main, announce if main else lambda line: None, config.data.keep_copy)
        folds = chosen_folds(config, recordings)
        if main and (protocol := describe_protocol(config, recordings)):
            announce(protocol)
        if main:
            for line in idle_options(config):
                announce(line)
        idle = check_class_balance(config, recordings, folds)
        check_start(config, recordings, folds)
        model = build_model(config, len(recordings.class_names), folds[0], recordings.class_names)
        idle += idle_freeze(model, config.train.freeze)
        if main:
            for line in idle:
                announce(line)
    check_bf16(accelerator, model, training_samples(config))  # crops are no longer than clips
    # One process of a machine reads all recordings, to know the store by them, and tells the others of it.
    opened, contents = None, list[str]()
    if accelerator.is_local_main_process:
        with files_of(config) as files:
            opened = open_clips(config, recordings, main, files)
            contents = contents_of(recordings.paths, opened[2], files, main)
    store, windows, skipped = from_local_main(accelerator, opened)
    if accelerator.is_local_main_process:
        check_start(config, recordings, folds, contents.__getitem__)  # again, by what is in the files
    check_same_data(from_all((store.key, recordings.digest)))
    rounds = plan_rounds(config, accelerator, model, folds)
    if config.tracker.name == "wandb":
        wandb_mode()  # refuses one that wandb would refuse in the midst of the run
    if main:  # last: nothing is written for data or options that cannot be used
        begun = {"recordings": recordings.digest, "store": store.key, PRECISION: accelerator.mixed_precision}
        begun[FOLDS] = MADE if recordings.folds_made else GIVEN
        held.enter_context(held_output(output_dir))
        prepare_output(config, output_dir, model, begun, len(folds), max(map(len, rounds)))
        write_recordings(output_dir, recordings, contents)
        if skipped:
            write_skipped(output_dir, recordings, skipped)
            announce(f"{describe_skipped(recordings, skipped)}; {output_dir / SKIPPED} has the reasons")
    source = WaveformSource(store, accelerator.device, config.data.residence, config.data.budget_gb)
    labels = torch.from_numpy(recordings.labels[windows.recording]).to(accelerator.device)

    results: list[dict[str, Any]] = []
    seconds = 0.0
    for together in rounds:
        folders = {fold: fold_folder(output_dir, fold) for fold in together}
        done = {fold: finished_metrics(folder, recordings.task) if main else None for fold, folder in folders.items()}
        metrics = {fold: from_main(done[fold]) for fold in together}
        left = [fold for fold in together if metrics[fold] is None]  # a resumed run has the others behind it
        if main:
            for fold in set(together) - set(left):
                remove_states(folders[fold])  # of one that was killed right after the fold
        if left:
            data = [fold_data(config, recordings, windows, source, labels, fold) for fold in left]
            if main:
                (output_dir / SUMMARY).unlink(missing_ok=True)  # a resumed run is not finished any more
                for fold in left:
                    folders[fold].mkdir(exist_ok=True)
                synchronize(output_dir)
            with tracked(accelerator, config.tracker, output_dir.name, left[0], as_dict(config), output_dir):
                threads = max(1, torch.get_num_threads() // len(together))
                trained = train_together(config, accelerator, left, data, [folders[fold] for fold in left], threads)
                for fold, its_data, result in zip(left, data, trained, strict=True):
                    metrics[fold] = finish_fold(config, accelerator, recordings, its_data, result, fold, folders[fold])
            accelerator.free_memory()
        results += metrics.values()
        seconds += max(fold["seconds"] for fold in metrics.values())

    summary: dict[str, Any] = {
        "data": describe_data(config, recordings, len(skipped)),
        "frontend": model.frontend.spec,
        "task": recordings.task,
        "overall": TASK_METRICS[recordings.task].summarize(results),
        "folds": results,
        "class_names": list(recordings.class_names),
        "class_categories": list(recordings.class_categories),
        "seconds": seconds,
        "processes": accelerator.num_processes,
        "mixed_precision": accelerator.mixed_precision,
        "environment": describe_environment(),
        "config": as_dict(config),
    }
    if main:
        (output_dir / SUMMARY).unlink(missing_ok=True)  # never beside predictions of other folds
        join_predictions(output_dir / PREDICTIONS, [fold_folder(output_dir, fold) / PREDICTIONS for fold in folds])
        write_json(output_dir / SUMMARY, summary)
        plot_outcome(output_dir, summary["overall"], summary["class_names"])
    accelerator.wait_for_everyone()
    return summary if main else None


def fold_data(
    config: RunConfig,
    recordings: Recordings,
    windows: Windows,
    source: WaveformSource,
    labels: torch.Tensor,
    fold: Fold,
) -> FoldData:
    """The clips of a fold."""
    split = recordings.split(fold, config.validate)
    train, test = (np.flatnonzero(np.isin(windows.recording, part)) for part in split)
    names = recordings.class_names
    return FoldData(source, labels, len(names), train, test, windows.recording, recordings.filenames, names)


def finish_fold(
    config: RunConfig,
    accelerator: Any,
    recordings: Recordings,
    data: FoldData,
    result: FoldResult,
    fold: Fold,
    folder: Path,
) -> dict[str, Any]:
    """Evaluate a trained fold and write what it leaves; its metrics."""
    metrics = {"fold": fold, **TASK_METRICS[data.task].evaluate(result.logits, data.test_labels)}
    if config.validate:
        metrics["left_out"] = recordings.left_out(fold, config.validate)
    metrics["seconds"] = sum(record["seconds"] for record in result.history)
    if accelerator.is_main_process:
        training = describe_training(
            describe_data(config, recordings),
            recordings,
            metrics,
            validation=config.validate,
            ema_decay=config.train.ema_decay,
            mixed_precision=accelerator.mixed_precision,
            start=result.model.start,
            freeze=config.train.freeze,
        )
        write_fold(folder, recordings, data, result, training)
        pictures = plot_fold(folder, recordings, data, result, metrics)
        heard = collect_clips(config.tracker.clips, recordings, data, result) if config.tracker.name == "wandb" else []
        # Curves and confusion matrix are charts there; each class's average precision is not.
        shown = pictures[-1:] if "confusion_matrix" in metrics else pictures[1:]
        log_result(accelerator, metrics, list(recordings.class_names), shown, config.train.epochs, heard)
        write_json(folder / METRICS, metrics)  # last: it marks the fold as complete
        remove_states(folder)
    return metrics


def finished_metrics(folder: Path, task: str) -> dict[str, Any] | None:
    """The metrics of a fold that an earlier start of the run completed."""
    if not (folder / METRICS).exists():
        return None
    metrics = read_json(folder / METRICS)
    if {"fold", "seconds", *TASK_METRICS[task].scalars, *TASK_METRICS[task].keys} - metrics.keys():
        raise EscGpuError(
            f"{folder / METRICS} does not hold the metrics of a fold; expected those that a training writes; delete it "
            "to train the fold again"
        )
    return metrics


def check_same_data(keys: list[tuple[str, str]]) -> None:
    """Refuse recordings whose samples, classes or folds differ between the processes."""
    if len(set(keys)) > 1:
        raise EscGpuError(
            "the recordings or the options of data differ between machines: "
            "use the same files and the same command on all machines"
        )


def prepare(config: RunConfig, announce: Callable[[str], None] = lambda line: None) -> WaveformStore:
    """Decode the recordings of a run ahead of it, and be told by `announce` what they are; raises what `run` does."""
    check_config(config)
    recordings = open_recordings(config, True, announce, config.data.keep_copy)
    # What the run would refuse is refused before hours of decoding; the weights that it begins with are not needed.
    check_class_balance(config, recordings, chosen_folds(config, recordings))
    announce(describe_protocol(config, recordings) or "Each fold is tested with a model that is trained on the others.")
    for line in format_text([count_recordings(recordings)]).splitlines():
        announce(line)
    model = dataclasses.replace(config.model, pretrained=False, weights=None)
    build_model(dataclasses.replace(config, model=model), len(recordings.class_names))
    with files_of(config) as files:
        store, _, skipped = open_clips(config, recordings, True, files)
    if skipped:
        announce(describe_skipped(recordings, skipped))
        for number, reason in skipped.items():
            announce(f"{recordings.filenames[number]}: {reason}")
    seconds = store.n_clips * store.n_samples / store.sample_rate
    announce(f"{store.n_clips} clips, {seconds / 3600:.2f} h, {store.nbytes / 1e9:.3f} GB of int16 in {store.folder}")
    return store
