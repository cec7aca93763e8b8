"""Features of a data set: a gallery of its classes, and what tells them apart, as files."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from esc_gpu.core.clip import clip_samples
from esc_gpu.core.files import write_json, write_text
from esc_gpu.core.machine import describe_environment
from esc_gpu.core.progress import tqdm
from esc_gpu.core.task import MULTI_LABEL
from esc_gpu.data.clips.decode import decode_clip
from esc_gpu.data.recordings.base import Recordings
from esc_gpu.data.store.read import Waveforms
from esc_gpu.errors import EscGpuError
from esc_gpu.evaluation.feature_statistics import FeatureStatistics, compute_statistics
from esc_gpu.evaluation.separability import separability
from esc_gpu.frontends import Frontend
from esc_gpu.frontends.images import compute_features
from esc_gpu.report.figures.class_statistics import draw_class_means, plot_ranking
from esc_gpu.report.figures.features import draw_gallery, save_figure
from esc_gpu.report.figures.panels import split_channels


def choose_paths(recordings: Recordings, per_class: int) -> list[list[Path]]:
    """Up to `per_class` recordings of each class, evenly from first to last, fold by fold.

    The same recordings give the same choice.
    """
    if per_class < 1:
        raise EscGpuError(f"the gallery would have {per_class} clips of a class; expected 1 or more")
    chosen = []
    for label in range(len(recordings.class_names)):
        clips = np.flatnonzero(recordings.of_class(label))
        clips = clips[np.argsort(recordings.folds[clips], kind="stable")]
        places = np.linspace(0, len(clips) - 1, min(per_class, len(clips))).round().astype(int)
        chosen.append([recordings.paths[clip] for clip in clips[places]])
    return chosen


def write_gallery(
    recordings: Recordings,
    frontends: Mapping[str, Frontend],
    output: Path,
    *,
    sample_rate: int,
    clip_seconds: float,
    per_class: int = 3,
    progress: bool = True,
) -> list[Path]:
    """A picture for each front-end, and each of its channels, with some clips of every class; their paths.

    A clip is the beginning of its recording, padded with silence.

    Raises:
        EscGpuError: for options out of range, a recording that cannot be read, and clips too short for a front-end.
    """
    samples = clip_samples(sample_rate, clip_seconds)
    clips = [
        [torch.from_numpy(decode_clip(path, 0, sample_rate=sample_rate, samples=samples)) for path in paths]
        for paths in choose_paths(recordings, per_class)
    ]
    pictures = []
    for name, frontend in tqdm(frontends.items(), "gallery", unit="front-end", disable=not progress):
        parts = [
            [split_channels(compute_features(clip, sample_rate, {name: frontend})) for clip in row] for row in clips
        ]
        for title, part in zip(parts[0][0], part_names(name, frontend), strict=True):
            pictures.append(output / f"gallery-{part}.png")
            images = [[channels[title] for channels in row] for row in parts]
            save_figure(draw_gallery(title, images, recordings.class_names, clip_seconds), pictures[-1])
    return pictures


def write_statistics(
    recordings: Recordings,
    waveforms: Waveforms,
    frontends: Mapping[str, Frontend],
    output: Path,
    about: dict[str, Any],
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Statistics of every front-end over all clips, into `output`; the ranking, the best front-end first.

    `statistics.json`, `ranking.csv` and `ranking.png` have the ranking, `statistics-NAME.csv` and `.png` the mean,
    spread and Fisher's ratio of each bin.

    Args:
        waveforms: the clips, one of each recording, in their order.
        about: what the statistics are of, for the JSON.

    Raises:
        EscGpuError: for clips too short for a front-end, and an output that cannot be written.
    """
    classes = list(recordings.class_names)
    statistics = compute_statistics(waveforms, recordings.labels, len(classes), frontends, progress)
    ranking = rank(statistics, frontends, recordings)
    for name in tqdm(statistics, "draw", unit="front-end", disable=not progress):
        write_text(output / f"statistics-{name}.csv", bin_table(statistics[name], frontends[name], classes))
        axes, parts = frontends[name].channel_axes(), part_names(name, frontends[name])
        for c, (axis, part) in enumerate(zip(axes, parts, strict=True)):
            means, spreads, fisher = (
                values[..., c, :]
                for values in (statistics[name].means, statistics[name].spreads, statistics[name].fisher)
            )
            title = name if len(axes) == 1 else f"{name}: {axis.name}"
            figure = draw_class_means(title, axis, means, spreads, fisher, classes)
            save_figure(figure, output / f"statistics-{part}.png")
    title = f"How well features tell {len(classes)} classes apart, {waveforms.n_clips} clips"
    plot_ranking(output / "ranking.png", ranking, count_answers(recordings), title)
    write_text(output / "ranking.csv", ranking_table(ranking))
    document = {**about, "class_names": classes, "features": ranking, "environment": describe_environment()}
    write_json(output / "statistics.json", finite(document))
    return ranking


def count_answers(recordings: Recordings) -> int:
    """Among how many answers guessing chooses: the classes, or of several labels a clip, whether it has a class."""
    return 2 if recordings.task == MULTI_LABEL else len(recordings.class_names)


def part_names(name: str, frontend: Frontend) -> list[str]:
    """A file's name for each channel."""
    n_channels = frontend.n_channels
    return [name] if n_channels == 1 else [f"{name}-{number}" for number in range(1, n_channels + 1)]


def rank(
    statistics: Mapping[str, FeatureStatistics], frontends: Mapping[str, Frontend], recordings: Recordings
) -> list[dict[str, Any]]:
    """The measures of each front-end, by falling balanced accuracy; `silhouette` is None of several labels a clip."""
    rows = []
    for name, measured in statistics.items():
        fisher, parted = measured.fisher, separability(measured, recordings.labels, recordings.folds)
        channel, best = np.unravel_index(fisher.argmax(), fisher.shape)
        axes = frontends[name].channel_axes()
        rows.append(
            {
                "name": name,
                "channels": fisher.shape[0],
                "bins": fisher.shape[1],
                "balanced_accuracy": parted.balanced_accuracy,
                "silhouette": parted.silhouette,
                "fisher_mean": float(fisher.mean()),
                "fisher_max": float(fisher.max()),
                "fisher_max_channel": axes[channel].name,
                "fisher_max_bin": float(axes[channel].frequencies[best]),
                "bin_unit": axes[channel].bin_unit,
                "recall": dict(zip(recordings.class_names, parted.recall.tolist(), strict=True)),
                "frontend": frontends[name].spec,
            }
        )
    return sorted(rows, key=lambda row: -row["balanced_accuracy"])


def format_ranking(ranking: Sequence[dict[str, Any]]) -> str:
    """The ranking as a table of text."""
    width = max(len("front-end"), *(len(row["name"]) for row in ranking))
    lines = [f"{'front-end':<{width}} {'values':>9} {'accuracy':>9} {'silhouette':>11} {'Fisher':>7} {'max':>6}  at"]
    for row in ranking:
        size = f"{row['channels']}×{row['bins']}"
        place = bin_name(row["fisher_max_bin"], row["bin_unit"])
        if row["channels"] > 1:
            place = f"{row['fisher_max_channel']}, {place}"
        silhouette = "–" if row["silhouette"] is None else f"{row['silhouette']:.3f}"
        lines.append(
            f"{row['name']:<{width}} {size:>9} {100 * row['balanced_accuracy']:>9.2f} {silhouette:>11} "
            f"{row['fisher_mean']:>7.2f} {row['fisher_max']:>6.2f}  {place}"
        )
    return "\n".join(lines)


def bin_name(centre: float, unit: str) -> str:
    """A bin in words."""
    if unit == "feature":
        return "–"
    return f"{centre:.0f} Hz" if unit == "Hz" else f"{unit} {centre:.0f}"


def ranking_table(ranking: Sequence[dict[str, Any]]) -> str:
    """The ranking as CSV, without recalls and options."""
    columns = [column for column in ranking[0] if column not in ("recall", "frontend")]
    return csv_text([columns, *([row[column] for column in columns] for row in ranking)])


def bin_table(statistics: FeatureStatistics, frontend: Frontend, class_names: Sequence[str]) -> str:
    """CSV with a line a bin: where it lies, Fisher's ratio, then mean and spread of each class."""
    columns = [f"{what}_{name}" for name in class_names for what in ("mean", "spread")]
    rows: list[list[object]] = [["channel", "bin", "centre", "bin_unit", "value_unit", "fisher", *columns]]
    fisher = statistics.fisher
    for c, axis in enumerate(frontend.channel_axes()):
        for k, centre in enumerate(axis.frequencies):
            values = np.stack([statistics.means[:, c, k], statistics.spreads[:, c, k]], axis=1).ravel()
            place = [axis.name, k, f"{centre:g}", axis.bin_unit, axis.value_unit]
            rows.append([*place, *(f"{value:.9g}" for value in (fisher[c, k], *values))])
    return csv_text(rows)


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(rows)
    return table.getvalue()


def finite(value: object) -> object:
    """The same with null for what JSON has no number for."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
