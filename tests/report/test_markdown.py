"""The Markdown twin: whole tables, figures that are there, and names that mean nothing to Markdown."""

import copy
import re
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import imread

from esc_gpu.core.text import escape
from esc_gpu.report import markdown
from esc_gpu.report.markdown import image, write_markdown
from tests.helpers.hostile_names import EVIL
from tests.helpers.made_up_report import RATE, SMALL, make_report
from tests.helpers.undrawn import undrawn

FEW = {
    "classes": ("dog", "sea_waves"),
    "categories": ("Animals", "Water"),
    "folds": (1,),
    "per_class": 2,
    "audio": False,
}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    classes = ("dog", "rooster", "rain", "sea_waves")
    options = {
        "classes": classes,
        "categories": ("Animals", "Animals", "Water", "Water"),
        "folds": (1, 2),
        "skill": 0.5,
    }
    return make_report(tmp_path_factory.mktemp("made-up") / "noise", audio=False, **options)


@pytest.fixture(scope="module")
def document(report, tmp_path_factory):
    with undrawn():
        return write_markdown(report, tmp_path_factory.mktemp("report") / "a" / "report.md")


class EvilNumber(float):
    """A number that is markup as text."""

    def __format__(self, spec):
        return "<b>1</b>"

    __str__ = __repr__ = lambda self: "<b>1</b>"


def tables(text):
    """Blocks of lines that begin with a bar, as rows of cells."""
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[re.split(r"(?<!\\)\|", line)[1:-1] for line in block.splitlines()] for block in blocks]


def test_two_parts_with_headings_in_order(document):
    headings = re.findall(r"^(#+) (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    assert [text for level, text in headings if len(level) == 2] == ["Part I: Features", "Part II: Classification"]
    assert [text for level, text in headings if len(level) == 3] == [
        *("Front-end", "A clip of each class", "Spectra of the classes", "What the network sees", "Protocol"),
        *("Scores in percent", "Test folds", "Calibration", "Categories", "Classes", "Most frequent confusions"),
        *("Pictures of the results", "Map of the test clips", "Mistakes"),
    ]
    levels = [len(level) for level, _ in headings]
    assert levels[0] == 1 and all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    assert levels.count(1) == 1 and levels.count(3) == len(levels) - 3


def placed_in(document):
    """The figures of a document: their paths and captions."""
    return {path: text for text, path in re.findall(r"^!\[(.+)\]\((\S+)\)$", document.read_text("utf-8"), re.MULTILINE)}


def test_every_figure_is_there_as_png_and_pdf_and_has_a_caption(document):
    placed = placed_in(document)
    files = {path.relative_to(document.parent).as_posix() for path in document.parent.glob("figures/*")}
    assert {re.sub(r"(-\d)?\.png$", "", path).removeprefix("figures/") for path in placed} == {
        *("examples", "spectra", "inputs", "curves", "confusion", "per_class", "reliability", "maps", "mistakes")
    }
    assert files == placed.keys() | {path.replace(".png", ".pdf") for path in placed}
    numbered = sorted(path for path in placed if re.search(r"\d", path))  # three clips a figure, and one channel
    assert numbered == [f"figures/{name}.png" for name in ("examples-1", "examples-2", "inputs-1", "spectra-1")]
    assert placed[numbered[0]].endswith("dog, rooster, rain") and placed[numbered[1]].endswith(": sea waves")
    assert document.read_text(encoding="utf-8").endswith("|\n")


def test_every_figure_is_drawn(tmp_path):
    document = write_markdown(make_report(tmp_path / "run", skill=-2, **FEW), tmp_path / "report.md")
    assert len(placed := placed_in(document)) == 9
    for path in placed:
        assert imread(document.parent / path).std() > 0.01
        assert (document.parent / path.replace(".png", ".pdf")).read_bytes().startswith(b"%PDF")
    with undrawn():
        assert write_markdown(make_report(tmp_path / "again", skill=-2, **FEW), document) == document  # over the other


def test_tables_are_whole(document, report):
    found = tables(document.read_text(encoding="utf-8"))
    assert len(found) > 8
    for rows in found:
        assert len({len(row) for row in rows}) == 1 and all(cell.strip() == "---" for cell in rows[1])
    mistakes = found[-1][2:]
    assert [row[0].strip() for row in mistakes] == [escape(report.run.filenames[c.row]) for c in report.mistakes]
    likeliest = mistakes[0][-1].split(", ")
    shares = sorted(report.run.probabilities[report.mistakes[0].row], reverse=True)[:3]
    assert [float(text.split()[-1]) for text in likeliest] == pytest.approx([100 * share for share in shares], abs=0.01)


def test_the_surest_dozen_of_mistakes_is_drawn(report, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(markdown, "plot_mistakes", lambda stem, clips, titles: drawn.append((clips, titles)))
    many = replace(report, mistakes=(report.mistakes * 13)[:13], n_mistakes=13)
    parts = markdown.mistakes_part(many, tmp_path)
    ((clips, titles),) = drawn
    assert len(clips) == len(titles) == 12 and image("mistakes", "The 12 most confident mistakes") in parts
    assert len(tables(parts[-1] + "\n")[0]) == 2 + 13
    row = report.mistakes[0].row
    true, called = (report.run.class_names[labels[row]] for labels in (report.run.labels, report.run.predictions))
    sure = f"{100 * report.run.probabilities[row].max():.0f} %"
    assert titles[0] == f"{true} taken for {called} ({sure})\n{report.run.filenames[row]}".replace("_w", " w")
    few = replace(report, mistakes=report.mistakes[:2])
    assert image("mistakes", "The 2 most confident mistakes") in markdown.mistakes_part(few, tmp_path)


def test_names_have_no_meaning(tmp_path):
    names = (EVIL[0], "a|b $x_1$ $\\frac$", "![x](http://a.b)")
    report = make_report(tmp_path / "evil", **{**FEW, "classes": names, "categories": names, "skill": 0.1})
    assert report.mistakes
    text = write_markdown(report, tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert not re.search(r"(?<!\\)<script", text) and not re.search(r"(?<!\\)\$x", text)
    assert not re.search(r"!\[x", text.replace("\\[", ""))
    for rows in tables(text):
        assert len({len(row) for row in rows}) == 1


def test_no_value_of_a_summary_has_a_meaning(report, tmp_path):
    """Also one that a training would never write there."""
    evil = "<b>x</b>"
    summary = copy.deepcopy(report.run.summary)
    for section in ("train", "model"):
        summary["config"][section] = {key: EvilNumber() for key in summary["config"][section]}
    summary["data"] = {**summary["data"], "recordings": evil, "subset": evil}
    summary["environment"] = {**summary["environment"], "versions": {evil: evil}, "cpu": evil, "date": evil}
    spec = {**report.frontend.spec, "window": evil}
    altered = replace(
        report,
        run=replace(report.run, summary=summary),
        frontend=replace(report.frontend, spec=spec),
        no_heat=evil,
    )
    with undrawn():
        text = write_markdown(altered, tmp_path / "report.md").read_text(encoding="utf-8")
    assert text.count(r"\<b\>") >= 12 and not re.search(r"(?<!\\)<", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, 5 % of (some) text", "plain, 5 % of (some) text"),
        ("a_b*c`d", r"a\_b\*c\`d"),
        ("a|b<c>&$", r"a\|b\<c\>\&\$"),
        ("two\nlines  and\ttabs", "two lines and tabs"),
        ("\\", "\\\\"),
    ],
)
def test_escape(text, expected):
    assert escape(text) == expected


def test_a_run_without_mistakes_on_synthetic_recordings(tmp_path):
    report = make_report(tmp_path / "run", skill=50, synthetic=True, **FEW)
    with undrawn():
        text = write_markdown(report, tmp_path / "report.md").read_text(encoding="utf-8")
    assert "> **Synthetic recordings.** These recordings are synthetic" in text
    assert "0 of 4 clips are assigned to another class." in text and "mistakes.png" not in text


def test_a_stack_before_a_backbone_without_maps(tmp_path):
    members = [{"name": name, **SMALL} for name in ("logmel", "spectrogram")]
    stack = {"name": "stack", "sample_rate": RATE, "members": members}
    report = make_report(tmp_path / "run", stack, heat=False, skill=-2, **FEW)
    with undrawn():
        text = write_markdown(report, tmp_path / "report.md").read_text(encoding="utf-8")
    assert "Grad-CAM needs maps \\<here\\>." in text and "figures/spectra-2.png" in text
    assert "Options of spectrogram:" in text and (tmp_path / "figures" / "mistakes.pdf").is_file()


def test_a_run_with_several_labels_has_the_parts_of_its_task(tmp_path):
    report = make_report(tmp_path / "run", several=True, n=12, folds=(1, 2), audio=False)
    with undrawn():
        text = write_markdown(report, tmp_path / "report.md").read_text(encoding="utf-8")
    assert not re.search("accura|confus", text, re.IGNORECASE)
    names = [name for _, name in re.findall(r"^!\[(.+)\]\(figures/(\w+)\.png\)$", text, re.MULTILINE)]
    assert names == ["curves", "average_precision", "precision_recall", "reliability", "maps", "mistakes"]
    assert all((tmp_path / "figures" / f"{name}.pdf").is_file() for name in names)
    head, _, *rows = tables(text)[-1]
    assert [cell.strip() for cell in head[:5]] == ["recording", "fold", "labels", "missed", "wrongly heard"]
    labels = report.run.labels[report.mistakes[0].row]
    assert rows[0][2].strip() == ", ".join(np.array(["dog", "rain", "sea waves", "clock tick"])[labels])
