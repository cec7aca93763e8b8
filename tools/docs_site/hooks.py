"""How MkDocs gets the site's pages: the repository's own, in their places, and those of the reference."""

import html
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from pymdownx.slugs import slugify

from benchmarks.common.paths import REPOSITORY
from tools.docs_site import reference, remote
from tools.docs_site.notebook_pages import notebook_page
from tools.docs_site.sources import LANGUAGES, code_page, linked_files, markdown_pages, notebooks, source_uri

MATH = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


class MadePage(File):
    """A page under the name of the file that it is made of, so that links to that file lead to the page."""

    def is_documentation_page(self) -> bool:
        """Whatever its name ends in."""
        return True


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Anchors as GitHub makes them, and the reference at the end of the menu."""
    config.mdx_configs["toc"]["slugify"] = slugify(case="lower")
    assert config.nav is not None
    config.nav.append({"Reference": reference.navigation()})
    return config


@event_priority(100)
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """The files of the site: MkDocs itself only looks into one folder."""
    kept = [file for file in files if file.src_dir != config.docs_dir]  # the theme's
    linked = linked_files()
    for path in [*markdown_pages(), *(path for path in linked if path.suffix not in LANGUAGES)]:
        kept.append(File(source_uri(path), str(REPOSITORY), config.site_dir, use_directory_urls=False))
    for path in linked:
        if path.suffix in LANGUAGES:
            made = MadePage.generated(config, source_uri(path), content=code_page(path))
            made.inclusion = InclusionLevel.NOT_IN_NAV
            kept.append(made)
    for path in notebooks():
        text, pictures = notebook_page(path)
        kept.append(MadePage.generated(config, source_uri(path), content=text))
        kept += [File.generated(config, f"notebooks/{name}", content=data) for name, data in pictures.items()]
    kept += [File.generated(config, place, content=text) for place, text in reference.pages().items()]
    return Files(kept)


def on_page_content(content: str, page: Page, **kwargs: Any) -> str:
    """Equations as MathML, which browsers show without a script."""
    return MATH.sub(mathml, content)


def mathml(found: re.Match[str]) -> str:
    """One equation."""
    if found[1] == "span":
        return convert(html.unescape(found[2]))
    return f'<div class="equation">{convert(html.unescape(found[2]), display="block")}</div>'


@event_priority(-200)
def on_post_build(config: MkDocsConfig) -> None:
    """The site can be read without a network: a page that would load something from elsewhere ends the build."""
    found = [f"{place} loads {address}" for place, address in remote.in_site(Path(config.site_dir))]
    if found:
        raise PluginError("; ".join(found))
