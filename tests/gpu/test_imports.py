"""Every part of `make gpu` loads with the packages of a machine for GPUs, and the few that are to be brought there."""

import json
import subprocess
import sys

import pytest

from benchmarks.one_command.parts import create_parts
from tests.helpers.paths import REPOSITORY

# Nothing for audio but torchaudio.
INSTALLED = [
    *("accelerate", "filelock", "huggingface-hub", "jinja2", "matplotlib", "numpy", "nvidia-ml-py", "pillow", "psutil"),
    *("pytest", "pytest-timeout", "pyyaml", "safetensors", "scikit-learn", "scipy", "timm", "torch", "torchaudio"),
    *("torchvision", "tqdm"),
]
BROUGHT = ["jsonargparse", "docstring-parser", "typeshed-client", "soundfile", "soxr"]
AUDIO_AND_OPTIONS = {"soundfile", "soxr", "jsonargparse", "docstring_parser", "typeshed_client", "cffi"}
PARTS = create_parts("ESC-10")
MODULES = {
    name: ["tests.conftest", "tests.test_gpu"] if name == "tests" else [part.command[2]] for name, part in PARTS.items()
}
ALL = sorted({module for modules in MODULES.values() for module in modules})


@pytest.fixture(scope="module")
def loaded():
    """By module what it lacks: with nothing of what is to be brought, and with all of it."""
    questions = [{"packages": INSTALLED + brought, "modules": ALL} for brought in ([], BROUGHT)]
    process = subprocess.run(
        [sys.executable, "-m", "tests.helpers.gpu_imports"],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_loads_with_what_is_brought(loaded, name):
    assert [loaded[1][module] for module in MODULES[name]] == [None] * len(MODULES[name])


@pytest.mark.parametrize("name", [name for name, part in PARTS.items() if not AUDIO_AND_OPTIONS & set(part.needs)])
def test_a_part_that_needs_none_of_it_loads_without(loaded, name):
    assert [loaded[0][module] for module in MODULES[name]] == [None] * len(MODULES[name])


def test_a_package_that_is_not_there_is_found(loaded):
    lacking = {module: said for module, said in loaded[0].items() if said}
    assert lacking and all(any(name in said for name in AUDIO_AND_OPTIONS) for said in lacking.values())
