"""The pictures of a run: its curves, its confusion matrix, and what the backbone sees."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import color_sequences
from matplotlib.image import imread
from matplotlib.markers import MarkerStyle

from esc_gpu import create_frontend
from esc_gpu.evaluation.decisions import Decisions
from esc_gpu.report import plot_confusion, plot_curves, plot_inputs
from esc_gpu.report.contents import FoldMap, Mistake
from esc_gpu.report.figures import run as plots
from esc_gpu.report.figures.panels import DIVERGING, value_limits
from tests.helpers.feature_images import image_of
from tests.helpers.looks import grid_of, grid_shape, steps_of, ticks_of


def is_drawn(path):
    """A readable PNG with more than one colour, and nothing else left in its folder."""
    picture = imread(path)
    return picture.std() > 0.01 and [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.fixture
def drawn(monkeypatch):
    """The figures that would be saved."""
    figures = []
    monkeypatch.setattr(plots, "save", lambda figure, path: figures.append(figure))
    monkeypatch.setattr(plots, "save_pair", lambda figure, stem: figures.append(figure))
    return figures


def decided(true, called, num_classes=2):
    """Of these classes, one a clip."""
    true, called = (np.eye(num_classes, dtype=bool)[labels] for labels in (true, called))
    return Decisions(true, called, called.astype(float), called.max(axis=1).astype(float))


def points(axes):
    """The points of each line."""
    return [line.get_xydata().tolist() for line in axes.lines]


def test_curves(tmp_path):
    history = [{"epoch": epoch, "loss": 2 / epoch, "lr": 1e-3} for epoch in range(1, 6)]
    history[4] |= {"test_loss": 0.7, "test_accuracy": 0.6}
    plot_curves(tmp_path / "curves.png", history, "fold 1")
    assert is_drawn(tmp_path / "curves.png")


def test_curves_are_the_values_of_the_epochs_that_have_them(drawn):
    history = [{"epoch": epoch, "loss": 2 / epoch, "lr": 1e-3 * epoch} for epoch in (1, 2, 3)]
    history[2] |= {"test_loss": 0.7, "test_accuracy": 0.6}
    plot_curves("curves.png", history, "fold 1")
    (figure,) = drawn
    loss, accuracy, rate = figure.axes
    assert points(loss) == [[[1, 2], [2, 1], [3, 2 / 3]], [[3, 0.7]]]
    assert [line.get_label() for line in loss.lines] == ["training (augmented)", "test"] and loss.get_legend()
    assert points(accuracy) == [[[3, 60]]] and points(rate) == [[[1, 1e-3], [2, 2e-3], [3, 3e-3]]]
    assert [axes.get_xlim() for axes in figure.axes] == [(0, 4)] * 3 and accuracy.get_ylim() == (0, 100)
    assert loss.get_ylim()[0] == rate.get_ylim()[0] == 0
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch"] * 3 and figure.get_suptitle() == "fold 1"
    labels = ["cross-entropy", "test accuracy in %", "learning rate at the end of the epoch"]
    assert [axes.get_ylabel() for axes in figure.axes] == labels and grid_shape(figure) == (1, 3)
    assert {(grid_of(axes), *steps_of(axes.xaxis)) for axes in figure.axes} == {("xy", 2, 2, 1, 1)}  # whole epochs
    assert [line.get_marker() for line in (*loss.lines, *accuracy.lines, *rate.lines)] == ["None", "o", "o", "None"]


def test_curves_of_folds_have_a_colour_each(drawn):
    record = {"epoch": 1, "loss": 2.0, "test_loss": 3.0, "test_accuracy": 0.5}
    plots.plot_fold_curves("curves", {1: [record, record | {"epoch": 2, "loss": 1.0}], 4: [record]})
    loss, accuracy = drawn[0].axes
    assert points(loss) == [[[1, 2], [2, 1]], [[1, 3], [2, 3]], [[1, 2]], [[1, 3]]]
    assert points(accuracy) == [[[1, 50], [2, 50]], [[1, 50]]]
    colours = [line.get_color() for line in (*loss.lines, *accuracy.lines)]
    assert colours == ["C0", "C0", "C1", "C1", "C0", "C1"]
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["fold 1", "fold 4"]
    assert (loss.get_ylabel(), loss.get_ylim()[0]) == ("cross-entropy:\ntraining (lines), test (dots)", 0)
    assert (accuracy.get_ylabel(), accuracy.get_ylim()) == ("test accuracy in %", (0, 100))
    for axes in (loss, accuracy):
        assert (axes.get_xlabel(), axes.get_xlim()[0], grid_of(axes)) == ("epoch", 0, "xy")
    assert [line.get_linestyle() for line in loss.lines[:2]] == ["-", ":"] and grid_shape(drawn[0]) == (1, 2)
    plots.plot_fold_curves("curves", {fold: [record] for fold in range(11)})
    assert drawn[1].axes[1].lines[-1].get_color() == "C0"  # the colours are used up


def test_a_confusion_has_its_counts_and_shares(drawn):
    plot_confusion("confusion.png", [[3, 1], [0, 0]], ["a_b", "c"])
    axes, bar = drawn[0].axes
    assert {text.get_position(): text.get_text() for text in axes.texts} == {(0, 0): "3", (1, 0): "1"}
    assert [text.get_color() for text in axes.texts] == ["white", "black"]
    assert axes.images[0].get_array().tolist() == [[0.75, 0.25], [0, 0]]
    assert axes.get_title() == "3 of 4 clips correct" and bar.get_ylabel() == "share of the true class"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true") and bar._colorbar_info["shrink"] == 0.8
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a b", "c"]


@pytest.mark.parametrize(("num_classes", "size"), [(20, 9), (21, 6)])
def test_many_classes_of_a_confusion_are_written_small(drawn, num_classes, size):
    plot_confusion("confusion.png", [[0] * num_classes] * num_classes, [str(k) for k in range(num_classes)])
    assert drawn[0].axes[0].get_yticklabels()[0].get_fontsize() == size


def test_an_average_precision_is_a_bar(drawn):
    plots.plot_average_precision("bars.png", [0.5, None, 0.9], ["a", "b", "c_d"])
    (axes,) = drawn[0].axes
    assert [bar.get_width() for bar in axes.patches] == [0, 50, 90] and grid_of(axes) == "x behind"
    assert [bar.get_y() + bar.get_height() / 2 for bar in axes.patches] == pytest.approx([0, 1, 2])
    assert ticks_of(axes.yaxis) == {"b": 0, "a": 1, "c d": 2}
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 108), (-0.6, 2.6))
    assert axes.get_xlabel() == "average precision in %"


def test_classes_have_a_colour_and_a_mark_of_their_own(drawn):
    """Ten colours with a mark, then with the next."""
    chosen = [0, 1, 10, 49, 50]
    has = np.eye(51, dtype=bool)[chosen]
    decisions = Decisions(has, has, has.astype(float), np.zeros(51))
    maps = [FoldMap("test", np.arange(5), np.arange(10.0).reshape(5, 2))]
    plots.plot_maps("maps", maps, [str(number) for number in range(51)], decisions)
    figure = drawn[0]
    (axes,) = figure.axes
    *marks, _ = axes.collections
    assert [part.get_label() for part in marks] == [str(label) for label in chosen]
    palette = color_sequences["tab10"]
    for part, label, marker in zip(marks, chosen, "oosvo", strict=True):
        assert tuple(part.get_facecolor()[0][:3]) == pytest.approx(palette[label % 10])
        shape = MarkerStyle(marker)
        assert np.allclose(part.get_paths()[0].vertices, shape.get_path().transformed(shape.get_transform()).vertices)
    assert axes.get_title() == "test" and axes.get_xticks().size == axes.get_yticks().size == 0
    assert figure.legends[0]._ncols == 5
    assert figure.get_size_inches() == pytest.approx([3.4 + 1, 3.2 + 0.5 + 0.2 * 11])  # of 51 names, eleven rows


def test_mistakes_of_several_channels_have_a_row_each(drawn):
    parts = {name: image_of(np.full((4, 5), value), "dB") for name, value in (("a", 1), ("b", 2))}
    image = replace(image_of(np.zeros((4, 5))), channels=parts)
    heat = {"predicted": np.eye(4, 5)}
    plots.plot_mistakes("mistakes", [Mistake(row, 0.0, image, None, heat) for row in range(2)], ["one", "two"])
    grid = np.array(drawn[0].axes).reshape(2, 2)
    assert [[axes.images[0].get_array()[0, 0] for axes in row] for row in grid] == [[1, 2]] * 2
    assert [[axes.get_title(loc="left") for axes in row] for row in grid] == [["one", ""], ["two", ""]]
    assert grid[0, 0].images[0].get_clim() == value_limits([parts["a"]]) != grid[0, 1].images[0].get_clim()
    for axes in grid.flat:
        assert axes.images[1].origin == "lower" and axes.get_xlabel() == "time in s"
        assert [line.get_linewidth() for line in axes.lines[:2]] == [2.2, 1.0]
        assert all(line.get_transform() == axes.transAxes for line in axes.lines)


def test_inputs_stand_class_by_class_with_channels_under_each_other(drawn):
    images = np.random.default_rng(0).standard_normal((6, 2, 16, 4))
    names = [f"class_{k}" for k in range(6)]
    plot_inputs("inputs.png", images, np.array([0.5, 1, 1.5, 2]), np.arange(16) * 100.0, "Hz", names)
    *cells, bar = drawn[0].axes
    grid = np.array(cells).reshape(4, 5)
    assert [[axes.get_visible() for axes in row] for row in grid] == [[True] * 5] * 2 + [[True] + [False] * 4] * 2
    for number in range(6):
        for channel in range(2):
            axes = grid[2 * (number // 5) + channel, number % 5]
            (image,) = axes.images
            assert np.array_equal(image.get_array(), images[number, channel])
            assert image.get_extent() == [0.5, 2, -0.5, 15.5] and image.get_clim() == (-3, 3)
            assert axes.get_title() == (f"class {number}" if channel == 0 else "")
            assert axes.get_xlabel() == ("s" if channel == 1 else "") and image.origin == "lower"
            assert len(axes.get_yticks()) > 2 and axes.get_aspect() == "auto"
            assert {label.get_text() == "" for label in axes.get_yticklabels()} == {channel == 1}
    assert [axes.get_ylabel() for axes in grid[:, 0]] == ["Hz", "channel 2"] * 2
    assert [axes.xaxis.get_tick_params()["labelbottom"] for axes in grid[:, 0]] == [False] * 3 + [True]
    assert bar.get_ylabel() == "standard deviations\nfrom the training mean" and bar._colorbar_info["shrink"] == 0.6
    assert {axes.yaxis.get_tick_params()["labelsize"] for axes in grid[0]} == {7}


def test_a_map_has_the_points_of_its_fold_and_rings_around_mistakes(drawn):
    corners = np.array([[0.0, 0], [1, 0], [0, 1]])
    plots.plot_maps(
        "maps",
        [FoldMap(2, np.array([0, 1, 2]), corners), FoldMap(3, np.array([3]), np.ones((1, 2)))],
        ["a", "b"],
        decided([0, 1, 0, 1], [0, 1, 1, 1]),
    )
    first, second = drawn[0].axes
    a, b, rings = (part.get_offsets().tolist() for part in first.collections)
    assert (a, b, rings) == ([[0, 0], [0, 1]], [[1, 0]], [[0, 1]])
    assert second.collections[0].get_offsets().tolist() == [[1, 1]] and second.collections[0].get_label() == "b"
    assert [axes.get_title() for axes in drawn[0].axes] == ["test fold 2", "test fold 3"]
    same = (first.collections[1].get_facecolor(), second.collections[0].get_facecolor())
    assert np.array_equal(*same) and not np.array_equal(same[0], first.collections[0].get_facecolor())


def test_a_clip_with_several_labels_has_a_sector_for_each(drawn):
    true = np.array([[True, True], [False, True], [False, False]])
    decisions = Decisions(true, true, true.astype(float), np.zeros(3))
    plots.plot_maps("maps", [FoldMap(1, np.arange(3), np.arange(6.0).reshape(3, 2))], ["a", "b"], decisions)
    none, b, first, second, grey, rings = drawn[0].axes[0].collections
    assert len(none.get_offsets()) == 0 and b.get_offsets().tolist() == [[2, 3]] and len(rings.get_offsets()) == 0
    assert first.get_offsets().tolist() == second.get_offsets().tolist() == [[0, 1]]
    assert grey.get_offsets().tolist() == [[4, 5]]
    assert np.array_equal(first.get_facecolor(), none.get_facecolor())
    assert np.array_equal(second.get_facecolor(), b.get_facecolor())
    for sector, side in ((first, 1), (second, -1)):  # the first from the top to the right
        (path,) = sector.get_paths()
        assert (side * path.vertices[:, 0] > -1e-9).all() and path.vertices[:, 1].min() < -0.4


def test_curves_of_several_labels_are_of_the_average_precision(drawn):
    record = {"epoch": 1, "loss": 2.0, "test_loss": 3.0, "test_map": 0.25}
    plots.plot_fold_curves("curves", {1: [record]})
    loss, score = drawn[0].axes
    assert points(score) == [[[1, 25]]] and score.get_ylabel() == "test mAP in %"
    assert loss.get_ylabel().startswith("binary cross-entropy")


def test_maps_leave_the_rest_of_their_last_row_empty(drawn):
    maps = [FoldMap(k, np.array([k]), np.ones((1, 2))) for k in range(4)]
    plots.plot_maps("maps", maps, ["a", "b"], decided([0] * 4, [0] * 4))
    assert [axes.get_visible() for axes in drawn[0].axes] == [True] * 4 + [False] * 2
    assert grid_shape(drawn[0]) == (2, 3)


def test_mistakes_are_veiled_where_nothing_speaks_for_the_prediction(drawn):
    image = image_of(np.random.default_rng(0).standard_normal((16, 20)), "dB")
    heat = np.zeros((16, 20))
    heat[4:8, 5:15] = 1
    clips = [Mistake(0, 5.0, image, None, {"predicted": heat}), Mistake(1, 0.0, image, None, {})]
    titles = ["dog taken for sea waves (80 %)\none.wav", "sea waves taken for dog (60 %)\ntwo.wav"]
    plots.plot_mistakes("mistakes", clips, titles)
    first, second, third = drawn[0].axes
    assert first.get_title(loc="left") == "dog taken for sea waves (80 %)\none.wav"
    assert second.get_title(loc="left") == "sea waves taken for dog (60 %)\ntwo.wav"
    assert [axes.get_visible() for axes in drawn[0].axes] == [True, True, False]
    picture, veil = first.images
    assert np.array_equal(veil.get_array(), heat.astype(np.float32)) and veil.get_clim() == (0, 1)
    assert veil.get_extent() == picture.get_extent() and picture.get_extent()[:2] == pytest.approx([4.95, 6.95])
    cold, warm, hot = veil.get_cmap()([0.0, 0.5, 1.0]).tolist()
    assert cold == pytest.approx([150 / 255, 150 / 255, 152 / 255, 0.85])
    assert warm[3] == pytest.approx(0.425, abs=0.003) and hot[3] == 0
    assert len(first.lines) == 2 and first.lines[0].get_color() == "black"  # one outline, black under white
    assert len(second.images) == 1 and not second.lines
    assert first.images[0].get_clim() == second.images[0].get_clim()


@pytest.mark.parametrize("num_classes", [2, 10, 50])
def test_confusion(tmp_path, num_classes):
    matrix = (5 * np.eye(num_classes, dtype=int)).tolist()
    plot_confusion(tmp_path / "confusion.png", matrix, [f"class_{k}" for k in range(num_classes)])
    assert is_drawn(tmp_path / "confusion.png")


@pytest.mark.parametrize(("num_classes", "n_channels"), [(2, 1), (10, 3), (50, 1)])
def test_inputs(tmp_path, num_classes, n_channels):
    images = np.random.default_rng(0).standard_normal((num_classes, n_channels, 16, 20))
    names = [f"class_{k}" for k in range(num_classes)]
    plot_inputs(tmp_path / "inputs.png", images, np.arange(20) * 0.1, np.arange(16) * 100.0, "Hz", names)
    assert is_drawn(tmp_path / "inputs.png")


def test_the_words_beside_few_classes_fit_into_the_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "save", lambda figure, path: drawn.append(figure))
    drawn = []
    plot_inputs(tmp_path / "inputs.png", np.zeros((2, 1, 8, 5)), np.arange(5), np.arange(8), "Hz", ["a", "b"])
    (figure,) = drawn
    figure.draw_without_rendering()
    words = figure.axes[-1].yaxis.label.get_window_extent()
    assert figure.bbox.y0 < words.y0 and words.y1 < figure.bbox.y1


def test_inputs_have_round_frequencies_and_colours_of_both_signs(tmp_path, monkeypatch):
    monkeypatch.setattr(plots, "save", lambda figure, path: drawn.append(figure))
    drawn = []
    bins = create_frontend("logmel").frequencies.numpy()
    plot_inputs(tmp_path / "inputs.png", np.zeros((2, 1, 128, 5)), np.arange(5), bins, "Hz", ["a", "b"])
    axes = drawn[0].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()][-2:] == ["10k", "20k"]
    assert axes.images[0].get_cmap().name == DIVERGING


def test_every_class_of_the_map_is_in_its_legend(tmp_path, monkeypatch):
    """Also two whose names are one without underscores."""
    drawn = []
    monkeypatch.setattr(plots, "save_pair", lambda figure, stem: drawn.append(figure))
    names, decisions = ["a_b", "a b", "c_d"], decided([0, 1, 2], [0, 1, 2], 3)
    plots.plot_maps(tmp_path / "maps", [FoldMap(1, np.arange(3), np.eye(3)[:, :2])], names, decisions)
    (legend,) = drawn[0].legends
    assert [text.get_text() for text in legend.get_texts()] == ["a_b", "a b", "c d"]


def test_a_class_may_be_named_like_a_formula(tmp_path):
    names = ["$\\frac$", "a_b", "$x$"]
    plot_confusion(tmp_path / "confusion.png", (5 * np.eye(3, dtype=int)).tolist(), names)
    assert is_drawn(tmp_path / "confusion.png")
    (tmp_path / "confusion.png").unlink()
    plot_inputs(
        tmp_path / "inputs.png", np.zeros((3, 1, 4, 5)) + np.eye(5)[:4], np.arange(5), np.arange(4), "Hz", names
    )
    assert is_drawn(tmp_path / "inputs.png")
