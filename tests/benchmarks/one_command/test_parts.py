"""The parts of the one command for a GPU are commands that there are."""

import sys

import pytest

from benchmarks.common.paths import REPOSITORY
from benchmarks.one_command.parts import FIRST, FOLDER, FULL, OTHERS, RECIPES, TINY, create_parts
from esc_gpu import list_frontends

USUAL = ["limits", "tests", "frontends", "pipeline", "cross_validation", "long_run"]


@pytest.mark.parametrize("tiny", [False, True])
def test_the_parts_are_commands_that_this_repository_has(monkeypatch, tiny):
    """Their options, too: each is parsed as its command would."""
    from benchmarks.reliability import long_run
    from benchmarks.speed import frontends, limits, pipeline
    from esc_gpu.config.parse import parse_run

    parts = {name: part.command for name, part in create_parts("ESC-10", "cuda", tiny, 22050).items()}
    assert list(parts) == [*USUAL, *RECIPES]
    modules = {"limits": limits, "pipeline": pipeline, "frontends": frontends, "long_run": long_run}
    for name, module in modules.items():
        monkeypatch.setattr(module, "require_gpu", lambda: sys.exit("parsed"))
        with pytest.raises(SystemExit, match="parsed"):
            module.main(parts[name][3:])
    epochs = {"cross_validation": ([], 1 if tiny else 50), **{name: (["--label", name], 120) for name in RECIPES}}
    for name, (label, n_epochs) in epochs.items():
        options = parts[name][3:]
        own = options[: options.index("--data.root")]
        assert own == ["--require-gpu", "--output", FOLDER, *label]
        assert parse_run(options[len(own) :], "x").train.epochs == n_epochs
    assert all((REPOSITORY / word).is_file() for word in parts["tests"] if word.endswith(".py"))


def test_without_a_gpu_none_insists_on_one():
    for name, part in create_parts("ESC-10", "cpu", tiny=True).items():
        assert "--require-gpu" not in part.command, name


def test_every_front_end_is_measured_those_with_an_estimate_first():
    assert FULL.keys() == TINY.keys() and sorted(FIRST + OTHERS) == sorted(list_frontends())


def test_every_part_can_be_begun_within_its_limit():
    assert all(0 < part.least < part.seconds for part in create_parts("ESC-10").values())
    usual = [part for name, part in create_parts("ESC-10").items() if name not in RECIPES]
    assert sum(part.least for part in usual) < 8 * 60
