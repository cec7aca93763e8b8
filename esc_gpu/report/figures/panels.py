"""One feature of one clip on one pair of axes: an image with its bins' names, or a curve."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from contourpy import contour_generator
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import FuncFormatter, MaxNLocator

from esc_gpu.frontends.images import FeatureImage

SEQUENTIAL, DIVERGING = "magma", "RdBu_r"
CURVE, FILL = "#1f4e79", "#9db8d2"
NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
OUTLIERS = 0.5  # percent of the values that may lie beyond the colour scale, where it is not of dB
CEPSTRAL_OUTLIERS = 3.0  # the same of cepstra, whose lowest coefficients are many times the others
ENVELOPE = 2000  # columns that a long waveform is drawn in
NAMED = 12  # up to so many bins are all named
GAP = 1 / 7.5  # least distance of two ticks, as a share of the axis
STEPS = [1, 2, 2.5, 5, 10]  # of ticks
CRISP = 512  # cells an axis of an image has at least, so that drawing it does not blur its few bins

INPUT_LIMIT = 3.0  # standard deviations to either side that the normalised features are drawn in
VEIL = (150, 150, 152)  # grey, over what Grad-CAM leaves cold
VEIL_OPACITY = 0.85  # where it is 0
HOT = 0.5  # of its maximum: the outline is drawn there, which is seen on dark pictures, too
GRID = 32, 64  # cells that the outline follows, at most

Ticks = tuple[list[float], list[str]]


def channels(image: FeatureImage) -> dict[str, FeatureImage]:
    """The channels of an image by name; "" for the only one."""
    return dict(image.channels) or {"": image}


def split_channels(features: Mapping[str, FeatureImage]) -> dict[str, FeatureImage]:
    """Images of one channel each: a stack's member is called `stack: logmel`."""
    parts: dict[str, FeatureImage] = {}
    for name, image in features.items():
        if image.channels:
            parts |= {f"{name}: {channel}": part for channel, part in image.channels.items()}
        else:
            parts[name] = image
    return parts


def outlines(heat: np.ndarray) -> list[np.ndarray]:
    """The lines `(n, 2)` around what is `HOT` in Grad-CAM `(F, N)`, also along its edges; x and y from 0 to 1, y up."""
    sizes = zip(heat.shape, GRID, strict=True)
    cells = [np.linspace(0, size - 1, min(size, most)).round().astype(int) for size, most in sizes]
    coarse = np.pad(heat[np.ix_(*cells)].astype(np.float32), 1)
    ys, xs = ((np.arange(-1, size - 1) + 0.5) / (size - 2) for size in coarse.shape)
    return [np.asarray(line) for line in contour_generator(xs, ys, coarse).lines(HOT)]


def is_curve(image: FeatureImage) -> bool:
    """Whether the image is one descriptor over time."""
    return image.bin_unit == "feature"


def value_limits(images: Sequence[FeatureImage]) -> tuple[float, float]:
    """The range of values that images of one front-end are drawn in.

    All of it for curves and dB. Signed values have 0 in the middle, and the first coefficient of a cepstrum, which
    is the level and many times the others, does not count. Of others the largest few may lie beyond.
    """
    values = np.concatenate([_shaping_values(image).ravel() for image in images])
    first = images[0]
    if is_curve(first):
        low, high = float(values.min()), float(values.max())
        margin = 0.05 * (high - low)
        low, high = low - margin, high + margin
    elif first.is_signed:
        outliers = CEPSTRAL_OUTLIERS if first.bin_unit == "coefficient" else OUTLIERS
        high = float(np.percentile(np.abs(values), 100 - outliers))
        low = -high
    else:
        low = float(values.min())
        high = float(values.max() if first.value_unit == "dB" else np.percentile(values, 100 - OUTLIERS))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _shaping_values(image: FeatureImage) -> np.ndarray:
    if image.bin_unit == "coefficient" and image.is_signed:
        others = image.values[0, image.frequencies >= 1]
        return others if others.size else image.values[0]
    return image.values[0, :1] if is_curve(image) else image.values[0]


def draw_panel(axes: Axes, image: FeatureImage, limits: tuple[float, float], start_seconds: float = 0.0) -> None:
    """Draw a one-channel image, a bin a row, or the curve of a descriptor.

    Args:
        limits: of the colours or of the curve's axis, as by `value_limits`.
        start_seconds: where in the recording the clip begins.
    """
    times = image.times + start_seconds
    if is_curve(image):
        axes.plot(times, image.values[0, 0], color=CURVE, linewidth=1)
        axes.set_ylim(limits)
        axes.grid(alpha=0.3)
        axes.yaxis.set_major_locator(MaxNLocator(4, steps=STEPS))
        if image.value_unit == "Hz":
            axes.yaxis.set_major_formatter(FuncFormatter(lambda hz, _: hertz(hz)))
        axes.set_ylabel(image.value_unit)
        return
    n_bins = len(image.frequencies)
    half_hop = (times[1] - times[0]) / 2 if len(times) > 1 else 0.005
    extent = (times[0] - half_hop, times[-1] + half_hop, -0.5, n_bins - 0.5)
    cmap = colour_scale(image, limits).get_cmap()
    axes.imshow(
        crisp(image.values[0]), origin="lower", aspect="auto", extent=extent, cmap=cmap, norm=Normalize(*limits)
    )
    axes.set_yticks(*bin_ticks(image.frequencies, image.bin_unit))
    axes.set_ylabel(image.bin_unit)


def crisp(values: np.ndarray) -> np.ndarray:
    """The same picture of more, smaller cells."""
    rows, columns = (-(-CRISP // n) for n in values.shape)
    return values.repeat(rows, axis=0).repeat(columns, axis=1)


def colour_scale(image: FeatureImage, limits: tuple[float, float]) -> ScalarMappable:
    """The colours of an image's values, for `imshow` and for a colour bar."""
    return ScalarMappable(Normalize(*limits), DIVERGING if image.is_signed else SEQUENTIAL)


def draw_colour_bar(
    axes: Axes | Iterable[Axes],
    image: FeatureImage,
    limits: tuple[float, float],
    images: Sequence[FeatureImage],
    aspect: float = 14,
) -> None:
    """The scale of `draw_panel`, beside one or more axes, with points where values of `images` lie beyond it."""
    first = axes if isinstance(axes, Axes) else next(iter(axes))
    beyond_low = min(part.values.min() for part in images) < limits[0]
    beyond_high = max(part.values.max() for part in images) > limits[1]
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[int(beyond_low), int(beyond_high)]
    target = axes if isinstance(axes, Axes) else list(axes)
    bar = first.figure.colorbar(
        colour_scale(image, limits), ax=target, label=image.value_unit, extend=extend, pad=0.015, aspect=aspect
    )
    bar.ax.yaxis.set_major_locator(MaxNLocator(5, steps=STEPS))
    bar.ax.tick_params(labelsize=7.5)
    bar.ax.yaxis.label.set_fontsize(8.5)


def draw_waveform(
    axes: Axes, waveform: np.ndarray, sample_rate: int, peak: float | None = None, start_seconds: float = 0.0
) -> None:
    """Amplitude `(T,)` over time in s, full scale at ±1; of a long one the envelope. The axis ends at `peak`."""
    n_samples = len(waveform)
    if n_samples > 2 * ENVELOPE:
        edges = np.linspace(0, n_samples, ENVELOPE, endpoint=False).astype(int)
        low, high = np.minimum.reduceat(waveform, edges), np.maximum.reduceat(waveform, edges)
        axes.fill_between(edges / sample_rate + start_seconds, low, high, color=CURVE, linewidth=0.4)
    else:
        axes.plot(np.arange(n_samples) / sample_rate + start_seconds, waveform, color=CURVE, linewidth=0.8)
    peak = max(float(np.abs(waveform).max()) if peak is None else peak, 1e-4)
    axes.set_ylim(-1.08 * peak, 1.08 * peak)
    axes.set_xlim(start_seconds, start_seconds + n_samples / sample_rate)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=STEPS))
    axes.grid(alpha=0.3)
    axes.set_ylabel("amplitude")


def bin_ticks(frequencies: np.ndarray, bin_unit: str) -> Ticks:
    """Where on an axis of evenly spaced bins to write what.

    Bins of a linear scale get steps of equal size, others 1, 2 and 5 of each decade: the scale is seen by
    where these lie.
    """
    n_bins = len(frequencies)
    positions = np.arange(n_bins)
    if bin_unit == "pitch class":
        num_classes = round(float(frequencies[-1])) + 1
        classes = np.arange(num_classes)
        places = np.interp(classes, frequencies, positions).tolist()
        return places, [NOTES[k] if num_classes == len(NOTES) else str(k) for k in classes]
    if bin_unit == "coefficient":
        places, numbers = _linear_ticks(frequencies, positions)
        return places, [f"c{number:.0f}" for number in numbers]
    if n_bins <= NAMED:
        return positions.astype(float).tolist(), [hertz(frequency) for frequency in frequencies]
    if np.ptp(np.diff(frequencies)) < 1e-3 * np.ptp(frequencies) / n_bins:
        places, numbers = _linear_ticks(frequencies, positions)
        return places, [hertz(number) for number in numbers]
    return _decade_ticks(frequencies, positions)


def _linear_ticks(frequencies: np.ndarray, positions: np.ndarray) -> tuple[list[float], list[float]]:
    """Whole steps of equal size, as places and as numbers."""
    ends = low, high = frequencies.min(), frequencies.max()
    inside = [step for step in MaxNLocator(5, steps=STEPS, integer=True).tick_values(*ends) if low <= step <= high]
    return np.interp(inside, frequencies, positions).tolist(), inside


def _decade_ticks(frequencies: np.ndarray, positions: np.ndarray) -> Ticks:
    """1, then 5, then 2 of each decade, where there is room."""
    taken: dict[float, float] = {}
    for mantissa in (1, 5, 2):
        for frequency in mantissa * 10.0 ** np.arange(6):
            place = float(np.interp(frequency, frequencies, positions))
            fits = all(abs(place - other) >= GAP * len(positions) for other in taken.values())
            if frequencies[0] <= frequency <= frequencies[-1] and fits:
                taken[frequency] = place
    return [taken[frequency] for frequency in sorted(taken)], [hertz(frequency) for frequency in sorted(taken)]


def hertz(frequency: float) -> str:
    """Hz in two or three digits, 1000 as k."""
    if abs(frequency) < 1000:
        return f"{frequency:.0f}"
    return f"{frequency / 1000:.1f}".removesuffix(".0") + "k"


def draw_thumbnail(image: np.ndarray) -> np.ndarray:
    """What the backbone sees of a clip, `(C, F, N)` in standard deviations, in colours: `(C·F, N, 3)` uint8.

    The channels stand one under the other, the lowest bin of each at its lower edge.
    """
    rows = image[:, ::-1].reshape(-1, image.shape[-1])
    return colormaps[DIVERGING]((rows + INPUT_LIMIT) / (2 * INPUT_LIMIT), bytes=True)[..., :3]
