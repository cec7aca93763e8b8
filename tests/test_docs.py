"""The pages' links lead somewhere, their commands parse, and no benchmark is left out of docs/benchmarks.md."""

import argparse
import ast
import importlib
import inspect
import re
import shlex
import sys

import pytest

from esc_gpu.cli import commands
from esc_gpu.cli import main as cli
from esc_gpu.config.parse import parse_run
from esc_gpu.errors import EscGpuError
from esc_gpu.frontends.registry import _FRONTENDS
from tests.helpers.pages import BLOCK, PAGES, command_lines, read
from tests.helpers.paths import DOCS, REPOSITORY
from tools import doc_tables as tables
from tools.docs_site.sources import markdown_pages

BENCHMARKS, ACCURACY = DOCS / "benchmarks.md", DOCS / "accuracy.md"


# ---- links


def links(page):
    """The targets of a page's links, outside of code."""
    text = re.sub(r"`[^`\n]*`", "", BLOCK.sub("", read(page)))
    return re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", text)


def anchors(page):
    """What GitHub makes of the headings: lower case, no punctuation, hyphens for spaces, numbered if repeated."""
    found = []
    for heading in re.findall(r"^#+ +(.+?) *$", BLOCK.sub("", read(page)), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.append(slug if slug not in found else f"{slug}-{found.count(slug)}")
    return found


ALL_PAGES = markdown_pages()  # those of the site: the maps of folders and the changelog as well


@pytest.mark.parametrize("page", ALL_PAGES, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_every_link_of_a_page_leads_somewhere(page):
    broken = []
    for link in links(page):
        if re.match(r"\w+:", link):  # another site
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert not broken


def test_the_pages_with_commands_are_among_them():
    assert set(PAGES) < set(ALL_PAGES)


def test_there_are_links_to_other_pages_and_to_headings():
    found = [link for page in PAGES for link in links(page)]
    assert any(link.startswith("#") for link in found)
    assert any(".md#" in link for link in found)
    assert {"docs/data.md", "docs/frontends.md", "docs/training.md"} <= set(links(PAGES[0]))


def test_anchors_are_those_of_github(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A `stack`, of 3: how?\n```sh\n# no heading\n```\n## On real-time_audio\n## On real-time_audio\n",
        encoding="utf-8",
    )
    assert anchors(page) == ["a-stack-of-3-how", "on-real-time_audio", "on-real-time_audio-1"]


# ---- benchmarks


def commands_of_benchmarks():
    """Modules that do something when they are run."""
    found = []
    for path in sorted([*(REPOSITORY / "benchmarks").rglob("*.py"), *(REPOSITORY / "tools").rglob("*.py")]):
        tests = [node.test for node in ast.parse(read(path)).body if isinstance(node, ast.If)]
        if any(ast.unparse(test) == "__name__ == '__main__'" for test in tests):
            found.append(path)
    return found


def dotted(path):
    """The module's name, as `python -m` takes it."""
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


def test_every_benchmark_is_on_its_page():
    paths = commands_of_benchmarks()
    assert {"frontends", "pipeline", "doc_tables"} <= {path.stem for path in paths}
    text = read(BENCHMARKS)
    names = {path: dotted(path).replace(".", "[./]") for path in paths}
    assert not [name for path, name in names.items() if not re.search(rf"\b{name}\b", text)]


def test_every_plot_is_shown_on_its_page():
    shown = {link.rpartition("/")[2] for page in (BENCHMARKS, ACCURACY) for link in links(page)}
    assert {path.name for path in tables.RESULTS.glob("*.png")} <= shown


def commands_in_text(pages=PAGES):
    """The words of every command that the pages' sentences say something was made with."""
    return [
        shlex.split(command)
        for page in pages
        for command in re.findall(r"`\.venv/bin/([^`]*)`", BLOCK.sub("", read(page)))
    ]


def parse(words, monkeypatch):
    """Parse a command as it would be, and stop there; other programs are let pass."""
    if words[0] == "python" and words[1] == "-m" and words[2].startswith(("benchmarks.", "tools.")):
        parse_benchmark(words[2], words[3:], monkeypatch)
    elif "train.py" in words:
        parse_run(words[words.index("train.py") + 1 :], "train.py")
    elif "esc_gpu" in words:  # accelerate launch -m esc_gpu train
        parse_run(words[words.index("esc_gpu") + 2 :], "esc-gpu train")
    elif words[0] == "esc-gpu" and words[1] in commands.OF_A_RUN:
        parse_run(words[2:], "esc-gpu")
    elif words[0] == "esc-gpu":
        cli.create_parser().parse_args(words[1:])


class Parsed(Exception):
    """Stands in for the work of a benchmark."""


def parse_benchmark(name, words, monkeypatch):
    """Up to its first step behind the options; those of train.py are read in between."""
    module, parse_args = importlib.import_module(name), argparse.ArgumentParser.parse_args

    def stop(*arguments, **options):
        raise Parsed

    def parse_and_stop(*arguments, **options):
        parse_args(*arguments, **options)
        stop()

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    monkeypatch.setattr(module, "run", stop, raising=False)
    monkeypatch.setattr(sys, "argv", [name, *words])
    with pytest.raises(Parsed):
        call(module.main, words)


def call(main, words):
    """Hand a benchmark its words; one without parameters reads `sys.argv`."""
    return main(words) if inspect.signature(main).parameters else main()


WITH_OPTIONS = [
    path
    for path in commands_of_benchmarks()
    if re.search(r"(ArgumentParser|create_(training_|export_)?parser)\(", read(path))
]


@pytest.mark.parametrize("path", WITH_OPTIONS, ids=dotted)
def test_a_benchmark_has_its_help(path, monkeypatch, capsys):
    module = importlib.import_module(dotted(path))
    monkeypatch.setattr(sys, "argv", [path.stem, "--help"])
    with pytest.raises(SystemExit) as end:
        call(module.main, ["--help"])
    text = capsys.readouterr().out
    assert end.value.code == 0 and "--help" in text and ("_result(" not in read(path) or "--output" in text)


LINES = command_lines() + commands_in_text()


@pytest.mark.parametrize("words", LINES, ids=[" ".join(words)[:70] for words in LINES])
def test_a_command_parses(words, monkeypatch, capsys):
    # The front-end that docs/extending.md writes; tests/test_extending.py trains the real one.
    monkeypatch.setitem(_FRONTENDS, "spectral_flux", _FRONTENDS["logmel"])
    monkeypatch.chdir(REPOSITORY)
    try:
        parse(words, monkeypatch)
    except SystemExit as end:  # --help and --print_config
        assert end.code == 0, capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "python -m benchmarks.speed.frontends --onyl cqt",
        "python -m benchmarks.speed.folds_at_once --train.epoch 4",
        "python -m benchmarks.accuracy.cross_validation --config configs/none.yaml",
        "esc-gpu train --frontend.n_mel 64",
        "esc-gpu download",
    ],
)
def test_a_wrong_command_does_not(line, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    with pytest.raises((SystemExit, EscGpuError, pytest.fail.Exception)):
        parse(shlex.split(line), monkeypatch)


def test_the_commands_of_the_benchmarks_are_among_them():
    modules = {words[2] for words in LINES if words[:2] == ["python", "-m"]}
    run_by_another = {"benchmarks.exactness.double_precision", "benchmarks.exactness.onnx_client"}
    assert {dotted(path) for path in commands_of_benchmarks()} - run_by_another <= modules
    without_options = {dotted(path) for path in commands_of_benchmarks()} - {dotted(path) for path in WITH_OPTIONS}
    assert without_options == {"benchmarks.exactness.double_precision"}
