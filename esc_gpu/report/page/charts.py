"""What the page's charts are made of: numbers → axes, pictures and SVG paths. The templates place and label them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from esc_gpu.core.folds import Fold
from esc_gpu.evaluation.feature_statistics import FeatureStatistics
from esc_gpu.frontends.axes import ChannelAxis
from esc_gpu.frontends.images import FeatureImage
from esc_gpu.report.figures.panels import DIVERGING, SEQUENTIAL, channels, is_curve, outlines, value_limits
from esc_gpu.report.page.axes import Axis, Tick, bin_axis, value_axis
from esc_gpu.report.page.images import feature_uri, heat_uri

COLUMNS = 300  # of a waveform's outline
N_COLORS = 10  # of classes and folds, in page.css
RADIUS = 4.4  # of a point of the map that has sectors

Numbers = Sequence[float] | np.ndarray


@dataclass(frozen=True)
class Lines:
    """Lines in one frame: `paths` of `(class, d)` in a frame of 1 × 1, y downwards; `marks` are dots, as such paths."""

    x: Axis
    y: Axis
    paths: tuple[tuple[str, str], ...]
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Picture:
    """One channel of a feature image: a picture with its axes and the axis of its `colors`, or a curve.

    `heat` has pictures to lie over it, by what they explain, and `outlines` the paths around where they are hot.
    """

    name: str
    x: Axis
    y: Axis
    uri: str = ""
    colors: str = ""
    values: Axis | None = None
    curve: str = ""
    heat: Mapping[str, str] = field(default_factory=dict)
    outlines: Mapping[str, str] = field(default_factory=dict)


Limits = dict[str, tuple[float, float]]


def limits_of(images: Sequence[FeatureImage]) -> Limits:
    """For each channel the range of values that all images are drawn in."""
    return {name: value_limits([channels(image)[name] for image in images]) for name in channels(images[0])}


def pictures(
    image: FeatureImage, limits: Limits, start_seconds: float = 0.0, heat: Mapping[str, np.ndarray] | None = None
) -> list[Picture]:
    """Each channel of an image, all with the same `heat` `(F, N)` over them."""
    veils = {name: heat_uri(values) for name, values in (heat or {}).items()}
    edges = {name: outline_path(values) for name, values in (heat or {}).items()}
    drawn = []
    for name, channel in channels(image).items():
        low, high = limits[name]
        x, values = time_axis(channel.times, start_seconds), value_axis(low, high, channel.value_unit, most=4)
        if is_curve(channel):
            curve = line_path(channel.times + start_seconds, channel.values[0, 0], x, values)
            drawn.append(Picture(name, x, values, curve=curve, heat=veils, outlines=edges))
            continue
        y = bin_axis(channel.frequencies, channel.bin_unit)
        colors = DIVERGING if channel.is_signed else SEQUENTIAL
        uri = feature_uri(channel.values[0], low, high, colors)
        drawn.append(Picture(name, x, y, uri, colors, values, heat=veils, outlines=edges))
    return drawn


def outline_path(heat: np.ndarray) -> str:
    """The line around what is hot in Grad-CAM `(F, N)`, in a frame of 1 × 1, y downwards."""
    lines = ("L".join(f"{x:.3f} {1 - y:.3f}" for x, y in line) for line in outlines(heat))
    return "".join(f"M{line}" for line in lines)


def time_axis(times: np.ndarray, start_seconds: float = 0.0) -> Axis:
    """Seconds from the beginning of the recording, from the first frame's left edge to the last one's right."""
    half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.5
    return value_axis(start_seconds + float(times[0] - half), start_seconds + float(times[-1] + half), "time in s")


def waveform_outline(waveform: np.ndarray, sample_rate: int, x: Axis) -> Lines:
    """A clip `(T,)` as the outline of its lowest and highest samples, under the time axis of its features."""
    peak = max(float(np.abs(waveform).max()), 1e-6)
    y = Axis(-peak, peak, (Tick(0.0, f"−{peak:.2g}"), Tick(0.5, "0"), Tick(1.0, f"{peak:.2g}")), "")
    edges = np.unique(np.linspace(0, len(waveform), COLUMNS, endpoint=False).astype(int))
    lowest, highest = np.minimum.reduceat(waveform, edges), np.maximum.reduceat(waveform, edges)
    seconds = edges / sample_rate
    return Lines(x, y, (("outline", band_path(seconds, lowest, highest, x, y)),))


def line_path(xs: Numbers, ys: Numbers, x: Axis, y: Axis) -> str:
    """A line through the points; one that is not finite breaks it."""
    parts, pen = [], "M"
    for across, up in zip(xs, ys, strict=True):
        if np.isfinite(up):
            parts.append(f"{pen}{x.at(across):.4f} {1 - y.at(up):.4f}")
        pen = "L" if np.isfinite(up) else "M"
    return "".join(parts)


def step_path(recall: Numbers, heights: Numbers, x: Axis, y: Axis) -> str:
    """Steps from 0 on: up to each of the rising values of x, the height of the same place."""
    ends = [0.0, *np.repeat(recall, 2)[:-1]]
    return line_path(ends, np.repeat(heights, 2), x, y)


def sectors(labels: Sequence[int]) -> list[tuple[int, str]]:
    """A disc that the labels of a clip share: each with the path of its sector, clockwise from the top."""
    if len(labels) == 1:
        return [(labels[0], f"M0-{RADIUS}A{RADIUS} {RADIUS} 0 1 1 0 {RADIUS}A{RADIUS} {RADIUS} 0 1 1 0-{RADIUS}Z")]
    edges = np.linspace(0, 2 * np.pi, len(labels) + 1)
    corners = [f"{RADIUS * np.sin(edge):.2f} {-RADIUS * np.cos(edge):.2f}" for edge in edges]
    return [
        (label, f"M0 0L{start}A{RADIUS} {RADIUS} 0 0 1 {end}Z")
        for label, start, end in zip(labels, corners[:-1], corners[1:], strict=True)
    ]


def band_path(xs: Numbers, low: Numbers, high: Numbers, x: Axis, y: Axis) -> str:
    """The area between two lines."""
    there = line_path(xs, high, x, y)
    back = line_path(list(xs)[::-1], list(low)[::-1], x, y)
    return f"{there}L{back[1:]}Z"


def spectrum_lines(mean: np.ndarray, spread: np.ndarray, overall: np.ndarray, x: Axis, y: Axis) -> Lines:
    """Mean over the frames of a class `(F,)`, one standard deviation to either side, and the mean of all classes."""
    bins = np.arange(len(mean))
    if len(mean) == 1:  # one bin is as wide as the chart
        bins, mean, spread, overall = np.array([-0.5, 0.5]), *(part.repeat(2) for part in (mean, spread, overall))
    band = band_path(bins, mean - spread, mean + spread, x, y)
    return Lines(
        x, y, (("band", band), ("overall", line_path(bins, overall, x, y)), ("line", line_path(bins, mean, x, y)))
    )


def class_spectra(statistics: FeatureStatistics, axes: Sequence[ChannelAxis]) -> list[tuple[ChannelAxis, list[Lines]]]:
    """For each channel, the spectrum of each class, all in one frame.

    The first coefficient of a cepstrum, its level, is many times the others and may lie outside.
    """
    drawn = []
    for channel, axis in enumerate(axes):
        means, spreads = statistics.means[:, channel], statistics.spreads[:, channel]
        is_level = (axis.bin_unit == "coefficient") & (axis.frequencies < 1)
        shown = ~is_level if (~is_level).any() else slice(None)
        low, high = float((means - spreads)[:, shown].min()), float((means + spreads)[:, shown].max())
        margin = 0.05 * (high - low) or 0.5
        x, y = (
            bin_axis(axis.frequencies, axis.bin_unit),
            value_axis(low - margin, high + margin, axis.value_unit, most=4),
        )
        classes = zip(means, spreads, strict=True)
        drawn.append((axis, [spectrum_lines(mean, spread, means.mean(axis=0), x, y) for mean, spread in classes]))
    return drawn


def curves(
    histories: Mapping[Fold, list[dict[str, float]]], keys: Mapping[str, str], label: str, high: float | None
) -> Lines:
    """Values of the epochs' records, a line a fold and key; `keys` has the class of each key's lines.

    The axis ends at `high`, or a little over the largest value. A value of the test, and one that is alone on its line,
    has a mark: of a run that is evaluated once there is nothing else to see.
    """
    records = [record for history in histories.values() for record in history]
    values = [record[key] for record in records for key in keys if key in record and np.isfinite(record[key])]
    x = value_axis(0, max(record["epoch"] for record in records), "epoch", whole=True)
    y = value_axis(0, max(values, default=1.0) * 1.05 if high is None else high, label, most=5)
    paths, marks = [], []
    for number, history in enumerate(histories.values()):
        for key, style in keys.items():
            known = [record for record in history if key in record]
            path = line_path([record["epoch"] for record in known], [record[key] for record in known], x, y)
            paths.append((f"{style} s{number % N_COLORS}", path))
            if len(known) == 1 or known and key.startswith("test_"):
                dots = (line_path([record["epoch"]], [record[key]], x, y) for record in known)
                marks.append((f"mark s{number % N_COLORS}", "".join(f"{dot}h0" for dot in dots if dot)))
    return Lines(x, y, tuple(paths), tuple(marks))
