"""The pictures of a run: its curves, its confusion matrix, and what the backbone sees."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.image import imread

from esc_gpu import create_frontend
from esc_gpu.report import plot_confusion, plot_curves, plot_inputs
from esc_gpu.report.contents import FoldMap
from esc_gpu.report.figures import run as plots
from esc_gpu.report.figures.panels import DIVERGING


def is_drawn(path):
    """A readable PNG with more than one colour, and nothing else left in its folder."""
    picture = imread(path)
    return picture.std() > 0.01 and [file.name for file in path.parent.iterdir()] == [path.name]


def test_curves(tmp_path):
    history = [{"epoch": epoch, "loss": 2 / epoch, "lr": 1e-3} for epoch in range(1, 6)]
    history[4] |= {"test_loss": 0.7, "test_accuracy": 0.6}
    plot_curves(tmp_path / "curves.png", history, "fold 1")
    assert is_drawn(tmp_path / "curves.png")


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
    labels = np.arange(3)
    run = SimpleNamespace(class_names=["a_b", "a b", "c_d"], labels=labels, predictions=labels)
    plots.plot_maps(tmp_path / "maps", [FoldMap(1, np.arange(3), np.eye(3)[:, :2])], run)
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
