"""The repository's public address: the same in every file, and replaced in all of them at once."""

import re

from tests.helpers.paths import REPOSITORY
from tools.public_address import kept_files, public_address, replace

ADDRESS = re.compile(r"\bhttps?://[\w.-]+/[\w.-]+/esc_gpu\b")


def test_every_file_has_the_address_of_setup_cfg():
    found = {
        path.relative_to(REPOSITORY).as_posix(): set(ADDRESS.findall(path.read_text(encoding="utf-8")))
        for path in kept_files()
        if path.suffix in ("", ".cff", ".cfg", ".html", ".ipynb", ".md", ".py", ".toml", ".yaml")
        and path.name != "test_public_address.py"
    }
    named = {name: addresses for name, addresses in found.items() if addresses}
    assert {"setup.cfg", "CITATION.cff", "notebooks/1_sound_and_data.ipynb"} <= named.keys()
    assert not {name: addresses for name, addresses in named.items() if addresses != {public_address()}}


def test_it_is_replaced_in_the_files_that_have_it(tmp_path):
    old, new = public_address(), "https://example.org/esc_gpu"
    for name, text in {"a.md": f"see {old}/issues and {old}\n", "b.md": "nothing\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert replace(old, new, sorted(tmp_path.iterdir())) == [tmp_path / "a.md"]
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == f"see {new}/issues and {new}\n"
    assert (tmp_path / "b.md").read_text(encoding="utf-8") == "nothing\n"
