"""Every public name has its place in the reference, and every option is there."""

import dataclasses
import importlib
import re

import pytest

from esc_gpu import config
from esc_gpu.frontends.registry import frontend_class, list_frontends
from esc_gpu.frontends.signature import option_names
from tests.helpers.public_paths import PATHS
from tools.docs_site.docstrings import with_all_options, with_fences, with_fields
from tools.docs_site.reference import navigation, pages, places, public_modules


@pytest.fixture(scope="module")
def reference():
    return pages()


def test_every_public_name_has_its_place(reference):
    where = places()
    for module, names in PATHS.items():
        assert {f"{module}.{name}" for name in names if name != "__version__"} <= where.keys()
    assert len(where) > 80
    for path, (page, anchor) in where.items():
        assert not anchor or f"\n::: {anchor}\n" in reference[page], path


def test_nothing_has_two_places(reference):
    described = [name for text in reference.values() for name in re.findall(r"^::: (\S+)$", text, re.MULTILINE)]
    assert len(described) == len(set(described))
    assert set(described) == {anchor for _, anchor in places().values() if anchor}


def test_names_with_one_place_are_one_thing():
    for path, (_, anchor) in places().items():
        if anchor and anchor != path:
            one, other = (
                getattr(importlib.import_module(name.rpartition(".")[0]), path.rpartition(".")[2])
                for name in (path, anchor)
            )
            assert one is other


def test_every_module_and_front_end_has_its_page(reference):
    expected = {"reference/index.md", *(f"reference/{module}.md" for module in public_modules())}
    assert reference.keys() == expected | {f"reference/frontends/{name}.md" for name in list_frontends()}
    menu = re.findall(r"reference/[\w./]+\.md", str(navigation()))
    assert len(menu) == len(set(menu)) and set(menu) == reference.keys()
    assert all("| [`" in reference[page] for page in expected)


def test_every_name_says_what_it_is(reference):
    rows = re.findall(r"^\| \[`(\w+)`\]\(\S+\) \| (.*) \|$", reference["reference/index.md"], re.MULTILINE)
    assert len(rows) == len(places()) and not [name for name, said in rows if len(said) < 10]


def test_options_of_other_backends_are_there(reference):
    assert "\n- `trainable_stft`: " in reference["reference/frontends/logmel.md"]


@pytest.mark.parametrize("name", list_frontends())
def test_a_front_end_is_described_with_every_option(name):
    cls = frontend_class(name)
    text = with_all_options(cls)
    section = re.search(r"^Args:\n((?:    .*\n)*)", text, re.MULTILINE)
    assert section and re.findall(r"^    (\w+): \S", section[1], re.MULTILINE) == option_names(cls)
    assert len(re.findall("^Args:$", text, re.MULTILINE)) == 1 and "Raises:" in text and ">>> " in text


def test_every_field_of_a_section_is_described_with_its_range():
    for name in ("AugmentConfig", "DataConfig", "ModelConfig", "TrackerConfig", "TrainConfig"):
        section = getattr(config, name)
        fields = [field.name for field in dataclasses.fields(section)]
        assert re.findall(r"^    (\w+): \S", with_fields(section), re.MULTILINE) == fields
    text = with_fields(config.TrainConfig)
    ranges = dict(re.findall(r"^    (\w+): .*\. It ([^.]+)\.$", text, re.MULTILINE))
    assert ranges["epochs"] == "must be positive" and ranges["label_smoothing"] == "must be from 0 to 1"
    assert ranges["threads"] == "must be positive and must not be more than 1024" and "seed" in ranges


def test_examples_are_code():
    assert with_fences("A\n\n>>> f(1)\n1\n>>> f(2)\n2\n\nB\n") == "A\n\n```pycon\n>>> f(1)\n1\n>>> f(2)\n2\n```\n\nB"
    assert with_fences(">>> f(1)\n1") == "```pycon\n>>> f(1)\n1\n```" and with_fences("A\nB") == "A\nB"
