"""The demo's pictures: their time axes."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from esc_gpu.frontends.images import FeatureImage
from esc_gpu.report.figures.recording import MAX_TICKS, WIDTH, draw_features, draw_timeline, name_time


@pytest.mark.parametrize(
    ("start", "end", "unit", "first"),
    [(0, 0.4, "s", "0.0"), (0, 50, "s", "0"), (174, 184, "min:s", "2:54"), (0, 600, "min:s", "0:00")],
)
def test_times_are_round_and_few(start, end, unit, first):
    axes = Figure().subplots()
    axes.set_xlim(start, end)
    name_time(axes, start, end)
    ticks = [tick for tick in axes.get_xticks() if start <= tick <= end]
    assert 3 <= len(ticks) <= MAX_TICKS + 1
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
