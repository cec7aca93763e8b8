"""The pictures of runs with several labels a clip."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.multi_label_assessment import assess_several_labels
from esc_gpu.evaluation.multi_label_comparison import compare_several_labels
from esc_gpu.report.figures import run as run_figures
from esc_gpu.report.figures import several_labels
from tests.helpers.looks import grid_of, grid_shape, legend_of, ticks_of
from tests.helpers.several_labels_runs import write_several


@pytest.fixture
def kept(monkeypatch):
    """The figures that would be saved."""
    figures: list[Figure] = []
    monkeypatch.setattr(several_labels, "save_pair", lambda figure, stem: figures.append(figure))
    monkeypatch.setattr(run_figures, "save", lambda figure, path: figures.append(figure))
    return figures


def test_each_class_has_its_average_precision(tmp_path, kept):
    found = assess_several_labels([read_run(write_several(tmp_path / "run"))], n_bootstrap=20)
    found["per_class"][1] |= {"average_precision": None, "interval": None}
    several_labels.plot_average_precisions(tmp_path / "x", found)
    (axes,) = kept[0].axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    known = sorted((entry for entry in found["per_class"] if entry["interval"]), key=lambda e: e["average_precision"])
    assert names == [f"{entry['name'].replace('_', ' ')} ({entry['support']})" for entry in known]
    marks = next(line for line in axes.lines if line.get_marker() == "D")
    assert marks.get_xdata() == pytest.approx([100 * entry["average_precision"] for entry in known])


def test_a_comparison_has_a_row_for_each_run(tmp_path, kept):
    runs = [read_run(write_several(tmp_path / f"{n}", seed=n, lr=n + 1.0)) for n in range(2)]
    found = compare_several_labels(runs, n_bootstrap=20)
    several_labels.plot_map_comparison(tmp_path / "x", found)
    (axes,) = kept[0].axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "1"]
    diamonds = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "D"]
    assert diamonds == pytest.approx([100 * row["map"] for row in found["rows"]])


def test_the_pictures_of_a_fold(tmp_path, kept):
    run_figures.plot_average_precision(tmp_path / "a.png", [0.5, None, 0.9], ["dog", "rain", "sea_waves"])
    (axes,) = kept[0].axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["rain", "dog", "sea waves"]
    assert [text.get_text() for text in axes.texts] == ["no clips", "50.0", "90.0"]
    history = [{"epoch": 1, "loss": 0.7, "lr": 0.1}, {"epoch": 2, "loss": 0.6, "lr": 0.1, "test_map": 0.4}]
    run_figures.plot_curves(tmp_path / "b.png", history, "fold 1")
    assert [axes.get_ylabel() for axes in kept[1].axes[:2]] == ["binary cross-entropy", "test mAP in %"]
    assert kept[1].axes[1].lines[0].get_ydata() == pytest.approx([40])


def test_precision_over_recall_of_each_class(tmp_path, kept):
    run = read_run(write_several(tmp_path / "run"))
    probabilities = run.probabilities.copy()
    probabilities[:, 3] *= 0.1  # never heard
    run = replace(run, probabilities=probabilities)
    found = assess_several_labels([run], n_bootstrap=20)
    several_labels.plot_precision_recall(tmp_path / "x", run, found)
    ranked = sorted(found["per_class"], key=lambda entry: entry["average_precision"])
    panels = [axes for axes in kept[0].axes if axes.get_visible()]
    shown = [f"{entry['name'].replace('_', ' ')}: {100 * entry['average_precision']:.1f} %" for entry in ranked]
    assert [axes.get_title() for axes in panels] == shown
    assert len(kept[0].axes) == 5 and {(axes.get_xlim(), axes.get_ylim()) for axes in panels} == {((0, 100), (0, 100))}
    assert {grid_of(axes) for axes in panels} == {"xy"} and panels[0].lines[0].get_drawstyle() == "steps-pre"
    assert (kept[0].get_supxlabel(), kept[0].get_supylabel()) == ("recall in percent", "precision in percent")
    for axes, entry in zip(panels, ranked, strict=True):
        curve, guess, *dots = axes.lines
        recall, precision = curve.get_data()
        assert (np.diff(recall) * precision[1:]).sum() / 1e4 == pytest.approx(entry["average_precision"])
        assert guess.get_ydata()[0] == pytest.approx(100 * entry["support"] / 48)
        heard = [] if entry["name"] == "clock_tick" else [100 * entry["recall"], 100 * entry["precision"]]
        assert [value for dot in dots for (value,) in dot.get_data()] == pytest.approx(heard)


def test_of_many_classes_the_first_and_the_last_have_a_curve(tmp_path, kept, monkeypatch):
    monkeypatch.setattr(several_labels, "MOST_PANELS", 2)
    run = read_run(write_several(tmp_path / "run"))
    found = assess_several_labels([run], n_bootstrap=20)
    several_labels.plot_precision_recall(tmp_path / "x", run, found)
    values = sorted(entry["average_precision"] for entry in found["per_class"])
    shown = [axes.get_title().split(": ")[1] for axes in kept[0].axes if axes.get_visible()]
    assert shown == [f"{100 * value:.1f} %" for value in (values[0], values[-1])]


def test_probabilities_of_labels_stand_beside_their_shares(tmp_path, kept):
    found = assess_several_labels([read_run(write_several(tmp_path / "run"))], n_bootstrap=20)
    several_labels.plot_label_reliability(tmp_path / "x", found)
    shares, pairs = kept[0].axes
    bins = [bin for bin in found["calibration"]["bins"] if bin["count"]]
    assert [bar.get_height() for bar in shares.patches] == pytest.approx([bin["share"] for bin in bins])
    assert [bar.get_height() for bar in pairs.patches] == [bin["count"] for bin in bins]
    assert sum(bin["count"] for bin in bins) == 48 * 4


def test_classes_by_hand(kept):
    classes = [
        {"name": "a_b", "support": 3, "average_precision": 0.75, "interval": {"low": 0.5, "high": 1.0}},
        {"name": "c", "support": 1, "average_precision": 0.25, "interval": None},
    ]
    several_labels.plot_average_precisions("x", {"per_class": classes, "clips": 4})
    (axes,) = kept[0].axes
    drawn = [line.get_xydata().tolist() for line in axes.lines]
    assert drawn == [[[50, 1], [100, 1]], [[25, 0], [75, 1]], [[25, 0], [75, 1]]]
    assert [line.get_marker() for line in axes.lines] == ["None", "D", "|"]
    assert {line.get_linestyle() for line in axes.lines[1:]} == {"None"}
    assert ticks_of(axes.yaxis) == {"c (1)": 0, "a b (3)": 1} and grid_of(axes) == "x behind"
    assert (axes.get_xlabel(), axes.get_xlim(), axes.get_ylim()) == ("percent", (0, 101), (-0.6, 1.6))
    assert legend_of(axes) == ["average precision, 95 % interval", "share of the clips: guessing"]
    legend = axes.get_legend()
    assert legend._ncols == 2 and legend.get_bbox_to_anchor()._bbox.get_points().tolist() == [[0.5, 1], [0.5, 1]]


def test_reliability_by_hand(kept):
    bins = [{"low": 0.0, "count": 0}, {"low": 0.5, "count": 10, "share": 0.75, "confidence": 0.625}]
    several_labels.plot_label_reliability("x", {"calibration": {"bins": bins, "ece": 0.125, "mce": 0.25}})
    shares, pairs = kept[0].axes
    assert grid_shape(kept[0]) == (2, 1)
    for axes in (shares, pairs):
        (bar,) = axes.patches
        assert (bar.get_x(), bar.get_width(), axes.get_xlim(), grid_of(axes)) == (0.5, 0.5, (0, 1), "y behind")
    (confidence,) = shares.collections[0].get_segments()
    assert confidence.tolist() == [[0.5, 0.625], [1, 0.625]]
    assert shares.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]] and shares.get_ylim() == (0, 1.005)
    (number,) = pairs.texts
    assert (number.get_text(), number.xy, number.xyann, number.anncoords) == ("10", (0.75, 10), (0, 2), "offset points")
    assert pairs.get_ylim() == (0, pytest.approx(11.8)) and shares.get_ylabel().startswith("share of pairs")
    assert (pairs.get_xlabel(), pairs.get_ylabel()) == ("probability of the class", "pairs")
    assert legend_of(kept[0]) == ["mean probability", "as sure as right", "share"] and kept[0].legends[0]._ncols == 3
    assert kept[0].legends[0].get_title().get_text() == "ECE 12.50 %, MCE 25.00 %"


def test_runs_by_hand(kept):
    row = {"name": "a", "seeds": [0], "map": 0.5, "fold_maps": [0.25, 0.75]}
    rows = [row | {"intervals": {"map": {"low": 0.375, "high": 0.625}}}]
    several_labels.plot_map_comparison("x", {"rows": rows, "clips": 1234})
    several_labels.plot_map_comparison("x", {"rows": [rows[0] | {"fold_maps": [0.5]}], "clips": 1234})
    assert kept[1].axes[0].get_title() == "1,234 clips; line: 95 % interval"
    (axes,) = kept[0].axes
    assert axes.get_title() == "1,234 clips; line: 95 % interval; dots: test folds" and grid_of(axes) == "x behind"
    assert axes.get_xlabel() == "mean average precision in percent" and axes.get_xlim() == (20, 101)
    assert axes.lines[1].get_xydata().tolist() == [[25, 0.22], [75, 0.22]]
