"""Pictures of a small evaluation and of a small comparison whose every number is known."""

import pytest
from matplotlib.colors import to_hex
from scipy.stats import binomtest

from esc_gpu.evaluation.published import HUMANS, NONE
from esc_gpu.report.figures import evaluation as plots
from esc_gpu.report.figures.evaluation import COLOURS
from tests.helpers.looks import grid_of, grid_shape, legend_of, ticks_of

CLASSES = [
    {"name": "a_b", "category": "X", "support": 2, "precision": 1.0, "recall": 0.5, "f1": 0.75},
    {"name": "c", "category": "Y", "support": 2, "precision": 0.5, "recall": 1.0, "f1": 0.8},
    {"name": "d", "category": "Y", "support": 0, "precision": 0.0, "recall": 0.0, "f1": 0.0},
]
# Bins of a fifth; a clip is in them once for each of the two runs.
BINS = [
    {"low": 0.0, "count": 0, "accuracy": None, "confidence": None},
    {"low": 0.2, "count": 1, "accuracy": 1.0, "confidence": 0.25},
    {"low": 0.4, "count": 4, "accuracy": 0.5, "confidence": 0.45},
    {"low": 0.6, "count": 0, "accuracy": None, "confidence": None},
    {"low": 0.8, "count": 10, "accuracy": 0.8, "confidence": 0.95},
]
EVALUATION = {
    "confusion_matrix": [[1, 1, 0], [0, 2, 0], [0, 0, 0]],
    "per_class": CLASSES,
    "per_category": [{"name": "X"}, {"name": "Y"}],
    "calibration": {"bins": BINS, "ece": 0.1, "mce": 0.5},
    "runs": [{}, {}],
    **{"accuracy": 0.75, "nll": 0.5, "brier": 0.25},
}
ONE_CATEGORY = EVALUATION | {
    "per_category": [{"name": "X"}],
    "per_class": [entry | {"category": "X"} for entry in CLASSES],
}
RUNS = [
    {"name": "a", "seeds": [0, 1], "accuracy": 0.75, "fold_accuracies": [0.5, 1.0]},
    {"name": "b", "seeds": [3], "accuracy": 0.65, "fold_accuracies": [0.65]},
]
COMPARISON = {
    "rows": [row | {"intervals": {"accuracy": {"low": 0.62, "high": 0.87}}} for row in RUNS],
    "references": [
        {"name": "best", "accuracy": 0.96, "outside_data": "none", "selected": "no"},
        {"name": HUMANS, "accuracy": 0.81, "outside_data": NONE, "selected": NONE},
        {"name": "least", "accuracy": 0.43, "outside_data": "AudioSet", "selected": "yes"},
    ],
    **{"folds": [1, 2], "clips": 1200},
}


@pytest.fixture
def drawn(monkeypatch):
    """The figures that would be saved."""
    figures = []
    monkeypatch.setattr(plots, "save_pair", lambda figure, stem: figures.append((figure, stem)))

    def draw(plot, numbers):
        plot("stem", numbers)
        figure, stem = figures.pop()
        assert stem == "stem"
        return figure

    return draw


def test_a_confusion_parts_its_categories(drawn):
    figure = drawn(plots.plot_confusion_by_category, EVALUATION)
    axes, bar = figure.axes
    assert axes.get_title() == "3 of 4 clips correct (75.00 %)" and bar.get_ylabel() == "share of the true class"
    assert axes.images[0].norm.gamma == 0.6 and {text.get_color() for text in axes.texts} == {"white"}
    across, down = (line.get_xydata().tolist() for line in axes.lines)
    assert across == [[0, 0.5], [1, 0.5]] and down == [[0.5, 0], [0.5, 1]]
    for axis in (axes.xaxis, axes.yaxis):
        assert axis.get_minorticklocs().tolist() == [0.5, 1.5] and axis.get_majorticklocs().tolist() == [0, 1, 2]
        lines, marks = (axis.get_tick_params(which=which) for which in ("minor", "major"))
        assert lines["gridOn"] and lines["length"] == 0 and not marks["gridOn"] and "length" not in marks
        assert [label.get_color() for label in axis.get_ticklabels()] == [COLOURS[0], COLOURS[1], COLOURS[1]]
    assert legend_of(figure) == ["X", "Y"] and figure.legends[0]._ncols == 2
    assert [to_hex(patch.get_facecolor()).upper() for patch in figure.legends[0].get_patches()] == [*COLOURS[:2]]
    assert bar.get_box_aspect() == 30 and bar.get_position().height < 0.8 * axes.get_position(original=True).height


def test_one_category_is_black_and_has_no_legend(drawn):
    figure = drawn(plots.plot_confusion_by_category, ONE_CATEGORY)
    assert not figure.legends and not figure.axes[0].lines
    assert {label.get_color() for label in figure.axes[0].get_xticklabels()} == {"black"}


def test_more_categories_than_colours_take_turns():
    names = list("ABCDEFG")
    colours = plots.category_colours({"per_category": [{"name": name} for name in names]})
    assert list(colours) == names and list(colours.values()) == [*COLOURS, COLOURS[0]]


def test_reliability_counts_a_clip_of_several_seeds_once(drawn):
    figure = drawn(plots.plot_reliability, EVALUATION)
    shares, clips = figure.axes
    assert grid_shape(figure) == (2, 1)
    for axes in (shares, clips):
        assert [bar.get_x() for bar in axes.patches] == [0.2, 0.4, 0.8] and grid_of(axes) == "y behind"
        assert axes.get_xlim() == (0, 1) and [bar.get_width() for bar in axes.patches] == pytest.approx([0.2] * 3)
    assert (shares.get_ylabel(), shares.get_ylim()) == ("share of correct clips", (0, 1.005))
    assert (clips.get_ylabel(), clips.get_ylim()) == ("clips", (0, pytest.approx(11.8)))
    assert clips.get_xlabel() == "confidence: probability of the predicted class"
    intervals, confidences = ([part.tolist() for part in parts.get_segments()] for parts in shares.collections)
    for ends, x, (right, seen) in zip(intervals, (0.3, 0.5, 0.9), [(1, 1), (1, 2), (4, 5)], strict=True):
        low, high = binomtest(right, seen).proportion_ci(method="wilson")
        assert ends == [pytest.approx([x, low]), pytest.approx([x, high])]
    assert confidences[0] == [[0.2, 0.25], [pytest.approx(0.4), 0.25]]
    assert shares.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert {(text.xyann, text.anncoords) for text in clips.texts} == {((0, 2), "offset points")}  # over the bars
    assert [text.xy for text in clips.texts] == [(pytest.approx(0.3), 1), (0.5, 4), (0.9, 10)]
    legend = figure.legends[0]
    assert legend_of(figure) == ["accuracy", "its 95 % interval", "mean confidence", "as sure as right"]
    assert legend._ncols == 2 and legend.get_title().get_text() == "ECE 10.00 %, MCE 50.00 %, NLL 0.500, Brier 0.250"


def test_a_class_without_clips_says_so(drawn):
    figure = drawn(plots.plot_per_class, EVALUATION)
    (axes,) = figure.axes
    assert ticks_of(axes.yaxis) == {"d (no clips)": 0, "a b": 1, "c": 2}
    assert [label.get_color() for label in axes.get_yticklabels()] == [COLOURS[1], COLOURS[0], COLOURS[1]]
    assert [to_hex(bar.get_facecolor()).upper() for bar in axes.patches] == [COLOURS[1], COLOURS[0], COLOURS[1]]
    assert [bar.get_y() + bar.get_height() / 2 for bar in axes.patches] == pytest.approx([0, 1, 2])
    assert [bar.get_width() for bar in axes.patches] == [0, 75, 80]
    precision, recall = (line.get_xydata().tolist() for line in axes.lines)
    assert precision == [[0, 0], [100, 1], [50, 2]] and recall == [[0, 0], [50, 1], [100, 2]]
    assert [line[:, 0].tolist() for line in axes.collections[0].get_segments()] == [[0, 0], [100, 50], [50, 100]]
    assert (axes.get_xlabel(), axes.get_xlim(), axes.get_ylim()) == ("percent", (0, 101), (-0.6, 2.6))
    assert grid_of(axes) == "x behind" and legend_of(axes) == ["F1", "precision", "recall"]
    legend = axes.get_legend()
    assert legend._ncols == 3 and legend.get_bbox_to_anchor()._bbox.get_points().tolist() == [[0.5, 1], [0.5, 1]]
    assert [mark.get_marker() for mark in legend.legend_handles[1:]] == ["o", "D"]
    assert legend_of(figure) == ["X", "Y"] and figure.legends[0].get_texts()[0].get_fontsize() == 8


def test_a_comparison_has_its_runs_and_what_is_published(drawn):
    figure = drawn(plots.plot_comparison, COMPARISON)
    runs, published = figure.axes
    grid = runs.get_subplotspec().get_gridspec()
    assert grid.get_height_ratios() == pytest.approx([1.1, 1.01])  # two rows, and three smaller ones
    assert ticks_of(runs.yaxis) == {"a\n2 seeds": 0, "b": 1} and runs.get_ylim() == (1.5, -0.5)
    assert runs.get_xlim() == published.get_xlim() == (40, 101)  # below all, also the published ones
    assert [line.get_xydata().tolist() for line in runs.lines[:-1]] == [
        [[62, 0], [87, 0]],
        [[50, 0.22], [100, 0.22]],
        [[75, 0]],
        [[62, 1], [87, 1]],
        [],  # of a single fold the accuracy is that of all
        [[65, 1]],
    ]
    assert [line.get_marker() for line in runs.lines[:3]] == ["None", "o", "D"]
    assert runs.lines[1].get_linestyle() == "None"
    assert [(text.get_text(), *text.get_position()) for text in runs.texts] == [("75.00", 1.01, 0), ("65.00", 1.01, 1)]
    assert [(text.get_text(), text.get_position()[1]) for text in published.texts] == [
        *(("43.00", 0), ("81.00", 1), ("96.00", 2))
    ]
    assert all(text.get_transform() == runs.get_yaxis_transform() for text in runs.texts)
    assert ticks_of(published.yaxis) == {
        "least, AudioSet weights, epoch chosen on the test fold": 0,
        HUMANS: 1,
        "best": 2,
    }
    assert (published.get_ylabel(), published.get_ylim()) == ("published", (2.6, -0.6))
    assert (published.lines[0].get_marker(), published.lines[0].get_linestyle()) == ("s", "None")
    assert (runs.get_xlabel(), published.get_xlabel()) == ("", "accuracy in percent")
    for axes in (runs, published):
        assert axes.lines[-1].get_xdata() == [81, 81] and grid_of(axes) == "x behind"
        assert axes.xaxis.get_major_locator().tick_values(41, 79).tolist() == [40, 50, 60, 70, 80]
    assert legend_of(figure) == ["all clips, 95 % interval", "a test fold"] and figure.legends[0]._ncols == 2
    of_three = drawn(plots.plot_comparison, COMPARISON | {"folds": [1, 2, 3]})
    assert legend_of(of_three) == legend_of(figure)
    assert figure.legends[0].get_title().get_text() == "1,200 clips, 2 test folds"


def test_a_comparison_of_a_split_without_published_results(drawn):
    figure = drawn(plots.plot_comparison, COMPARISON | {"references": [], "folds": ["test"], "clips": 1})
    (axes,) = figure.axes
    assert axes.get_xlabel() == "accuracy in percent" and axes.get_xlim() == (50, 101)
    assert legend_of(figure) == ["all clips, 95 % interval"]
    assert figure.legends[0].get_title().get_text() == "1 clip, the test split"
    assert axes.get_subplotspec().get_gridspec().get_height_ratios() == pytest.approx([1.1])
