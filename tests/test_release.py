"""What a release says of itself beside the package: the changelog and the citation are those of the version."""

import re

import yaml

from esc_gpu.core.version import __version__
from tests.helpers.paths import REPOSITORY
from tools.public_address import public_address

CHANGELOG = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d\d-\d\d))?$", CHANGELOG, re.MULTILINE)


def test_the_newest_release_of_the_changelog_is_this_version():
    assert len(HEADINGS) == CHANGELOG.count("\n## ")
    releases = [heading for heading in HEADINGS if heading != ("Unreleased", "")]
    assert releases[0][0] == __version__ and all(date for _, date in releases)
    assert ("Unreleased", "") not in HEADINGS[1:]
    assert [date for _, date in releases] == sorted((date for _, date in releases), reverse=True)


def test_the_changelog_has_the_kinds_of_keep_a_changelog():
    kinds = set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE))
    assert kinds and kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0" and citation["version"] == __version__
    assert {"message", "title", "authors"} <= citation.keys() and citation["authors"] == [
        {"name": "esc_gpu developers"}
    ]
    assert citation["license"] == "MIT" and citation["repository-code"] == citation["url"] == public_address()
