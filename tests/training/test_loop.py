"""The parts of the loop: learning rate, groups, clipping, augmentation, what a resumed run needs."""

import dataclasses
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from esc_gpu import WaveformClassifier, create_frontend
from esc_gpu.config.parse import parse_run
from esc_gpu.data.store.source import WaveformSource
from esc_gpu.errors import EscGpuError
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.fold import FoldData
from esc_gpu.training.loop import derive_seed, train_fold
from esc_gpu.training.optimizer import clip_gradients, create_optimizer, parameter_groups, set_learning_rate
from esc_gpu.training.resume_state import load_state

TINY = [
    *("--data.sample_rate", "8000", "--data.clip_seconds", "1", "--model.backbone", "test_resnet"),
    *("--frontend.n_fft", "256", "--frontend.hop_length", "256", "--frontend.n_mels", "16"),
    *("--train.epochs", "2", "--train.batch_size", "8", "--train.mixed_precision", "no", "--train.threads", "1"),
]


def trainable_model():
    frontend = create_frontend(
        "logmel", "nnaudio", sample_rate=8000, n_fft=256, hop_length=256, n_mels=16, trainable_mel=True
    )
    return WaveformClassifier(frontend, 3, "test_resnet")


def tiny_fold(seed=0):
    generator = np.random.default_rng(seed)
    waveforms = generator.integers(-8000, 8000, (24, 8000)).astype(np.int16)
    labels = torch.arange(24) % 3
    source = WaveformSource(waveforms, torch.device("cpu"))
    return FoldData(source, labels, 3, np.arange(16), np.arange(16, 24), np.arange(24))


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


def test_a_frozen_front_end_has_no_group():
    frontend = create_frontend("logmel", sample_rate=8000, n_fft=256, n_mels=16)
    assert len(parameter_groups(WaveformClassifier(frontend, 3, "test_resnet"), 1e-3, 1e-5, 0.1)) == 2


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
    clip_gradients(model, 1.0)
    norm = torch.stack([p.grad.norm() for p in model.backbone.parameters()]).norm()
    assert norm == pytest.approx(1.0, rel=1e-4) and torch.equal(small.grad, before)
    clip_gradients(model, 0)  # no limit
    assert torch.equal(small.grad, before)


def test_training_moves_trainable_kernels_a_little_and_they_stay_finite(tmp_path):
    options = ["--frontend.backend", "nnaudio", "--frontend.trainable_mel", "true", "--frontend.trainable_stft", "true"]
    config = parse_run([*TINY, *options], "train.py")
    result = train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)
    trained = dict(result.model.frontend.named_parameters())
    fresh = dict(create_frontend(**result.model.frontend.spec).named_parameters())
    for name, kernel in trained.items():
        change = ((kernel - fresh[name]).norm() / fresh[name].norm()).item()
        assert 0 < change < 0.05, name


def test_accumulation_gives_the_gradients_of_the_whole_batch(tmp_path):
    """Batch statistics differ between parts, so only a backbone without them can show it."""
    options = ["--model.backbone", "test_vit", "--model.options", '{"img_size": [16, 32], "patch_size": 16}']
    still = ["--augment.freq_masks", "0", "--augment.time_masks", "0", "--augment.mixup_alpha", "0"]
    quiet = ["--augment.shift_seconds", "0", "--augment.gain_db", "0"]
    weights = []
    for parts in ("1", "4"):
        config = parse_run([*TINY, *options, *still, *quiet, "--train.accumulation", parts], "train.py")
        folder = tmp_path / parts
        folder.mkdir()
        result = train_fold(config, create_accelerator(config, folder), tiny_fold(), 1, folder)
        weights.append(torch.cat([p.detach().flatten() for p in result.model.parameters()]))
    # Summation in another order, amplified by Adam's division: far under a learning rate of 1e-3.
    assert (weights[0] - weights[1]).abs().max() < 1e-4


def test_the_history_is_whole_whatever_the_checkpoints_are(tmp_path):
    config = parse_run([*TINY, "--train.epochs", "3", "--train.checkpoint_every", "2"], "train.py")
    result = train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == result.history and len(lines) == 3


def test_a_loss_that_is_not_finite_is_an_error_and_leaves_no_checkpoint(tmp_path):
    config = parse_run([*TINY, "--train.lr", "1e30", "--train.warmup_epochs", "0"], "train.py")
    with pytest.raises(EscGpuError, match="fold 1, epoch ., step . of 2: the loss .*train.lr"):
        train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)


def test_seeds_of_neighbours_differ():
    seeds = {derive_seed(s, f, e, r) for s in range(3) for f in range(3) for e in range(3) for r in range(3)}
    assert len(seeds) == 81


def test_the_normalisation_is_that_of_the_training_clips_only(tmp_path):
    config, data = parse_run(TINY, "train.py"), tiny_fold()
    changed = data.source.resident.numpy().copy()
    changed[data.test] = 0
    other = dataclasses.replace(data, source=WaveformSource(changed, torch.device("cpu")))
    models = []
    for number, fold in enumerate((data, other)):
        folder = tmp_path / str(number)
        folder.mkdir()
        models.append(train_fold(config, create_accelerator(config, folder), fold, 1, folder).model)
    assert all(
        torch.equal(a, b) for a, b in zip(models[0].state_dict().values(), models[1].state_dict().values(), strict=True)
    )


class Scaler:
    """Stands for torch's GradScaler, which a CPU has not."""

    def __init__(self):
        self.scale = 65536.0

    def state_dict(self):
        return {"scale": self.scale}

    def load_state_dict(self, state):
        self.scale = state["scale"]


def test_a_fold_starts_with_a_fresh_scale_whatever_fold_was_before(tmp_path):
    scaler = Scaler()
    scaler.scale = 4.0
    accelerator = SimpleNamespace(is_main_process=True, scaler=scaler)
    assert load_state(tmp_path, accelerator, None, None, None) == []
    assert scaler.scale == 65536.0


class Cut(Exception):
    """Stands in for what ends a process."""


def test_a_fold_that_was_cut_off_goes_on_with_its_average(tmp_path):
    config = parse_run([*TINY, "--train.epochs", "3", "--train.ema_decay", "0.9"], "train.py")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir(), cut.mkdir()
    expected = train_fold(config, create_accelerator(config, whole), tiny_fold(), 1, whole)
    steps = iter(range(3))  # two an epoch: the cut comes in the second

    def after_step():
        if next(steps) == 2:
            raise Cut

    with pytest.raises(Cut):
        train_fold(config, create_accelerator(config, cut), tiny_fold(), 1, cut, after_step)
    result = train_fold(config, create_accelerator(config, cut), tiny_fold(), 1, cut)
    assert torch.equal(result.logits, expected.logits)


def test_the_result_is_the_average_of_the_weights(tmp_path):
    last = parse_run(TINY, "train.py")
    averaged = parse_run([*TINY, "--train.ema_decay", "0.9"], "train.py")
    results = []
    for number, config in enumerate((last, averaged)):
        folder = tmp_path / str(number)
        folder.mkdir()
        results.append(train_fold(config, create_accelerator(config, folder), tiny_fold(), 1, folder))
    assert [record["loss"] for record in results[0].history] == [record["loss"] for record in results[1].history]
    assert not torch.equal(results[0].logits, results[1].logits)
    state = torch.load(tmp_path / "1" / "state.pt", weights_only=True)
    name = "backbone.fc.weight"
    weights = dict(results[1].model.named_parameters())[name]
    assert torch.equal(weights, state["average"]["averages"][name])
    assert not torch.equal(weights, state["model"][name])


def test_crops_are_trained_on_and_whole_clips_are_evaluated(tmp_path):
    config = parse_run([*TINY, "--augment.crop_seconds", "0.5"], "train.py")
    seen = []
    original = WaveformClassifier.forward

    def forward(self, waveform, alter=None):
        seen.append((self.training, waveform.shape[1]))
        return original(self, waveform, alter)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WaveformClassifier, "forward", forward)
        train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)
    assert set(seen) == {(True, 4000), (False, 8000)}
