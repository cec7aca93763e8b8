"""Weights of a backbone from a file: taken whole, or refused; none is passed over in silence."""

import warnings

import pytest
import safetensors.torch
import timm
import torch

from esc_gpu import EscGpuError, WaveformClassifier
from esc_gpu.errors import EscGpuWarning
from esc_gpu.frontends import Stack
from esc_gpu.model import checkpoint
from tests.helpers.small_model import small_frontend, small_model
from tests.helpers.tiny import RATE

NAMES = list("abcde")


def donor(num_classes=5, in_chans=1, seed=1):
    torch.manual_seed(seed)
    return timm.create_model("test_resnet", num_classes=num_classes, in_chans=in_chans)


def write(folder, state, name="weights.safetensors"):
    safetensors.torch.save_file({key: value.contiguous() for key, value in state.items()}, folder / name)
    return folder / name


def silent(file, **options):
    """A model with the file's weights, of which nothing is said."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", EscGpuWarning)
        return small_model(weights=file, **options)


def differing(model, state):
    return {key for key, value in model.backbone.state_dict().items() if not torch.equal(value, state[key])}


@pytest.mark.parametrize("prefix", ["", "module.", "backbone.", "module.backbone."])
def test_a_file_of_the_backbone_is_taken_whole_whatever_is_before_its_names(tmp_path, prefix):
    state = donor().state_dict()
    file = write(tmp_path, {prefix + key: value for key, value in state.items()})
    assert not differing(silent(file), state)


def test_a_run_s_own_weights_are_taken_with_its_last_layer(tmp_path):
    before = small_model()
    before.fit_normalization(0.1 * torch.randn(4, RATE))
    checkpoint.save(tmp_path, before, NAMES, clip_seconds=1.0)
    torch.save({"model": before.state_dict(), "history": []}, tmp_path / "state.pt")
    for name in ("model.safetensors", "state.pt"):
        after = silent(tmp_path / name)
        assert not differing(after, before.backbone.state_dict()) and not after.normalization.fitted


def test_a_last_layer_of_other_classes_is_made_anew_and_that_is_said(tmp_path):
    state = donor(num_classes=7).state_dict()
    file = write(tmp_path, state)
    torch.manual_seed(3)
    fresh = small_model().backbone.state_dict()
    torch.manual_seed(3)
    with pytest.warns(EscGpuWarning, match="has a last layer for 7 classes: test_resnet gets a new one"):
        model = small_model(weights=file)
    assert {key for key in state if not torch.equal(model.backbone.state_dict()[key], state[key])} == {
        "fc.weight",
        "fc.bias",
    }
    assert torch.equal(model.backbone.fc.weight, fresh["fc.weight"])


@pytest.mark.parametrize("in_chans", [1, 2, 3])
def test_channels_of_the_features_are_made_of_those_of_the_file(tmp_path, in_chans):
    state = donor(in_chans=in_chans).state_dict()
    file = write(tmp_path, state)
    stack = Stack(sample_rate=RATE, members=[small_frontend(), small_frontend(n_mels=8)])
    for frontend in (small_frontend(), stack):
        model = WaveformClassifier(frontend, 5, "test_resnet", weights=file)
        assert differing(model, {**state, "conv1.0.weight": model.backbone.conv1[0].weight}) == set()
        given, own = state["conv1.0.weight"], model.backbone.conv1[0].weight
        many = frontend.n_channels
        expected = given.sum(1, keepdim=True) if many == 1 else given.repeat(1, 2, 1, 1)[:, :many] * in_chans / many
        torch.testing.assert_close(own, given if many == in_chans else expected)


def first(state, n):
    return dict(list(state.items())[:n])


def test_a_file_of_something_else_is_refused_with_how_much_of_the_backbone_it_has(tmp_path):
    state = donor().state_dict()
    n_tensors = sum(not key.startswith("fc.") and not key.endswith("num_batches_tracked") for key in state)
    cases = {
        "transformer": (timm.create_model("test_vit", num_classes=5, in_chans=1).state_dict(), "0 of the"),
        "foreign tensor": ({"conv": torch.zeros(1)}, "0 of the"),
        "nothing": ({"normalization.mean": torch.zeros(1)}, "0 of the"),
        "a part": (first(state, 6), "5 of the"),
        "other size": ({**state, "layer1.0.conv1.weight": torch.zeros(1)}, f"{n_tensors - 1} of the"),
        "one more": ({**state, "layer9.weight": torch.zeros(1)}, f"{n_tensors} of the"),
        "head alone": ({key: state[key] for key in ("fc.weight", "fc.bias")}, "0 of the"),
    }
    for name, (content, expected) in cases.items():
        file = write(tmp_path, content, "other.safetensors")
        with pytest.raises(EscGpuError, match=f"has {expected} {n_tensors} tensors of test_resnet") as error:
            small_model(weights=file)
        assert "\n" not in str(error.value), name
    assert "and 1 that it has not, such as 'layer9.weight'" in refusal(write(tmp_path, cases["one more"][0]))


def refusal(file):
    with pytest.raises(EscGpuError) as error:
        small_model(weights=file)
    return str(error.value)


def test_a_copy_of_the_model_is_without_the_file_s_tensors(tmp_path):
    model = silent(write(tmp_path, donor().state_dict()))
    assert not any(
        isinstance(value, (dict, torch.Tensor)) and value for value in model.backbone.pretrained_cfg.values()
    )


def test_weights_named_twice_are_refused(tmp_path):
    file = write(tmp_path, donor().state_dict())
    with pytest.raises(EscGpuError, match="names weights by checkpoint_path, and model.pretrained or model.weights"):
        small_model(weights=file, backbone_options={"checkpoint_path": str(file)})
