"""Figures in dark mode."""

import io

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from esc_gpu.report.figures.dark import darken
from esc_gpu.report.figures.panels import CURVE, draw_waveform
from esc_gpu.report.figures.recording import draw_timeline


def pixels(figure):
    """The picture on a background of its own, `(height, width, 4)`."""
    file = io.BytesIO()
    figure.savefig(file, format="png")
    file.seek(0)
    return matplotlib.image.imread(file)


def timeline():
    shares = np.eye(3)[[0, 1, 0, 2]]
    return draw_timeline(np.sin(np.arange(9000.0)), 2000, np.arange(5.0), shares, ["low", "middle", "high"])


def test_a_dark_figure_has_light_text_on_no_background():
    before, after = pixels(timeline()), pixels(darken(timeline()))
    assert before.shape == after.shape
    assert np.all(before[0, 0] == 1) and after[0, 0, 3] == 0
    seen = after[..., 3] > 0.9
    assert (before[..., :3].max(axis=-1) < 0.1).sum() > 500  # black text and axes
    assert (after[..., :3].max(axis=-1) < 0.1)[seen].sum() == 0
    assert (np.abs(after[..., :3] - np.array([228, 228, 231]) / 255).max(axis=-1) < 0.02)[seen].sum() > 500


def test_all_lines_of_the_axes_are_light():
    figure = Figure()
    axes, other = figure.subplots(2)
    axes.plot([1, 2], color=CURVE)
    axes.plot([2, 1], color="C1")
    axes.minorticks_on()
    shades = [axes.pcolormesh([[0, 1]], cmap="Blues"), other.pcolormesh([[0, 1]], cmap="magma")]
    band = other.fill_between([0, 1], [0, 1])
    darken(figure)
    for tick in (axes.xaxis.get_major_ticks()[0], axes.yaxis.get_minor_ticks()[0]):
        assert tick.tick1line.get_color() == "#e4e4e7"
    assert {to_hex(spine.get_edgecolor()) for spine in axes.spines.values()} == {"#e4e4e7"}
    assert [line.get_color() for line in axes.lines] == ["#7cb4ec", "C1"]
    assert [mesh.get_cmap().name for mesh in shades] == ["Blues_r", "magma"]
    assert to_hex(band.get_facecolor()[0]) == "#7cb4ec"
    assert {part.get_facecolor() for part in (figure, axes, other)} == {(0, 0, 0, 0)}


def test_the_marks_of_the_likeliest_class_stay():
    orange = np.array([255, 127, 14]) / 255
    counts = [
        (np.abs(pixels(figure)[..., :3] - orange).max(axis=-1) < 0.01).sum()
        for figure in (timeline(), darken(timeline()))
    ]
    assert counts[0] == counts[1] > 100


@pytest.mark.parametrize("n_samples", [100, 9000])
def test_a_waveform_is_light_whether_it_is_a_line_or_an_envelope(n_samples):
    figure = Figure()
    draw_waveform(figure.subplots(), np.sin(np.arange(float(n_samples))), 2000)
    after = pixels(darken(figure))
    light = np.array([124, 180, 236]) / 255
    assert (np.abs(after[..., :3] - light).max(axis=-1) < 0.02).sum() > 500
