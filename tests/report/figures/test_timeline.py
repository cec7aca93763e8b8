"""The picture of a long recording: its shades, its rows and the times below it."""

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from esc_gpu.report.figures.timeline import MAX_TICKS, _label_times, plot_timeline

NAMES = ["a_b", "$x", "c"]


def picture(folder, probabilities, edges=None, names=NAMES):
    """The pixels `(height, width, 3)` of the timeline, and how many rows of them there are."""
    edges = np.arange(len(probabilities) + 1.0) if edges is None else edges
    plot_timeline(folder / "timeline.png", edges, np.asarray(probabilities), names, "costs $5 and $6.wav")
    return matplotlib.image.imread(folder / "timeline.png")[..., :3]


def dark(pixels):
    """Share of the pixels in the darkest blue of the map, which is a probability of 1."""
    return (np.abs(pixels - [8 / 255, 48 / 255, 107 / 255]).max(axis=-1) < 0.01).mean()


def orange(pixels):
    """Pixels in each column of the colour that marks the likeliest class."""
    return (np.abs(pixels - [1.0, 127 / 255, 14 / 255]).max(axis=-1) < 0.01).sum(axis=0)


def test_the_shade_is_the_probability(tmp_path):
    sure = picture(tmp_path, np.eye(3))
    unsure = picture(tmp_path, np.full((3, 3), 1 / 3))
    assert dark(sure) > 0.1 and dark(unsure) < 0.02  # the colour bar has it, too


def test_a_line_marks_the_likeliest_class_at_any_time(tmp_path):
    """Through the whole width, whichever class it is."""
    lines = orange(picture(tmp_path, np.random.default_rng(0).dirichlet(np.ones(3), 40)))
    width = len(lines)
    assert (lines[width // 8 : width * 3 // 4] > 0).mean() > 0.9  # where it jumps, a pixel is a mixture


def test_windows_are_as_wide_as_their_time(tmp_path):
    wide = dark(picture(tmp_path, [[1, 0, 0], [0.4, 0.3, 0.3]], np.array([0.0, 9.0, 10.0])))
    narrow = dark(picture(tmp_path, [[1, 0, 0], [0.4, 0.3, 0.3]], np.array([0.0, 1.0, 10.0])))
    assert wide > 4 * narrow


def test_of_many_classes_twenty_are_drawn(tmp_path):
    probabilities = np.random.default_rng(0).dirichlet(np.ones(50), 30)
    heights = [len(picture(tmp_path, probabilities[:, :k], names=[f"{n}" for n in range(k)])) for k in (10, 20, 50)]
    assert heights[0] < heights[1] == heights[2]


@pytest.mark.parametrize(
    ("duration", "unit", "last"),
    [
        (0.5, "s", None),
        (12, "s", None),
        (60, "m:ss", "1:00"),
        (754, "m:ss", "12:00"),
        (3600, "h:mm:ss", "1:00:00"),
        (90_000, "h:mm:ss", "24:00:00"),
    ],
)
def test_times_are_round_and_few(duration, unit, last):
    axes = Figure().subplots()
    axes.set(xlim=(0, duration))
    _label_times(axes, duration)
    ticks = [tick for tick in axes.get_xticks() if 0 <= tick <= duration]
    assert axes.get_xlabel() == unit and 3 <= len(ticks) <= MAX_TICKS + 1
    if last is not None:
        assert axes.xaxis.get_major_formatter()(ticks[-1], 0) == last
