"""Pictures of a recording: the shades, rows and times of a file's timeline, and the demo's narrow pictures."""

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from esc_gpu.frontends.images import FeatureImage
from esc_gpu.report.figures.recording import (
    MAX_TICKS,
    NARROW_MAX_TICKS,
    NARROW_STEPS_SECONDS,
    STEPS_SECONDS,
    WIDTH,
    draw_features,
    draw_timeline,
    label_times,
    name_time,
    plot_timeline,
    round_step,
    surest,
)

# A file


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
def test_the_times_of_a_file_are_round_and_few(duration, unit, last):
    axes = Figure().subplots()
    axes.set(xlim=(0, duration))
    label_times(axes, duration)
    ticks = [tick for tick in axes.get_xticks() if 0 <= tick <= duration]
    assert axes.get_xlabel() == unit and 3 <= len(ticks) <= MAX_TICKS + 1
    if last is not None:
        label = axes.xaxis.get_major_formatter()
        assert label(ticks[-1], 0) == last and label(0, 0) == ("0:00:00" if unit == "h:mm:ss" else "0:00")
        assert label(3723.6, 0) == ("1:02:04" if unit == "h:mm:ss" else "62:04")


def test_steps_of_a_time_axis_are_round():
    """Each at the longest time in which it is the smallest that fits, ten or seven times."""
    seconds, minutes, hours = [1, 2, 5, 10, 20, 50, 100, 150, 300], [1, 2, 5, 10, 15, 30], [1, 2, 4, 12, 24]
    steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, *(60 * n for n in minutes), *(3600 * n for n in hours)]
    longest = [*seconds, *(600 * n for n in minutes), *(36_000 * n for n in hours)]
    assert MAX_TICKS == 10 and [round_step(time, STEPS_SECONDS, MAX_TICKS) for time in longest] == steps
    assert round_step(10**7, STEPS_SECONDS, MAX_TICKS) == 24 * 3600
    steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, *(60 * n for n in (1, 2, 5, 10, 30, 60))]
    longest = [0.7, 1.4, 3.5, 7, 14, 35, 70, 140, *(420 * n for n in (1, 2, 5, 10, 30, 60))]
    found = [round_step(time - 1e-9, NARROW_STEPS_SECONDS, NARROW_MAX_TICKS) for time in longest]
    assert found == steps and round_step(7.5, NARROW_STEPS_SECONDS, NARROW_MAX_TICKS) == 2


def test_classes_that_come_equally_close_keep_their_order():
    assert surest(np.full((2, 50), 0.02), 20).tolist() == list(range(20))


def test_the_file_of_a_timeline_has_its_title_classes_and_scale(monkeypatch):
    drawn = []
    monkeypatch.setattr("esc_gpu.report.figures.recording.save", lambda figure, path: drawn.append(figure))
    plot_timeline("timeline.png", np.arange(4.0), np.eye(3), NAMES, "costs $5")
    axes, scale = drawn[0].axes
    assert axes.get_title(loc="left") == "costs $5" and "most probable class" in axes.get_title(loc="right")
    assert not axes._left_title.get_parse_math()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a b", "$x", "c"]
    assert axes.get_xlim() == (0, 3) and axes.get_xlabel() == "s" and scale.get_ylabel() == "probability"
    assert not any(label.get_parse_math() for label in axes.get_yticklabels())


def test_a_line_goes_through_windows_in_which_a_class_is_heard(monkeypatch):
    drawn = []
    monkeypatch.setattr("esc_gpu.report.figures.recording.save", lambda figure, path: drawn.append(figure))
    shares = np.array([[0.6, 0.5], [0.5, 0.49], [0.4, 0.9], [0.3, 0.1], [0.7, 0.2]])
    for heard_from in (None, 0.5):
        plot_timeline("timeline.png", np.arange(6.0), shares, ["a", "b"], "title", heard_from)
    (likeliest, _), (heard, _) = (figure.axes for figure in drawn)
    lines = [
        [[tuple(line[:, 0]) for line in part.get_segments()] for part in axes.collections[1:]]
        for axes in (likeliest, heard)
    ]
    assert lines == [[[(0, 2), (3, 5)], [(2, 3)]], [[(0, 2), (4, 5)], [(0, 1), (2, 3)]]]
    assert [part.get_segments()[0][:, 1].tolist() for part in heard.collections[1:]] == [[0.4] * 2, [1.4] * 2]
    assert heard.get_title(loc="right").endswith("probability of 0.5 or more")


# The demo's


@pytest.mark.parametrize(
    ("start", "end", "unit", "first"),
    [
        *((0, 0.4, "s", "0.0"), (0, 50, "s", "0"), (0, 120, "s", "100"), (0, 121, "min:s", "1:40")),
        *((174, 184, "min:s", "2:54"), (0, 600, "min:s", "0:00")),
    ],
)
def test_the_times_of_a_narrow_picture_are_round_and_few(start, end, unit, first):
    axes = Figure().subplots()
    axes.set_xlim(start, end)
    name_time(axes, start, end)
    ticks = [tick for tick in axes.get_xticks() if start <= tick <= end]
    assert 3 <= len(ticks) <= NARROW_MAX_TICKS + 1
    axes.figure.draw_without_rendering()
    labels = [label.get_text() for label in axes.get_xticklabels() if label.get_text()]
    assert axes.get_xlabel() == unit and len(set(labels)) == len(labels) and first in labels


def test_the_likeliest_class_of_each_window_is_marked():
    probabilities = np.array([[0.1, 0.9], [0.2, 0.8], [0.7, 0.3]])
    figure = draw_timeline(np.zeros(4000), 1000, np.array([0.0, 1.5, 2.5, 4.0]), probabilities, ["dog_1", "cat"])
    below = figure.axes[1]
    assert [label.get_text() for label in below.get_yticklabels()] == ["cat", "dog 1"]  # the surer one first
    marked = [[tuple(line[:, 0]) for line in part.get_segments()] for part in below.collections[1:]]
    assert marked == [[(0.0, 1.5), (1.5, 2.5)], [(2.5, 4.0)]]
    assert [part.get_segments()[0][:, 1].tolist() for part in below.collections[1:]] == [[0.38] * 2, [1.38] * 2]
    mesh = below.collections[0]
    assert mesh.get_array().tolist() == [[0.9, 0.8, 0.3], [0.1, 0.2, 0.7]] and mesh.get_clim() == (0, 1)
    assert mesh.get_coordinates()[..., 0].tolist() == [[0, 1.5, 2.5, 4]] * 3
    assert mesh.get_coordinates()[:, 0, 1].tolist() == [-0.5, 0.5, 1.5] and below.get_ylim() == (1.5, -0.5)
    assert below.get_xlabel() == "s" and below.get_xticks().tolist()[1:4] == [0, 1, 2]
    titles = ["the recording", "probabilities over time; orange: most probable class"]
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == titles
    assert figure.dpi == 150 and figure.get_size_inches()[0] == 5.6
    assert below.get_xlim() == figure.axes[0].get_xlim() == (0, 4) and figure.axes[2].get_ylabel() == "probability"


def test_a_recording_of_many_classes_has_eight_rows():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(50), size=3)
    figure = draw_timeline(np.zeros(400), 100, np.arange(4.0), probabilities, [str(k) for k in range(50)])
    rows = [int(label.get_text()) for label in figure.axes[1].get_yticklabels()]
    assert rows == np.argsort(-probabilities.max(axis=0))[:8].tolist()


def test_features_end_with_the_waveform_and_stand_under_each_other():
    image = FeatureImage(np.random.rand(1, 12, 40), np.arange(40) / 10, np.linspace(0, 4000, 12), "Hz", "dB")
    figure = draw_features(np.zeros(3000), 1000, {"first": image, "second": image}, 1.0)
    named = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in named] == ["waveform", "first", "second"]
    assert all(axes.get_xlim() == (1.0, 4.0) for axes in named)
    assert figure.get_size_inches()[0] == WIDTH
    grid = named[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == (3, 1) and len(figure.axes) == 5  # with two colour bars
    assert [bar.get_ylabel() for bar in figure.axes[3:]] == ["dB"] * 2
    assert named[0].lines[0].get_xdata()[0] == 1 and named[1].images[0].get_extent()[0] == pytest.approx(0.95)
    assert [axes.get_xlabel() for axes in named] == ["", "", "s"] and named[-1].get_xticks()[:2].tolist() == [0.5, 1]
    assert not named[0]._left_title.get_parse_math()
    curve = FeatureImage(np.ones((1, 1, 9)), np.arange(9) / 10, np.zeros(1), "feature", "Hz")
    assert len(draw_features(np.zeros(900), 1000, {"rms": curve}, 0.0).axes) == 2
