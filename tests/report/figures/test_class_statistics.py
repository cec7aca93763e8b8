"""Pictures of what tells classes apart."""

import numpy as np
import pytest
from matplotlib.image import imread

from esc_gpu.frontends.axes import ChannelAxis
from esc_gpu.report.figures.class_statistics import draw_class_means, draw_descriptor, draw_spectra, plot_ranking
from esc_gpu.report.figures.features import save_figure

AXES = [
    ChannelAxis("logmel", np.geomspace(50, 8000, 30), "Hz", "dB", False),
    ChannelAxis("mfcc", np.arange(20), "coefficient", "dB", True),
    ChannelAxis("chroma", np.arange(12), "pitch class", "", False),
    ChannelAxis("spectral_centroid", np.zeros(1), "feature", "Hz", False),
]


def numbers(axis, num_classes):
    generator = np.random.default_rng(0)
    shape = num_classes, len(axis.frequencies)
    return generator.normal(0, 100, shape), generator.uniform(1, 5, shape), generator.uniform(0, 2, shape[1])


@pytest.mark.parametrize("axis", AXES, ids=[axis.name for axis in AXES])
def test_every_kind_of_feature_is_drawn(axis, tmp_path):
    figure = draw_class_means(axis.name, axis, *numbers(axis, 3), ["dog", "rain", "sea_waves"])
    save_figure(figure, tmp_path / "means.png")
    assert imread(tmp_path / "means.png").std() > 0.01


def test_a_panel_has_its_class_and_the_bars_fishers_ratio():
    means, spreads, fisher = numbers(AXES[0], 3)
    fisher[4] = np.inf  # has no bar
    figure = draw_spectra(AXES[0], means, spreads, fisher, ["a", "b", "c"])
    *panels, bars = figure.axes
    assert [axes.get_title() for axes in panels] == ["a", "b", "c"]
    for axes, mean in zip(panels, means, strict=True):
        overall, own = axes.lines
        assert np.array_equal(own.get_ydata(), mean)
        assert np.allclose(overall.get_ydata(), means.mean(axis=0))
        assert axes.get_ylim() == panels[0].get_ylim()
    heights = bars.patches[0].get_data().values
    assert np.isnan(heights[4]) and np.array_equal(np.delete(heights, 4), np.delete(fisher, 4))


def test_a_cepstrums_large_first_values_leave_room_for_the_others():
    figure = draw_spectra(AXES[1], *numbers(AXES[1], 2), ["a", "b"])
    assert [axes.get_yscale() for axes in figure.axes] == ["symlog", "symlog", "linear"]


def test_descriptors_are_sorted():
    (axes,) = draw_descriptor(AXES[3], np.array([3.0, 1.0, 2.0]), np.ones(3), ["a", "b", "c"]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", "c", "a"]


def test_fifty_classes_fit(tmp_path):
    figure = draw_class_means("logmel", AXES[0], *numbers(AXES[0], 50), [f"class{k}" for k in range(50)])
    save_figure(figure, tmp_path / "means.png")
    height, width, _ = imread(tmp_path / "means.png").shape
    assert 1 < width / height < 4


def test_the_ranking(tmp_path):
    row = {"name": "logmel", "balanced_accuracy": 0.7, "silhouette": -0.1, "fisher_mean": 1.0}
    plot_ranking(tmp_path / "ranking.png", [row, {**row, "name": "rms", "fisher_mean": np.inf}], 10, "title")
    assert imread(tmp_path / "ranking.png").std() > 0.01
