"""Every front-end in the examples of README, docs and notebooks states its sample rate."""

import ast
import json
import re

import pytest

from esc_gpu.frontends.registry import frontend_class, list_frontends
from tests.helpers.paths import DOCS, REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted(DOCS.glob("*.md"))]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
RATES = {"sample_rate", "input_sample_rate"}


def examples(path):
    """The Python of a page's blocks, or of a notebook's code cells without what is IPython's."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    cells = ["".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    return [re.sub(r"^( *)%.*", r"\1pass", code, flags=re.MULTILINE) for code in cells]


def makers_of_features(tree):
    """What makes a front-end, or is one as a function, by the names that a piece of code has for it."""
    classes = {frontend_class(name).__name__ for name in list_frontends()}
    found = {"create_frontend", *classes, *(f"functional.{name}" for name in list_frontends())}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "esc_gpu.functional":
            found |= {alias.asname or alias.name for alias in node.names if alias.name in list_frontends()}
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("Frontend") for base in node.bases):
            found.add(node.name)
    return found


def calls_of_front_ends(code):
    """Each call that makes a front-end, and whether it states the sample rate of the waveforms."""
    tree = ast.parse(code)
    makers = makers_of_features(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        ast.unparse(call): bool(RATES & {keyword.arg for keyword in call.keywords})
        for call in calls
        if ast.unparse(call.func).removeprefix("esc_gpu.") in makers
    }


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=lambda path: path.name)
def test_every_front_end_of_an_example_states_its_sample_rate(path):
    """Whoever copies an example with another rate than the default would get wrong frequencies without a word."""
    calls = {call: stated for code in examples(path) for call, stated in calls_of_front_ends(code).items()}
    assert not [call for call, stated in calls.items() if not stated]


def test_examples_that_make_front_ends_are_found():
    found = [call for path in [*PAGES, *NOTEBOOKS] for code in examples(path) for call in calls_of_front_ends(code)]
    assert {re.split(r"\(", call)[0] for call in found} >= {"create_frontend", "functional.mfcc", "SpectralFlux"}
    assert len(found) >= 15


@pytest.mark.parametrize(
    ("code", "stated"),
    [
        ('create_frontend("logmel")', False),
        ('esc_gpu.create_frontend("logmel", sample_rate=8000)', True),
        ('create_frontend("stack", input_sample_rate=8000, members=[{"name": "logmel"}])', True),
        ('create_frontend("stack", sample_rate=8000, members=[LogMel()])', False),
        ("MFCC(n_mfcc=20)", False),
        ("from esc_gpu.functional import logmel as mel\nmel(waveform)", False),
        ("esc_gpu.functional.rms(waveform)", False),
        ("class Flux(MelFrontend): pass\nFlux(n_mels=64)", False),
    ],
)
def test_an_example_without_a_sample_rate_is_seen(code, stated):
    found = calls_of_front_ends(code)
    assert found and all(found.values()) is stated


def test_a_layers_call_makes_no_front_end():
    assert not calls_of_front_ends("logmel(waveform)\nfunctional.resample(waveform, 44100, 16000)")
