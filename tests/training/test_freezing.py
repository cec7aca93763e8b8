"""What is frozen stays as it was to the bit, with its batch norms; what is not learns."""

import numpy as np
import pytest
import torch

from esc_gpu import EscGpuError
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.build_model import build_model
from esc_gpu.training.freezing import freeze, idle_freeze, keep_frozen
from esc_gpu.training.loop import train_fold
from tests.helpers.small_model import small_model, trainable_model
from tests.helpers.tiny import parsed
from tests.helpers.tiny_fold import tiny_fold

NAMES = list("abc")
LEARNING = {  # what of a model with a trainable front-end learns, by the beginnings of the names
    "none": ("frontend.", "backbone."),
    "frontend": ("backbone.",),
    "stages": ("backbone.layer3", "backbone.layer4", "backbone.fc"),
    "backbone": ("backbone.fc",),
}


@pytest.mark.parametrize("what", LEARNING)
def test_parameters_up_to_a_point_do_not_learn(what):
    model = trainable_model()
    parts = freeze(model, what, 2)
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    everything = {name for name, _ in model.named_parameters()}
    assert learning == {name for name in everything if name.startswith(LEARNING[what])}
    model.train()
    keep_frozen(parts)
    modes = {name: part.training for name, part in model.named_modules() if isinstance(part, torch.nn.BatchNorm2d)}
    assert modes == {name: name.startswith(LEARNING[what]) for name in modes} and model.backbone.training


def test_a_front_end_that_learns_nothing_needs_no_freezing():
    (sentence,) = idle_freeze(build_model(parsed(), 3), "frontend")
    assert sentence.startswith("train.freeze=frontend has no effect")
    assert idle_freeze(trainable_model(), "frontend") == [] == idle_freeze(build_model(parsed(), 3), "stages")


def test_more_stages_than_there_are_are_refused_before_the_training():
    options = ("--train.freeze", "stages", "--train.frozen_stages")
    build_model(parsed(*options, "4"), 3)
    with pytest.raises(EscGpuError, match="train.frozen_stages is 5, and test_resnet has 4 stages: lower it, or set"):
        build_model(parsed(*options, "5"), 3)


def test_a_clip_at_a_time_is_enough_where_batch_norms_are_frozen():
    alone = ("--data.clip_seconds", "0.2", "--train.batch_size", "1")
    with pytest.raises(EscGpuError, match="cannot be trained on one clip at a time"):
        build_model(parsed(*alone), 3)
    build_model(parsed(*alone, "--train.freeze", "backbone"), 3)


def test_a_training_leaves_what_is_frozen_to_the_bit(tmp_path):
    """With averaged weights, and after an interruption as without."""
    config = parsed("--train.freeze", "stages", "--train.frozen_stages", "3", "--train.ema_decay", "0.9")
    accelerator = create_accelerator(config, tmp_path)
    seen = []

    def stop():
        seen.append(1)
        if len(seen) == 3:  # in the second epoch
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_fold(config, accelerator, tiny_fold(), 1, tmp_path, stop)
    result = train_fold(config, accelerator, tiny_fold(), 1, tmp_path)
    (tmp_path / "whole").mkdir()
    whole = train_fold(config, accelerator, tiny_fold(), 1, tmp_path / "whole")
    after = result.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in whole.model.state_dict().items())
    torch.manual_seed(0)
    fresh = small_model().state_dict()
    frozen = [name for name in after if name.startswith(("backbone.bn1", "backbone.layer1", "backbone.layer3"))]
    moving = [name for name in after if name.startswith(("backbone.layer4", "backbone.fc"))]
    counts = {name: int(after[name]) for name in after if name.endswith("num_batches_tracked")}
    assert {name: count for name, count in counts.items() if count} == dict.fromkeys(
        [name for name in counts if "layer4" in name], 4
    )
    statistics = [name for name in frozen if "running" in name]
    assert statistics and all(torch.equal(after[name], fresh[name]) for name in statistics)
    assert all(after[name].isfinite().all() for name in moving)
    assert not torch.equal(after["backbone.layer4.0.bn1.running_mean"], fresh["backbone.layer4.0.bn1.running_mean"])


def test_a_learning_rate_of_the_head_moves_it_alone(tmp_path):
    """With no rate for the rest, which weight decay then leaves as well."""
    models = {}
    for rate in ("1e-3", "1e-2"):
        config = parsed("--train.freeze", "backbone", "--train.head_lr", rate, "--train.epochs", "1")
        folder = tmp_path / rate
        folder.mkdir()
        result = train_fold(config, create_accelerator(config, folder), tiny_fold(), 1, folder)
        models[rate] = result.model.state_dict()
    differing = {name for name, value in models["1e-3"].items() if not np.array_equal(value, models["1e-2"][name])}
    assert differing == {"backbone.fc.weight", "backbone.fc.bias"}
