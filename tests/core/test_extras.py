"""What is missing is one line that names the extra, and the extras are those of setup.cfg."""

import re
import sys

import pytest

from esc_gpu.core.extras import EXTRAS, PIP_NAMES, how_to_install, naming_extras, require
from tests.helpers import setup_cfg
from tests.helpers.one_line import refusal

COMBINED = {"all", "benchmarks", "docs", "test"}
APART = {"soundata"}  # not in "all", for what it brings with it


def packages_of(extra: str = "") -> list[str]:
    """The packages that setup.cfg asks for, without versions and extras of theirs."""
    return [re.split(r"[\s\[<>=]", line)[0] for line in setup_cfg.requirements(extra)]


def test_the_table_is_that_of_setup_cfg():
    assert set(EXTRAS) == set(setup_cfg.EXTRAS) - COMBINED
    for extra, packages in EXTRAS.items():
        named = {PIP_NAMES.get(package, package) for package in packages}
        assert named == set(packages_of(extra)), extra
    combined = re.fullmatch(r"esc_gpu\[(.*)\]", setup_cfg.EXTRAS["all"].strip()).group(1).split(",")
    assert combined == [extra for extra in EXTRAS if extra not in APART]


def test_the_front_ends_need_four_packages_and_any_torch_from_2_11_on():
    assert packages_of() == ["torch", "numpy", "scipy", "nnAudio"]
    assert "torch >=2.11" in setup_cfg.requirements()


def test_a_package_is_in_one_extra():
    packages = [package for packages in EXTRAS.values() for package in packages]
    assert len(packages) == len(set(packages)) and set(PIP_NAMES) <= set(packages)


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ("timm", 'timm: pip install "esc_gpu[train]"'),
        ("sklearn", 'scikit-learn: pip install "esc_gpu[train]"'),
        ("wandb", 'wandb: pip install "esc_gpu[wandb]"'),
        ("gradio", 'gradio: pip install "esc_gpu[demo]"'),
        ("nnAudio", "nnAudio: pip install nnAudio"),
    ],
)
def test_how_to_install(package, expected):
    assert how_to_install(package) == expected


def test_a_package_that_is_not_there_is_required_without_importing_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert refusal(require, "gradio", "the demo") == 'the demo needs gradio: pip install "esc_gpu[demo]"'
    expected = 'ONNX needs gradio: pip install "esc_gpu[demo]", or use --format torch'
    assert refusal(require, "gradio", "ONNX", ", or use --format torch") == expected
    require("json", "this")


def test_a_missing_package_is_named_and_a_missing_module_of_ones_own_is_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)

    @naming_extras()
    def look(module):
        return __import__(module)

    assert refusal(look, "sklearn") == 'this needs scikit-learn: pip install "esc_gpu[train]"'
    assert look("json").loads("1") == 1
    for module in ("esc_gpu.nothing", "nothing"):
        with pytest.raises(ModuleNotFoundError, match="nothing"):
            look(module)
