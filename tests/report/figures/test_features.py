"""Pictures of features: what stands on their axes, in their colours and in their files."""

import numpy as np
import pytest
from matplotlib.image import imread

from esc_gpu.errors import EscGpuError
from esc_gpu.report.figures import features as plots
from esc_gpu.report.figures.features import (
    Clip,
    draw_clip,
    draw_clips,
    draw_gallery,
    gallery_grid,
    layout_of,
    plot_features,
    save_figure,
    shortened,
)
from esc_gpu.report.figures.panels import split_channels
from tests.helpers.feature_images import RATE, image_of


def test_channels_are_drawn_one_by_one(clip):
    titles = [axes.get_title(loc="left") for axes in draw_clip(clip).axes]
    drawn = ["waveform", "logmel", "mfcc", "chroma", "rms", "delta: logmel", "delta: Δ logmel", "delta: ΔΔ logmel"]
    assert [title for title in titles if title] == drawn
    assert list(split_channels(clip.features)) == drawn[1:]


def test_images_have_a_scale_with_their_unit(clip):
    figure = draw_clip(Clip("clip", clip.waveform, RATE, {"logmel": clip.features["logmel"]}))
    assert [axes.get_ylabel() for axes in figure.axes] == ["amplitude", "Hz", "dB"]
    assert figure.axes[1].get_xlabel() == "time in s"
    assert figure.axes[1].get_xlim() == figure.axes[0].get_xlim() == (0, 0.8)


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg", ".PNG"])
def test_pictures_of_each_format(clip, tmp_path, suffix):
    path = tmp_path / f"picture{suffix}"
    features = {name: clip.features[name] for name in ("mfcc", "rms")}
    plot_features(path, clip.waveform, RATE, features, clip.title)
    start = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}[suffix.lower()]
    assert path.read_bytes().startswith(start) and list(tmp_path.iterdir()) == [path]


def test_several_clips_have_one_scale_a_row(clip, tmp_path):
    quiet = Clip("quiet", 0.01 * clip.waveform, RATE, {name: clip.features[name] for name in ("logmel", "rms")}, 3.0)
    clips = [Clip("x" * 99, clip.waveform, RATE, quiet.features), quiet]
    save_figure(draw_clips(clips), tmp_path / "clips.png")
    assert imread(tmp_path / "clips.png").std() > 0.01


def test_several_clips_stand_side_by_side(clip):
    features = {name: clip.features[name] for name in ("logmel", "rms")}
    loud, quiet = (
        Clip("x" * 99, clip.waveform, RATE, features),
        Clip("quiet", 0.01 * clip.waveform, RATE, features, 3.0),
    )
    figure = draw_clips([loud, quiet])
    grid = np.array(figure.axes[:6]).reshape(3, 2)
    assert [axes.get_title() for axes in grid[0]] == ["x" * 33 + "…", "quiet"]
    assert [[axes.get_ylabel() for axes in row] for row in grid] == [
        ["amplitude", ""],
        ["logmel\nHz", ""],
        ["rms\nof full scale", ""],
    ]
    assert grid[0, 0].get_ylim() == grid[0, 1].get_ylim() == pytest.approx((-0.54, 0.54))
    assert grid[1, 0].images[0].get_clim() == grid[1, 1].images[0].get_clim()
    assert [[axes.get_xlim() for axes in row] for row in grid[::2]] == [[(0, 0.8), (3, 3.8)]] * 2
    assert grid[2, 1].lines[0].get_xdata()[0] == 3 and figure.axes[6].get_ylabel() == "dB"
    assert {axes.yaxis.label.get_fontsize() for axes in grid.flat} == {8.5}
    assert {axes.xaxis.get_tick_params()["labelsize"] for axes in grid.flat} == {7.5}
    texts = [grid[0, 0].title, grid[1, 0].yaxis.label]
    assert not any(text.get_parse_math() for text in texts)
    assert [axes.get_xlabel() for axes in grid[-1]] == ["time in s"] * 2
    assert figure.axes[6].get_ylabel() == "dB" and len(figure.axes) == 7  # a curve has no colours
    shown = [[axes.yaxis.get_tick_params()["labelleft"] for axes in row] for row in grid[1:]]
    assert shown == [[True, False]] * 2


def test_a_gallery_has_its_clips_class_by_class():
    images = [[image_of(np.full((4, 5), 10 * k + n)) for n in range(2)] for k in range(3)]
    images[1] = images[1][:1]  # a class with fewer clips
    figure = draw_gallery("$x", images, ["a_b", "c", "d"], 2.0)
    *cells, bar = figure.axes
    grid = np.array(cells).reshape(3, 2)
    assert [axes.get_title(loc="left") for axes in grid[:, 0]] == ["a b", "c", "d"]
    assert [[axes.get_visible() for axes in row] for row in grid] == [[True, True], [True, False], [True, True]]
    for k, n in ((0, 0), (0, 1), (1, 0), (2, 0), (2, 1)):
        axes = grid[k, n]
        assert (axes.images[0].get_array() == 10 * k + n).all() and axes.get_xlim() == (0, 2)
        assert axes.images[0].get_clim() == grid[0, 0].images[0].get_clim() == (0, 21)
        assert axes.get_xlabel() == ("time in s" if k == 2 else "") and axes.get_ylabel() == ("Hz" if n == 0 else "")
        assert axes.xaxis.get_tick_params()["labelbottom"] == (k == 2)
        assert axes.yaxis.get_tick_params()["labelleft"] == (n == 0)
    assert figure.get_suptitle() == "$x" and not figure._suptitle.get_parse_math() and bar.get_ylim() == (0, 21)
    assert bar.get_box_aspect() == 30 and not grid[0, 0].get_title() and not grid[0, 0]._left_title.get_parse_math()


def test_a_gallery_fills_its_first_block_of_rows_before_the_second():
    images = [[image_of(np.full((4, 5), 10 * k + n), "Hz", "feature") for n in range(2)] for k in range(7)]
    grid = np.array(draw_gallery("rms", images, [str(k) for k in range(7)], 2.0).axes).reshape(4, 4)
    drawn = [[int(axes.lines[0].get_ydata()[0]) if axes.lines else None for axes in row] for row in grid]
    assert drawn == [[0, 1, 40, 41], [10, 11, 50, 51], [20, 21, 60, 61], [30, 31, None, None]]
    assert [axes.get_title(loc="left") for axes in grid[0]] == ["0", "", "4", ""]
    assert [axes.yaxis.get_tick_params()["labelleft"] for axes in grid[0]] == [True, False, False, False]


@pytest.mark.parametrize(
    ("num_classes", "per_class", "expected"),
    [(1, 9, (1, 1)), (3, 2, (3, 1)), (7, 1, (3, 3)), (7, 2, (4, 2)), (50, 1, (8, 7)), (121, 1, (11, 11))],
)
def test_a_gallery_is_a_little_wide(num_classes, per_class, expected):
    assert gallery_grid(num_classes, per_class) == expected


@pytest.mark.parametrize(
    ("n_features", "cells"),
    [
        (0, [(0, 0, 0)]),
        (1, [(0, 0, 0), (1, 0, 0)]),
        (4, [(0, 0, 1), (1, 0, 0), (1, 1, 1), (2, 0, 0), (2, 1, 1)]),  # the waveform is as wide as two
        (5, [(0, 0, 0), (0, 1, 1), (1, 0, 0), (1, 1, 1), (2, 0, 0), (2, 1, 1)]),
    ],
)
def test_many_features_stand_side_by_side(n_features, cells):
    curve = image_of([[1, 2, 3]], "Hz", "feature")
    names = [str(number) for number in range(n_features)]
    figure = draw_clip(Clip("clip", np.full(3000, 0.5), 1000, dict.fromkeys(names, curve), 2.0))
    places = [axes.get_subplotspec() for axes in figure.axes]
    assert [(place.rowspan.start, place.colspan.start, place.colspan.stop - 1) for place in places] == cells
    labelled = [axes.xaxis.get_tick_params()["labelbottom"] for axes in figure.axes]
    assert labelled == [cells[0] == cells[-1] or cells[0][2] > 0, *(row == cells[-1][0] for row, *_ in cells[1:])]
    assert [axes.get_xlabel() for axes in figure.axes] == ["time in s" if shown else "" for shown in labelled]
    assert [axes.get_xlim() for axes in figure.axes] == [(2, 5)] * len(cells)
    assert figure.get_suptitle() == "clip" and not figure._suptitle.get_parse_math()
    assert [axes.lines[0].get_xdata()[0] for axes in figure.axes] == [2] * len(cells)
    heads = [(axes.get_title(loc="left"), axes.get_title(loc="right")) for axes in figure.axes]
    assert heads == [("waveform", "3,000 samples"), *((name, "1 × 3") for name in names)]
    assert not any(axes._left_title.get_parse_math() for axes in figure.axes)
    assert {axes.yaxis.label.get_fontsize() for axes in figure.axes} == {8.5}
    assert {axes.xaxis.get_tick_params()["labelsize"] for axes in figure.axes} == {7.5}


def test_few_cells_are_large():
    layouts = [(1, 9.5, 1.9), (2, 6.4, 2.0), (3, 4.9, 2.0), (4, 4.2, 2.0), (5, 3.9, 2.0)]
    assert [layout_of(n_cells) for n_cells in (4, 8, 15, 20, 999)] == layouts
    assert [layout_of(n_cells)[0] for n_cells in (5, 9, 16, 21)] == [2, 3, 4, 5]


def test_a_long_title_is_cut():
    assert shortened("x" * 34) == "x" * 34 and shortened("x" * 35) == "x" * 33 + "…"


def test_names_of_clips_are_no_formulas(clip):
    assert not draw_clip(clip)._suptitle.get_parse_math()


@pytest.mark.parametrize(("num_classes", "per_class"), [(2, 1), (7, 2), (50, 1)])
def test_galleries_of_few_and_many_classes(num_classes, per_class, tmp_path):
    generator = np.random.default_rng(0)
    images = [[image_of(generator.standard_normal((16, 20))) for _ in range(per_class)] for _ in range(num_classes)]
    images[0] = images[0][:1]  # a class with fewer clips
    figure = draw_gallery("logmel", images, [f"class_{k}" for k in range(num_classes)], 2.0)
    save_figure(figure, tmp_path / "gallery.png")
    height, width, _ = imread(tmp_path / "gallery.png").shape
    assert 0.5 < width / height < 3


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("picture.jpg", "has the suffix '.jpg'; expected one of .png, .pdf, .svg"),
        ("picture", "has the suffix ''"),
        ("nowhere/picture.png", "expected a file that can be written"),
    ],
)
def test_files_that_cannot_be_written_are_one_line(clip, tmp_path, path, message):
    with pytest.raises(EscGpuError, match=message) as error:
        plot_features(tmp_path / path, clip.waveform, RATE, {"rms": clip.features["rms"]}, "clip")
    assert "\n" not in str(error.value) and not list(tmp_path.iterdir())


def test_why_a_file_cannot_be_written_is_said(monkeypatch, tmp_path):
    for error, reason in (OSError(28, "No space left"), "No space left"), (OSError("why"), "why"):
        monkeypatch.setattr(plots, "save", lambda *_, error=error: (_ for _ in ()).throw(error))
        with pytest.raises(EscGpuError, match=f"a.png: {reason}; expected"):
            save_figure(None, tmp_path / "a.png")
