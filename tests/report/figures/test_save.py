"""Figures as files: the pixels that savefig would write, each laid out once, whole or not there."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.layout_engine import ConstrainedLayoutEngine

from esc_gpu.report.figures.save import DPI, save, save_pair, take_literally


def figure():
    figure = Figure(figsize=(3, 2), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    axes[0].plot([0, 1000, 3], label="a")
    axes[0].legend()
    figure.colorbar(axes[1].imshow([[0, 1], [2, 3]]), ax=axes, label="counts")
    return figure


def test_what_is_said_is_no_formula():
    named = figure()
    title, number = named.suptitle("costs $5 to $6"), named.text(0, 0, "")
    take_literally(named)
    assert not title.get_parse_math() and number.get_parse_math()


@pytest.fixture
def layouts(monkeypatch):
    """The figures in the order in which they were laid out."""
    figures, execute = [], ConstrainedLayoutEngine.execute
    monkeypatch.setattr(
        ConstrainedLayoutEngine, "execute", lambda engine, figure: figures.append(figure) or execute(engine, figure)
    )
    return figures


def test_a_picture_is_that_of_savefig(tmp_path):
    save(figure(), tmp_path / "once.png")
    figure().savefig(tmp_path / "twice.png", dpi=DPI)
    np.testing.assert_array_equal(imread(tmp_path / "once.png"), imread(tmp_path / "twice.png"))
    assert imread(tmp_path / "once.png").shape[:2] == (240, 360)  # 120 dots an inch


@pytest.mark.parametrize(("suffix", "start"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".SVG", b"<?xml")])
def test_the_suffix_is_the_format(tmp_path, suffix, start):
    save(figure(), tmp_path / f"picture{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"picture{suffix}"]
    assert (tmp_path / f"picture{suffix}").read_bytes().startswith(start)


def test_a_pair_is_laid_out_once_and_the_same_again(tmp_path, layouts):
    first, again = save_pair(figure(), tmp_path / "v1.2"), save_pair(figure(), tmp_path / "again")
    assert [path.name for path in first] == ["v1.2.png", "v1.2.pdf"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert b"CreationDate" not in first[1].read_bytes()
    assert len(layouts) == len(set(layouts)) == 2


def test_what_cannot_be_drawn_leaves_no_file(tmp_path, monkeypatch):
    broken = figure()
    monkeypatch.setattr(broken, "draw", lambda renderer: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save_pair(broken, tmp_path / "picture")
    assert not list(tmp_path.iterdir())
