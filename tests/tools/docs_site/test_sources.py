"""Every page of the repository is in the site's menu, and what the pages link to is on the site."""

import re
from pathlib import Path

import pytest
import yaml

from tests.helpers.pages import read
from tests.helpers.paths import REPOSITORY
from tools.docs_site.sources import code_page, linked_files, links, markdown_pages, notebooks, source_uri

SETTINGS = yaml.safe_load(read(REPOSITORY / "mkdocs.yml"))


def places(part):
    """The files that a part of the menu names, in their order."""
    if isinstance(part, str):
        return [part]
    parts = part.values() if isinstance(part, dict) else part
    return [place for inner in parts for place in places(inner)]


def test_the_menu_has_every_page_once():
    found = places(SETTINGS["nav"])
    assert found[0] == "README.md" and len(found) == len(set(found)) > 25
    assert set(found) == {source_uri(path) for path in [*markdown_pages(), *notebooks()]}


def test_the_pages_are_those_of_the_repository():
    found = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("[a-z]*/*.md"), *REPOSITORY.glob("notebooks/*.ipynb")]
    ignored = {line.strip("/\n") for line in read(REPOSITORY / ".gitignore").splitlines()}
    kept = {path for path in found if path.parent.name not in ignored}
    assert kept == {*markdown_pages(), *notebooks()}


def test_what_the_pages_link_to_is_on_the_site():
    linked = linked_files()
    assert {path.suffix for path in linked} >= {".json", ".png", ".py"} and all(path.is_file() for path in linked)
    assert not {*linked} & {*markdown_pages(), *notebooks()}


def test_links_are_found_outside_of_code_and_in_html():
    text = '[a](b.md#c) `[d](e)` <img src="f.png">\n```md\n[g](h.md)\n```\n![i](j.png)\n'
    assert links(text) == ["b.md#c", "f.png", "j.png"]


def test_a_source_file_is_a_page():
    page = code_page(REPOSITORY / "examples" / "minimal.py")
    assert "# `examples/minimal.py`\n\n````python\n" in page and "exclude: true" in page
    assert read(REPOSITORY / "examples" / "minimal.py").rstrip("\n") in page


def lists_without_a_blank_line(text):
    """Lines that begin a list right under a paragraph: a list on GitHub, and none in Python's Markdown."""
    lines = re.sub(r"^```.*?^```$", "```", text, flags=re.MULTILINE | re.DOTALL).splitlines()
    return [
        line
        for above, line in zip(lines, lines[1:], strict=False)
        if re.match(r"(?:[-*+]|\d+\.) ", line) and above.strip() and not re.match(r"[-*+#|>\s]|\d+\.|```", above)
    ]


@pytest.mark.parametrize("page", markdown_pages(), ids=source_uri)
def test_lists_are_lists_on_the_site_too(page: Path):
    assert not lists_without_a_blank_line(read(page))


def test_a_list_under_a_paragraph_is_found():
    assert lists_without_a_blank_line("one\n- two\n- three\n\n- four\n") == ["- two"]


def test_the_settings_load_nothing_from_elsewhere():
    """`repo_url` asks GitHub for stars, `font` Google, and the shim of the search stands on a server otherwise."""
    assert "repo_url" not in SETTINGS and SETTINGS["theme"]["font"] is False
    theme = REPOSITORY / SETTINGS["theme"]["custom_dir"]
    assets = [*SETTINGS["extra"]["polyfills"], *SETTINGS["extra_css"]]
    assert any("iframe-worker" in name for name in assets) and all((theme / name).is_file() for name in assets)
    assert SETTINGS["strict"] and not SETTINGS["use_directory_urls"] and "offline" in SETTINGS["plugins"]
    assert {"omitted_files": "warn", "not_found": "warn"}.items() <= SETTINGS["validation"]["nav"].items()
    assert set(SETTINGS["validation"]["links"].values()) == {"warn"} and len(SETTINGS["validation"]["links"]) == 4
