"""The recipes: each goes with every front-end's config, and says nothing about the front-end itself."""

import functools

import pytest
import safetensors.torch
import timm
import torch

from esc_gpu.augment import Draws
from esc_gpu.config.checks import check_config
from esc_gpu.config.parse import parse_run
from esc_gpu.config.schema import FrontendConfig, RunConfig, training_samples
from esc_gpu.training.augmentation import augment
from esc_gpu.training.build_model import build_model
from tests.helpers.paths import CONFIGS

RECIPES = {path.stem: path for path in sorted((CONFIGS / "recipes").glob("*.yaml"))}
FRONTENDS = [path for path in sorted(CONFIGS.glob("*.yaml")) if path.stem not in ("sweep", "demo")]


@functools.cache
def alone(path):
    """The config of one file."""
    return parse_run(["--config", str(path)], "train.py")


def test_the_promised_recipes_are_there():
    assert set(RECIPES) == {"quick", "best", "imagenet", "gpu"}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_has_no_front_end_and_leaves_the_protocol_alone(recipe):
    config = parse_run(["--config", str(RECIPES[recipe])], "train.py")
    assert config.frontend == FrontendConfig() and config.data == RunConfig().data
    assert config != RunConfig()
    assert config.folds is None and not config.validate


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("frontend", FRONTENDS, ids=lambda path: path.stem)
def test_a_recipe_goes_with_every_front_end(recipe, frontend):
    config = parse_run(["--config", str(RECIPES[recipe]), "--config", str(frontend)], "train.py")
    check_config(config)
    assert config.frontend == alone(frontend).frontend
    assert config.train.epochs == alone(RECIPES[recipe]).train.epochs


@pytest.mark.parametrize("frontend", FRONTENDS, ids=lambda path: path.stem)
def test_the_best_recipe_trains_every_front_end(frontend):
    files = ["--config", str(RECIPES["best"]), "--config", str(frontend)]
    small = ["--model.backbone", "test_resnet", "--data.clip_seconds", "0.6"]
    config = parse_run([*files, *small], "train.py")
    model, generator = build_model(config, 3), torch.Generator().manual_seed(0)
    n_samples = training_samples(config)
    waveform = 0.1 * torch.randn(2, n_samples, generator=generator)
    image_size = model.image_shape(n_samples)[1:]
    waveform, alter, target = augment(config, image_size, waveform, torch.eye(2, 3), Draws(generator))
    logits = model(waveform, alter)
    assert alter is not None and logits.shape == target.shape and logits.isfinite().all()


def test_the_imagenet_recipe_starts_from_a_local_file(tmp_path):
    weights = tmp_path / "resnet18.safetensors"
    donor = timm.create_model("resnet18")
    safetensors.torch.save_file(donor.state_dict(), weights)
    options = ["--config", str(RECIPES["imagenet"]), "--config", str(CONFIGS / "logmel.yaml")]
    model = build_model(parse_run([*options, "--model.weights", str(weights)], "train.py"), 10)
    # timm sums the colours' kernels up for one channel.
    torch.testing.assert_close(model.backbone.conv1.weight, donor.conv1.weight.sum(dim=1, keepdim=True))
    assert torch.equal(model.backbone.layer4[1].conv2.weight, donor.layer4[1].conv2.weight)
