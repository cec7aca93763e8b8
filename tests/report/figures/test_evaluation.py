"""Pictures of evaluations and comparisons: readable, whole, and right where it can be read off."""

import numpy as np
import pytest
from matplotlib.image import imread
from scipy.stats import binomtest

from esc_gpu.core.esc50 import ESC50
from esc_gpu.evaluation.assessment import assess_seeds
from esc_gpu.evaluation.comparison import compare
from esc_gpu.evaluation.finished_run import read_run
from esc_gpu.evaluation.published import HUMANS
from esc_gpu.report.figures import evaluation as evaluation_plots
from esc_gpu.report.figures.evaluation import (
    plot_comparison,
    plot_confusion_by_category,
    plot_per_class,
    plot_reliability,
)
from esc_gpu.report.tables import percent
from tests.helpers.made_up_runs import make_official, write_esc10_run, write_run

PLOTS = {"confusion": plot_confusion_by_category, "reliability": plot_reliability, "per_class": plot_per_class}


@pytest.fixture
def figure(monkeypatch):
    """The figures that were saved, for a look at what is in them."""
    figures = []
    save_pair = evaluation_plots.save_pair

    def keep(figure, stem):
        figures.append(figure)
        return save_pair(figure, stem)

    monkeypatch.setattr(evaluation_plots, "save_pair", keep)
    return figures


@pytest.fixture(scope="module")
def fifty(tmp_path_factory):
    """An evaluation of fifty classes, one fold, in five categories."""
    folder = tmp_path_factory.mktemp("runs") / "fifty"
    categories = tuple(f"category {k}" for k in range(5) for _ in range(10))
    options = {"classes": tuple(sorted(ESC50)), "categories": categories, "folds": (1,), "per_class": 3}
    return assess_seeds([read_run(write_run(folder, skill=5, **options))], 50)


@pytest.fixture(scope="module")
def ten(tmp_path_factory):
    return assess_seeds([read_run(write_esc10_run(tmp_path_factory.mktemp("runs") / "ten"))], 50)


def are_drawn(paths, stem):
    """A readable PNG with more than one colour, a PDF, and nothing else left in their folder."""
    png, pdf = paths
    assert (png, pdf) == (stem.with_name(stem.name + ".png"), stem.with_name(stem.name + ".pdf"))
    assert imread(png).std() > 0.01
    assert pdf.read_bytes().startswith(b"%PDF") and pdf.read_bytes().rstrip().endswith(b"%%EOF")
    return set(png.parent.iterdir()) == {png, pdf}


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
@pytest.mark.parametrize("classes", ["ten", "fifty"])
def test_they_are_drawn(request, tmp_path, plot, classes):
    assert are_drawn(plot(tmp_path / "run.v2", request.getfixturevalue(classes)), tmp_path / "run.v2")


def test_an_evaluation_with_nothing_to_show(tmp_path):
    """One category, one class without clips, all wrong, all sure."""
    run = read_run(write_run(tmp_path / "run", categories=("Other",) * 6))
    run.labels[:] = 0
    run.probabilities[:] = np.eye(6)[1]
    evaluation = assess_seeds([run], 10)
    assert evaluation["accuracy"] == 0
    for name, plot in PLOTS.items():
        (tmp_path / name).mkdir()
        assert are_drawn(plot(tmp_path / name / "plot", evaluation), tmp_path / name / "plot")


def test_the_confusion_matrix_has_its_counts(tmp_path, ten, figure):
    plot_confusion_by_category(tmp_path / "plot", ten)
    axes = figure[0].axes[0]
    drawn = {(round(text.get_position()[1]), round(text.get_position()[0])): text.get_text() for text in axes.texts}
    matrix = np.array(ten["confusion_matrix"])
    assert drawn == {(row, column): str(matrix[row, column]) for row, column in zip(*matrix.nonzero(), strict=True)}
    assert axes.get_title().startswith(f"{np.trace(matrix)} of 120 clips correct (")
    # The shade of a cell is its share of the true class.
    np.testing.assert_allclose(axes.images[0].get_array(), matrix / matrix.sum(axis=1, keepdims=True))


def test_reliability_has_a_bar_for_each_bin_with_clips(tmp_path, ten, figure):
    plot_reliability(tmp_path / "plot", ten)
    bins = [bin for bin in ten["calibration"]["bins"] if bin["count"]]
    shares, clips = figure[0].axes
    assert [bar.get_height() for bar in shares.patches] == [bin["accuracy"] for bin in bins]
    assert [bar.get_height() for bar in clips.patches] == [bin["count"] for bin in bins]
    assert [bar.get_x() for bar in clips.patches] == [bin["low"] for bin in bins]
    width = 1 / len(ten["calibration"]["bins"])
    assert [bar.get_width() for bar in (*shares.patches, *clips.patches)] == pytest.approx([width] * 2 * len(bins))
    written = [(text.get_text(), text.xy) for text in clips.texts]
    middles = [bin["low"] + width / 2 for bin in bins]
    assert written == [(str(bin["count"]), (x, bin["count"])) for bin, x in zip(bins, middles, strict=True)]
    intervals, confidences = (part.get_segments() for part in shares.collections)
    for bin, x, interval, confidence in zip(bins, middles, intervals, confidences, strict=True):
        ends = binomtest(round(bin["accuracy"] * bin["count"]), bin["count"]).proportion_ci(method="wilson")
        assert interval.ravel().tolist() == pytest.approx([x, ends.low, x, ends.high])
        y = bin["confidence"]
        assert confidence.ravel().tolist() == pytest.approx([bin["low"], y, bin["low"] + width, y])
    assert shares.lines[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    (legend,) = figure[0].legends
    assert [text.get_text() for text in legend.get_texts()][2:] == ["mean confidence", "as sure as right"]
    assert f"NLL {ten['nll']:.3f}, Brier {ten['brier']:.3f}" in legend.get_title().get_text()


def test_classes_are_in_the_order_of_their_f1(tmp_path, ten, figure):
    plot_per_class(tmp_path / "plot", ten)
    widths = [bar.get_width() for bar in figure[0].axes[0].patches]
    assert widths == sorted(widths) == pytest.approx(sorted(100 * entry["f1"] for entry in ten["per_class"]))
    (axes,) = figure[0].axes
    classes = sorted(ten["per_class"], key=lambda entry: entry["f1"])
    precision, recall = ([100 * entry[key] for entry in classes] for key in ("precision", "recall"))
    assert axes.lines[0].get_xydata().tolist() == [[x, y] for y, x in enumerate(precision)]
    assert axes.lines[1].get_xydata().tolist() == [[x, y] for y, x in enumerate(recall)]
    assert [line.get_marker() for line in axes.lines] == ["o", "D"]
    assert axes.lines[1].get_markerfacecolor() == "white" and axes.lines[0].get_markerfacecolor() == "black"
    between = [segment[:, 0].tolist() for segment in axes.collections[0].get_segments()]
    assert between == [[*pair] for pair in zip(precision, recall, strict=True)]
    marks = axes.get_legend().legend_handles
    assert [mark.get_label() for mark in marks] == ["F1", "precision", "recall"]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == [entry["name"].replace("_", " ") for entry in classes]


@pytest.mark.parametrize("folds", [(1,), (1, 2, 3)])
@pytest.mark.parametrize("official", [True, False])
def test_a_comparison_is_drawn(tmp_path, monkeypatch, figure, folds, official):
    folders = [
        write_esc10_run(tmp_path / name, frontend=name, seed=k, folds=folds)
        for k, name in enumerate(("logmel", "mfcc", "cqt"))
    ]
    if official:
        make_official(monkeypatch, folders[0])
    comparison = compare([read_run(folder) for folder in folders], n_bootstrap=50)
    (tmp_path / "out").mkdir()
    assert are_drawn(plot_comparison(tmp_path / "out" / "plot", comparison), tmp_path / "out" / "plot")
    axes = figure[0].axes
    assert len(axes) == (2 if official else 1)  # published results
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["logmel", "mfcc", "cqt"]
    lowest = min(row["intervals"]["accuracy"]["low"] for row in comparison["rows"])
    assert axes[0].get_xlim()[0] <= 100 * lowest
    lines = axes[0].lines[: 3 * len(comparison["rows"])]
    for number, row in enumerate(comparison["rows"]):
        interval, tested, whole = (line.get_xydata().tolist() for line in lines[3 * number : 3 * number + 3])
        ends = row["intervals"]["accuracy"]
        assert interval == [[100 * ends["low"], number], [100 * ends["high"], number]]
        assert [x for x, _ in tested] == ([100 * share for share in row["fold_accuracies"]] if len(folds) > 1 else [])
        assert whole == [[100 * row["accuracy"], number]]
        assert axes[0].texts[number].get_text() == percent(row["accuracy"])
    (legend,) = figure[0].legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["all clips, 95 % interval", "a test fold"][: 2 if len(folds) > 1 else 1]
    assert legend.get_title().get_text().endswith("3 test folds" if len(folds) == 3 else "1 test fold")
    if official:
        published = comparison["references"][::-1]
        assert axes[1].lines[0].get_xdata().tolist() == [100 * entry["accuracy"] for entry in published]
        labels = [label.get_text() for label in axes[1].get_yticklabels()]
        assert labels[:2] == ["ESResNet, ImageNet weights", "ACDNet, epoch chosen on the test fold"]
        assert labels[2:] == [entry["name"] for entry in published[2:]]
        humans = [100 * entry["accuracy"] for entry in published if entry["name"] == HUMANS]
        assert [line.get_xdata()[0] for line in axes[1].lines[1:]] == humans


def test_the_same_picture_is_the_same_file(tmp_path, ten):
    first = [path.read_bytes() for path in plot_reliability(tmp_path / "a", ten)]
    assert [path.read_bytes() for path in plot_reliability(tmp_path / "b", ten)] == first
