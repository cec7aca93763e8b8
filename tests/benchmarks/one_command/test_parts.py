"""The parts of the one command for a GPU are commands that there are."""

import sys

import pytest

from benchmarks.common.paths import REPOSITORY
from benchmarks.one_command.parts import FIRST, FOLDER, FULL, OTHERS, RECIPES, SEEDS, TINY, create_parts
from esc_gpu import list_frontends

TRAININGS = [f"{group}_seed{seed}" for seed in SEEDS for group in RECIPES]
USUAL = ["limits", "tests", "frontends", "pipeline", "cross_validation", "long_run"]


@pytest.mark.parametrize("tiny", [False, True])
def test_the_parts_are_commands_that_this_repository_has(monkeypatch, tiny):
    """Their options, too: each is parsed as its command would."""
    from benchmarks.reliability import long_run
    from benchmarks.speed import frontends, limits, pipeline
    from esc_gpu.config.parse import parse_run

    parts = {name: part.command for name, part in create_parts("ESC-10", "cuda", tiny, 22050).items()}
    assert list(parts) == [*USUAL, *TRAININGS] and len(TRAININGS) == 6
    modules = {"limits": limits, "pipeline": pipeline, "frontends": frontends, "long_run": long_run}
    for name, module in modules.items():
        monkeypatch.setattr(module, "require_gpu", lambda: sys.exit("parsed"))
        with pytest.raises(SystemExit, match="parsed"):
            module.main(parts[name][3:])
    epochs = {"cross_validation": ([], 1 if tiny else 50)}
    epochs |= {name: (["--label", name.replace("_", "-")], 1 if tiny else 120) for name in TRAININGS}
    for name, (label, n_epochs) in epochs.items():
        options = parts[name][3:]
        own = options[: options.index("--data.root")]
        assert own == ["--require-gpu", "--output", FOLDER, *label]
        assert parse_run(options[len(own) :], "x").train.epochs == n_epochs
    assert all((REPOSITORY / word).is_file() for word in parts["tests"] if word.endswith(".py"))


@pytest.mark.parametrize("weights", [None, "/resnet18.safetensors"])
def test_the_recipe_is_trained_with_three_seeds_on_esc50_too(weights):
    from esc_gpu.config.parse import parse_run

    parts = create_parts("ESC-10", esc50="/ESC-50", weights=weights)
    asked = {name: part.command for name, part in parts.items() if part.group == "recipe"}
    configs = {name: parse_run(words[words.index("--data.root") :], "x") for name, words in asked.items()}
    names = ("recipe", "recipe_esc50", "recipe_esc50_imagenet")
    assert list(configs) == [f"{name}_seed{seed}" for seed in (0, 1, 2) for name in names]
    for name, config in configs.items():
        is_trained = "imagenet" in name
        assert config.data.root == ("/ESC-50" if "esc50" in name else "ESC-10")
        assert config.train.seed == int(name[-1]) and config.folds is None
        assert (config.frontend.name, config.frontend.options["n_fft"]) == ("logmel", 4096)
        assert (config.train.epochs, config.train.batch_size) == ((40, 16) if is_trained else (120, 8))
        assert config.model.pretrained == (is_trained and weights is None)
        assert config.model.weights == (weights if is_trained else None)


def test_a_try_loads_no_weights_into_its_small_backbone():
    from esc_gpu.config.parse import parse_run

    parts = create_parts("ESC-10", "cpu", True, esc50="/ESC-50", weights="/w.pth")
    words = parts["recipe_esc50_imagenet_seed0"].command
    model = parse_run(words[words.index("--data.root") :], "x").model
    assert (model.backbone, model.pretrained, model.weights) == ("test_resnet", False, None)


def test_without_a_gpu_none_insists_on_one():
    for name, part in create_parts("ESC-10", "cpu", tiny=True).items():
        assert "--require-gpu" not in part.command, name


def test_every_front_end_is_measured_those_with_an_estimate_first():
    assert FULL.keys() == TINY.keys() and sorted(FIRST + OTHERS) == sorted(list_frontends())


def test_every_part_can_be_begun_within_its_limit():
    assert all(0 < part.least < part.seconds for part in create_parts("ESC-10").values())
    usual = [part for part in create_parts("ESC-10").values() if not part.group]
    assert sum(part.least for part in usual) < 8 * 60
