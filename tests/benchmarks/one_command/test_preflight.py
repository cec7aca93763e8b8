"""What a machine lacks is told in lines, whichever package it is."""

import ast
import sys

import pytest
import torch

from benchmarks import gpu
from benchmarks.common.paths import REPOSITORY
from benchmarks.one_command import preflight
from benchmarks.one_command.parts import create_parts
from tests.helpers.only_packages import Hiding

PARTS = create_parts("")
NEEDS = {name: part.needs for name, part in PARTS.items()}
PACKAGES = sorted({*preflight.EVERY, *preflight.OPTIONAL, *(each for needs in NEEDS.values() for each in needs)})
OURS = ("benchmarks", "esc_gpu", "tests")


@pytest.fixture
def hide(monkeypatch):
    """Every package is there but those of a call."""

    def hide(*packages):
        monkeypatch.setattr(preflight, "is_installed", lambda package: package not in packages)

    return hide


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_that_is_hidden_is_a_line(hide, package, capsys):
    hide(package)
    status = gpu.main(["--device", "cpu", "--check"])
    out, err = capsys.readouterr()
    (line,) = [line for line in (out + err).splitlines() if line.startswith(("missing: ", "not installed: "))]
    assert f": {package}; " in line and "wheel" in line
    if package in preflight.OPTIONAL:
        assert status == 0 and err == "" and "would bring it" in line
    else:
        assert status == (2 if package in preflight.EVERY else 1) and line in err and "; bring the wheel" in line
        wheels = preflight.WHEELS.get(package, (package,))
        options = "--no-deps --dest" if package in preflight.ON_TORCH else "--dest"
        assert (f": pip download {options} wheels {' '.join(wheels)}; here: " in out) == (package != "torch")


def test_the_part_that_needs_it_is_named(hide):
    hide("soundfile", "accelerate", "pytest")
    lines = preflight.look(NEEDS, None, "cpu").lines
    by_package = {line.split()[1].rstrip(";"): line for line in lines if line.startswith("missing")}
    assert "needed by tests, frontends, pipeline, cross_validation, long_run" in by_package["soundfile"]
    assert "bring the wheels soundfile, cffi, pycparser" in by_package["soundfile"]
    assert "frontends" not in by_package["accelerate"]
    assert "needed by tests; bring the wheels pytest, iniconfig, pluggy" in by_package["pytest"]


def test_what_stands_on_torch_does_not_bring_it_along():
    (line,) = preflight.how_to_bring(["torch", "timm", "soundfile"])
    assert (
        ": pip download --dest wheels soundfile cffi pycparser && pip download --no-deps --dest wheels timm; " in line
    )
    assert line.endswith("here: pip install --no-index --find-links wheels timm soundfile cffi pycparser")
    assert preflight.how_to_bring(["torch"]) == []


def test_a_package_is_looked_for_as_if_nothing_were_imported(monkeypatch):
    assert torch is sys.modules["torch"] and preflight.is_installed("torch")
    monkeypatch.setattr(sys, "meta_path", [Hiding(finder, {"torch"}) for finder in sys.meta_path])
    assert not preflight.is_installed("torch") and preflight.is_installed("numpy")


def test_recordings_that_are_not_there_are_a_line(tmp_path, capsys):
    assert gpu.main(["--device", "cpu", "--check", "--root", str(tmp_path)]) == 2
    assert f"missing: {tmp_path / 'meta' / 'esc50.csv'}; --root names a folder" in capsys.readouterr().err


def test_weights_that_are_not_there_are_a_line(tmp_path, capsys):
    """Or the first training of hours that starts from them would say so."""
    weights = tmp_path / "w.safetensors"
    assert gpu.main(["--device", "cpu", "--check", "--weights", str(weights)]) == 2
    assert f"missing: {weights}; --weights names a file of timm's weights of ResNet-18" in capsys.readouterr().err
    weights.touch()
    gpu.main(["--device", "cpu", "--check", "--weights", str(weights)])
    assert str(weights) not in capsys.readouterr().err


@pytest.mark.parametrize("built", ["13.0", None])
def test_a_device_that_is_not_there_is_a_line(monkeypatch, built):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", built)
    line, is_there = preflight.describe_device("cuda")
    assert not is_there and line.startswith("missing: torch sees no CUDA device here")
    assert ("without CUDA" if built is None else "for CUDA 13.0") in line


def test_a_device_that_is_there_is_named(monkeypatch):
    for name, value in {
        "is_available": True,
        "get_device_capability": (9, 0),
        "get_device_name": "NVIDIA H200",
    }.items():
        monkeypatch.setattr(torch.cuda, name, lambda value=value: value)
    line, is_there = preflight.describe_device("cuda")
    assert is_there and line.startswith("device: NVIDIA H200, compute capability 9.0; torch ")


def source_of(module):
    path = REPOSITORY.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def imported_at_once(tree):
    """The imports that run when a module is loaded, as dotted names."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If | ast.Try | ast.With) and "TYPE_CHECKING" not in ast.unparse(node).split("\n")[0]:
            waiting += [*node.body, *getattr(node, "orelse", [])]


def loaded_with(module):
    """The packages of others that loading a module of ours loads."""
    seen, found, waiting = set(), set(), [module]
    while waiting:
        module = waiting.pop()
        file = source_of(module)
        if module in seen or file is None:
            continue
        seen.add(module)
        waiting.append(module.rpartition(".")[0] or module)
        for name in imported_at_once(ast.parse(file.read_text(encoding="utf-8"))):
            package = name.partition(".")[0]
            if package in OURS:
                waiting.append(name)
            elif package not in sys.stdlib_module_names:
                found.add(package)
    return found


def test_the_preflight_itself_needs_nothing():
    assert loaded_with("benchmarks.gpu") == set() and "torch" in loaded_with("benchmarks.speed.limits")


def test_running_parts_needs_what_all_parts_need():
    assert loaded_with("benchmarks.one_command.run_parts") <= set(preflight.EVERY)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_names_what_its_module_loads(name):
    modules = ["tests.conftest", "tests.test_gpu"] if name == "tests" else [PARTS[name].command[2]]
    assert all(source_of(module) for module in modules)
    assert set().union(*map(loaded_with, modules)) <= {*preflight.EVERY, *PARTS[name].needs}


def test_a_package_inside_another_is_looked_for_there(tmp_path, monkeypatch):
    (tmp_path / "outside" / "inside").mkdir(parents=True)  # as NVIDIA's, without an __init__.py
    (tmp_path / "outside" / "inside" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert preflight.is_installed("outside.inside")
    assert not preflight.is_installed("outside.other") and not preflight.is_installed("elsewhere.inside")
