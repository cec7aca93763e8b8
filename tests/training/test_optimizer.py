"""The optimiser: learning rate, groups of parameters, clipping."""

import math

import pytest
import torch
from torch import nn

from esc_gpu import WaveformClassifier, create_frontend
from esc_gpu.training.optimizer import clip_gradients, create_optimizer, parameter_groups, set_learning_rate
from tests.helpers.one_line import refusal
from tests.helpers.small_model import trainable_model


def test_learning_rate_warms_up_then_falls_to_zero():
    optimizer = torch.optim.SGD([{"params": [nn.Parameter(torch.zeros(1))], "peak_lr": 2.0}], lr=1.0)
    rates = []
    for epoch in (0, 1, 2, 6, 10):
        set_learning_rate(optimizer, epoch, epochs=10, warmup_epochs=2)
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates == pytest.approx([0, 1, 2, 2 * 0.5 * (1 + math.cos(math.pi / 2)), 0])
    assert set_learning_rate(optimizer, 0, epochs=10, warmup_epochs=0) == 1


def test_every_trainable_parameter_is_in_one_group():
    model = trainable_model()
    groups = parameter_groups(model, lr=1e-3, frontend_lr=1e-5, weight_decay=0.1)
    grouped = [id(p) for group in groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters() if p.requires_grad)
    kernels = groups[-1]
    assert kernels["peak_lr"] == 1e-5 and kernels["weight_decay"] == 0
    assert all(p.ndim <= 1 for p in groups[1]["params"]) and groups[1]["weight_decay"] == 0


def test_an_order_of_layers_is_needed_for_rates_that_decay_alone(monkeypatch):
    model = trainable_model()
    monkeypatch.delattr(type(model.backbone), "group_matcher")
    assert [group["peak_lr"] for group in parameter_groups(model, 1e-3, 1e-5, 0.1)] == [1e-3, 1e-3, 1e-5]
    assert "needs the order of the layers" in refusal(parameter_groups, model, 1e-3, 1e-5, 0.1, layer_decay=0.5)


def test_a_frozen_front_end_has_no_group():
    frontend = create_frontend("logmel", sample_rate=8000, n_fft=256, n_mels=16)
    assert len(parameter_groups(WaveformClassifier(frontend, 3, "test_resnet"), 1e-3, 1e-5, 0.1)) == 2


def test_the_head_and_each_layer_have_rates_of_their_own():
    model = trainable_model()
    model.backbone.conv1.requires_grad_(False)
    groups = parameter_groups(model, 1e-3, 1e-5, 0.1, head_lr=1e-2, layer_decay=0.5)
    rates = {id(p): (group["peak_lr"], group["weight_decay"]) for group in groups for p in group["params"]}
    assert sorted(rates) == sorted(id(p) for p in model.parameters() if p.requires_grad)
    named = dict(model.backbone.named_parameters())
    assert rates[id(named["fc.weight"])] == (1e-2, 0.1) and rates[id(named["fc.bias"])] == (1e-2, 0)
    assert rates[id(named["layer4.0.conv1.weight"])] == (5e-4, 0.1)
    assert rates[id(named["layer3.0.bn1.weight"])] == (2.5e-4, 0)
    assert groups[-1]["peak_lr"] == 1e-5 and len(groups) == 5 + 6 + 1  # no weights of the stem


def test_the_fused_optimiser_steps_as_the_plain_one():
    weights = []
    for fused in (True, False):
        torch.manual_seed(0)
        model = trainable_model()
        optimizer = create_optimizer(model, 1e-2, 1e-4, 0.1)
        assert optimizer.defaults["fused"]
        if not fused:
            optimizer = torch.optim.AdamW(parameter_groups(model, 1e-2, 1e-4, 0.1), lr=1e-2, foreach=False, fused=False)
        for _ in range(3):
            set_learning_rate(optimizer, 2, epochs=10, warmup_epochs=0)
            for p in model.parameters():
                p.grad = torch.randn_like(p)
            optimizer.step()
        weights.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    # Three steps of 0.01 on weights up to 1, each rounded to float32.
    torch.testing.assert_close(weights[0], weights[1], rtol=1e-6, atol=1e-7)


def test_front_end_and_backbone_are_clipped_apart():
    model = trainable_model()
    for p in model.parameters():
        p.grad = torch.full_like(p, 100.0)
    small = model.frontend.layer.mel_basis
    small.grad = torch.full_like(small, 1e-4)
    before = small.grad.clone()
    norms = clip_gradients(model, 1.0)
    assert norms[0] > 1000 and norms[1] == pytest.approx(1e-4 * small.numel() ** 0.5, rel=1e-4) and len(norms) == 2
    norm = torch.stack([p.grad.norm() for p in model.backbone.parameters()]).norm()
    assert norm == pytest.approx(1.0, rel=1e-4) and torch.equal(small.grad, before)
    clip_gradients(model, 0)  # no limit
    assert torch.equal(small.grad, before)
