"""Pictures of what tells classes apart."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread

from esc_gpu.frontends.axes import ChannelAxis
from esc_gpu.report.figures.class_statistics import draw_class_means, draw_descriptor, draw_spectra, plot_ranking
from esc_gpu.report.figures.features import save_figure
from esc_gpu.report.figures.panels import FILL
from tests.helpers.looks import FIVE, FOUR, grid_of, legend_of, steps_of, ticks_of

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
    assert not any(axes.title.get_parse_math() for axes in panels)
    for number, (axes, mean) in enumerate(zip(panels, means, strict=True)):
        overall, own = axes.lines
        assert np.array_equal(own.get_ydata(), mean)
        assert np.allclose(overall.get_ydata(), means.mean(axis=0))
        assert axes.get_ylim() == panels[0].get_ylim()
        band = axes.collections[0].get_paths()[0].vertices[:, 1]
        assert (band.min(), band.max()) == pytest.approx(
            ((mean - spreads[number]).min(), (mean + spreads[number]).max())
        )
        assert (own.get_xdata() == np.arange(30)).all() and axes.get_xlim() == (-0.5, 29.5)
        low, high = (means - spreads).min(), (means + spreads).max()
        assert axes.get_ylim() == pytest.approx((low - 0.05 * (high - low), high + 0.05 * (high - low)))
        assert grid_of(axes) == "xy" and steps_of(axes.yaxis) == FOUR
        assert list(ticks_of(axes.xaxis)) == ["100", "1k", "5k"]
    assert [axes.get_ylabel() for axes in panels] == ["dB", "", ""]
    assert legend_of(panels[0]) == ["mean of all classes"] and not panels[1].get_legend()
    assert (bars.get_xlabel(), bars.get_ylabel(), bars.get_xlim()) == ("Hz", "Fisher's ratio", (-0.5, 29.5))
    assert (bars.patches[0].get_data().edges == np.arange(31) - 0.5).all() and bars.get_ylim()[0] == 0
    heights = bars.patches[0].get_data().values
    assert np.isnan(heights[4]) and np.array_equal(np.delete(heights, 4), np.delete(fisher, 4))
    assert bars.patches[0].get_fill() and ticks_of(bars.xaxis) == ticks_of(panels[0].xaxis)


def test_a_cepstrums_large_first_values_leave_room_for_the_others():
    figure = draw_spectra(AXES[1], *numbers(AXES[1], 2), ["a", "b"])
    assert [axes.get_yscale() for axes in figure.axes] == ["symlog", "symlog", "linear"]
    axis = figure.axes[0].yaxis
    assert axis.get_transform().linthresh == 10 and axis.get_minorticklocs().size == 0
    assert axis.get_major_formatter()(-100, 0) == "−100"


@pytest.mark.parametrize(("num_classes", "columns"), [(20, 5), (21, 10)])
def test_many_classes_stand_ten_in_a_row(num_classes, columns):
    axes = draw_spectra(AXES[3], *numbers(AXES[3], num_classes), [""] * num_classes).axes[0]
    grid = axes.get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == (-(-num_classes // columns) + 1, columns)


def test_equal_bins_have_a_margin():
    flat = np.zeros((1, 30))
    axes, bars = draw_spectra(AXES[0], flat, flat, flat[0], ["a"]).axes
    assert axes.get_ylim() == pytest.approx((-5e-8, 5e-8))
    assert bars.get_ylim()[0] == 0  # a ratio is not below


def test_descriptors_are_sorted():
    (axes,) = draw_descriptor(AXES[3], np.array([3.0, 1.0, 2.0]), np.ones(3), ["a", "b", "c"]).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["b", "c", "a"]


def test_a_descriptor_has_its_means_spreads_and_unit():
    means, spreads = np.array([3000.0, 1000.0]), np.array([500.0, 100.0])
    (axes,) = draw_descriptor(AXES[3], means, spreads, ["a", "b"]).axes
    dots, overall = axes.lines
    assert dots.get_xydata().tolist() == [[1000, 0], [3000, 1]] and overall.get_xdata() == [2000, 2000]
    (bars,) = axes.collections
    assert [segment.tolist() for segment in bars.get_segments()] == [[[900, 0], [1100, 0]], [[2500, 1], [3500, 1]]]
    assert bars.get_linewidth() == [4] and to_hex(bars.get_color()[0]) == FILL != dots.get_color()
    (equal,) = draw_descriptor(AXES[3], np.ones(50), np.ones(50), [str(number) for number in range(50)]).axes
    assert [label.get_text() for label in equal.get_yticklabels()] == [str(number) for number in range(50)]
    assert axes.get_xlabel() == "Hz" and axes.xaxis.get_major_formatter()(2000, 0) == "2k"
    assert (dots.get_marker(), dots.get_linestyle()) == ("o", "None") and grid_of(axes) == "x"
    assert ticks_of(axes.yaxis) == {"b": 0, "a": 1} and "mean of all classes" in legend_of(axes)
    other = ChannelAxis("zero_crossing_rate", np.zeros(1), "feature", "", False)
    (axes,) = draw_descriptor(other, means, spreads, ["a", "b"]).axes
    assert axes.get_xlabel() == "zero_crossing_rate" and axes.xaxis.get_major_formatter()(2000, 0) != "2k"


def test_a_title_is_no_formula():
    for axis in (AXES[0], AXES[3]):
        figure = draw_class_means("$x", axis, *numbers(axis, 2), ["a", "b"])
        assert (
            figure.get_suptitle().startswith("$x: mean ± standard deviation") and not figure._suptitle.get_parse_math()
        )
    assert figure.get_suptitle().endswith(f"; Fisher's ratio {numbers(AXES[3], 2)[2][0]:.2f}")


def test_only_the_outer_panels_have_numbers():
    *panels, _ = draw_spectra(AXES[0], *numbers(AXES[0], 7), list("abcdefg")).axes
    assert [axes.get_ylabel() for axes in panels] == ["dB", *[""] * 4, "dB", ""]
    assert {axes.yaxis.get_tick_params()["labelsize"] for axes in panels} == {7.5}
    shown = [axes.yaxis.get_tick_params()["labelleft"] for axes in panels]
    assert shown == [True, *[False] * 4, True, False]
    assert [axes.xaxis.get_tick_params()["labelbottom"] for axes in panels] == [False] * 2 + [True] * 5


def test_fifty_classes_fit(tmp_path):
    figure = draw_class_means("logmel", AXES[0], *numbers(AXES[0], 50), [f"class{k}" for k in range(50)])
    save_figure(figure, tmp_path / "means.png")
    height, width, _ = imread(tmp_path / "means.png").shape
    assert 1 < width / height < 4


def test_the_ranking_has_its_numbers_and_what_guessing_gives(monkeypatch):
    drawn = []
    monkeypatch.setattr(
        "esc_gpu.report.figures.class_statistics.save_figure", lambda figure, path: drawn.append(figure)
    )
    row = {"name": "logmel", "balanced_accuracy": 0.7, "silhouette": -0.1, "fisher_mean": 1.0}
    plot_ranking("ranking.png", [row, {**row, "name": "rms", "fisher_mean": np.inf}], 4, "title")
    accuracy, silhouette, fisher = drawn[0].axes
    widths = [[bar.get_width() for bar in axes.patches] for axes in drawn[0].axes]
    assert widths == [[70, 70], [-0.1, -0.1], [1, 0]]
    written = [[text.get_text() for text in axes.texts] for axes in drawn[0].axes]
    assert written == [["70.0", "70.0"], ["−0.100", "−0.100"], ["1.00", "inf"]]
    assert [label.get_text() for label in accuracy.get_yticklabels()] == ["logmel", "rms"]
    low, high = accuracy.get_ylim()
    assert (low, high) == (1.6, -0.6)  # the best on top
    zero, guessing = accuracy.lines
    assert guessing.get_xdata() == [25, 25] and guessing.get_label() == "guessing" and accuracy.get_legend()
    assert zero.get_xdata() == [0, 0] and [len(axes.lines) for axes in (silhouette, fisher)] == [1, 1]
    assert drawn[0].get_suptitle() == "title" and not drawn[0]._suptitle.get_parse_math()
    assert not accuracy.get_yticklabels()[0].get_parse_math()
    assert accuracy.get_subplotspec().get_gridspec().ncols == 3 and accuracy.texts[0].xyann == (3, 0)
    labels = ["balanced accuracy of a linear discriminant in %", "silhouette, from −1 to 1"]
    assert [axes.get_xlabel() for axes in drawn[0].axes] == [*labels, "Fisher's ratio, mean over the bins"]
    for axes in drawn[0].axes:
        assert grid_of(axes) == "x behind" and steps_of(axes.xaxis) == FIVE
        assert axes.get_ylim() == (low, high) and axes.margins()[0] == 0.16  # the numbers have room
        assert [name for name, spine in axes.spines.items() if spine.get_visible()] == ["bottom"]
        lengths = [axis.get_tick_params().get("length") for axis in (axes.xaxis, axes.yaxis)]
        assert lengths == [None, 0]


def test_the_ranking(tmp_path):
    row = {"name": "logmel", "balanced_accuracy": 0.7, "silhouette": -0.1, "fisher_mean": 1.0}
    plot_ranking(tmp_path / "ranking.png", [row, {**row, "name": "rms", "fisher_mean": np.inf}], 10, "title")
    assert imread(tmp_path / "ranking.png").std() > 0.01
