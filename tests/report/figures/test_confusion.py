"""The confusion matrix of all pictures."""

import numpy as np
from matplotlib.figure import Figure

from esc_gpu.report.figures.confusion import draw_confusion
from tests.helpers.looks import ticks_of

COUNTS = np.array([[2, 2, 0], [0, 1, 0], [0, 0, 0]])


def test_shades_are_shares_of_the_true_class():
    axes = Figure().subplots()
    image = draw_confusion(axes, COUNTS, ["a_b", "c", "d"], 9)
    assert image.get_array().tolist() == [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 0]]
    assert (image.norm.gamma, image.norm.vmin, image.norm.vmax) == (1, 0, 1)
    assert ticks_of(axes.xaxis) == ticks_of(axes.yaxis) == {"a b": 0, "c": 1, "d": 2}
    assert {label.get_rotation_mode() for label in axes.get_xticklabels()} == {"anchor"}  # the ends are at the ticks
    cells = {(*text.get_position(), text.get_text()): text.get_color() for text in axes.texts}
    assert cells == {(0, 0, "2"): "black", (1, 0, "2"): "black", (1, 1, "1"): "white"}


def test_a_number_is_white_beyond_a_share():
    axes = Figure().subplots()
    image = draw_confusion(axes, COUNTS, ["a", "b", "c"], 9, gamma=0.6, dark=0.4)
    assert image.norm.gamma == 0.6 and {text.get_color() for text in axes.texts} == {"white"}
