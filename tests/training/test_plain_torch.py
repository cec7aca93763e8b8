"""The training of a fold beside the same recipe written down once more, in one loop of plain torch.

A run compared with another run of the same code agrees with itself whatever the code does. Here each part of the
recipe stands in its own words: who is in a batch, what is done to a clip and in which order, the loss, the clipping,
the decay, the schedule and the average.
"""

import math
import random

import numpy as np
import pytest
import torch

from esc_gpu.augment import Draws, add_noise, draw_spec_augment, mixup, random_gain, random_shift
from esc_gpu.training import loop
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.build_model import build_model
from tests.helpers.tiny import RATE, parsed
from tests.helpers.tiny_fold import tiny_fold

FOLD, SEED, EPOCHS, BATCH, CLASSES = 2, 7, 3, 8, 3
LR, DECAY, CLIP, SMOOTHING, WARMUP, AVERAGING = 3e-3, 0.5, 0.2, 0.3, 1.0, 0.8
SHIFT, GAIN, SNR, ALPHA = 0.2, 12.0, (0.0, 10.0), 0.8
OPTIONS = (
    *("--train.seed", str(SEED), "--train.epochs", str(EPOCHS), "--train.batch_size", str(BATCH)),
    *("--train.lr", str(LR), "--train.weight_decay", str(DECAY), "--train.clip_norm", str(CLIP)),
    *("--train.label_smoothing", str(SMOOTHING), "--train.warmup_epochs", str(WARMUP)),
    *("--train.ema_decay", str(AVERAGING), "--train.eval_every", str(EPOCHS), "--train.on_nonfinite", "skip"),
    *("--augment.shift_seconds", str(SHIFT), "--augment.gain_db", str(GAIN), "--augment.noise_probability", "1"),
    *("--augment.noise_snr_db", f"[{SNR[0]}, {SNR[1]}]", "--augment.mixup_alpha", str(ALPHA)),
    *("--augment.freq_masks", "1", "--augment.freq_mask_share", "0.4", "--augment.time_masks", "0"),
)


def number(*seeds):
    return int(np.random.SeedSequence(seeds).generate_state(1)[0])


def seed_all(value):
    random.seed(value), np.random.seed(value), torch.manual_seed(value)


def plain(data, left_out=None):
    """The weights, their average, and the mean loss of each epoch; step `left_out` is taken by neither."""
    waveforms = data.source.resident.float() / 32768
    seed_all(number(SEED, FOLD))
    model = build_model(parsed(*OPTIONS), CLASSES)
    model.fit_normalization(waveforms[data.train])
    matrices = [p for p in model.backbone.parameters() if p.ndim > 1]
    vectors = [p for p in model.backbone.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": DECAY}, {"params": vectors, "weight_decay": 0.0}]
    )
    learnt = dict(model.named_parameters()) | {
        f"backbone.{name}": buffer for name, buffer in model.backbone.named_buffers() if buffer.is_floating_point()
    }
    average = {name: value.detach().double().clone() for name, value in learnt.items()}
    step, means = 0, []
    for epoch in range(EPOCHS):
        seed_all(number(SEED, FOLD, epoch, 0))
        draws = Draws(torch.Generator().manual_seed(number(SEED, FOLD, epoch)))
        order = np.random.default_rng((SEED, FOLD, epoch)).permutation(data.train)
        losses = []
        model.train()
        for first in range(0, len(order), BATCH):
            clips = order[first : first + BATCH]
            target = torch.full((BATCH, CLASSES), SMOOTHING / CLASSES)
            target[torch.arange(BATCH), data.labels[clips]] += 1 - SMOOTHING
            waveform = random_shift(waveforms[clips], round(SHIFT * RATE), draws)
            waveform = add_noise(random_gain(waveform, GAIN, draws), SNR, 1.0, draws)
            waveform, target = mixup(waveform, target, ALPHA, draws)
            size = model.frontend.output_shape(RATE)[1:]
            hide = draw_spec_augment(BATCH, size, 1, 0.4, 0, 0.2, draws)
            done = epoch + first / len(order)
            rate = LR * (
                done / WARMUP if done < WARMUP else (1 + math.cos(math.pi * (done - WARMUP) / (EPOCHS - WARMUP))) / 2
            )
            if step != left_out:
                loss = -(target * model(waveform, hide).log_softmax(1)).sum(1).mean()
                optimizer.zero_grad()
                loss.backward()
                norm = torch.stack([p.grad.norm() for p in model.parameters()]).norm()
                assert norm > 2 * CLIP  # or clipping would not be seen
                for parameter in model.parameters():
                    parameter.grad.mul_(CLIP / norm)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                optimizer.step()
                losses.append(loss.item())
                kept = min(AVERAGING, (1 + step) / (10 + step))
                for name, value in learnt.items():
                    average[name] = kept * average[name] + (1 - kept) * value.detach().double()
            step += 1
        means.append(np.mean(losses))
    return {name: value.detach() for name, value in learnt.items()}, average, means


def trained(folder, data):
    config = parsed(*OPTIONS)
    result = loop.train_fold(config, create_accelerator(config, folder), data, FOLD, folder)
    return torch.load(folder / "state.pt", weights_only=True), result


def assert_alike(state, result, expected):
    weights, average, losses = expected
    for name, value in weights.items():
        # Float32 in another order, of which Adam takes the sign where a gradient is all but 0.
        torch.testing.assert_close(state["model"][name], value, rtol=1e-3, atol=2e-5, msg=lambda m, n=name: f"{n}: {m}")
        torch.testing.assert_close(
            state["average"]["averages"][name].double(),
            average[name],
            rtol=1e-3,
            atol=2e-5,
            msg=lambda m, n=name: f"{n}: {m}",
        )
        torch.testing.assert_close(result.model.state_dict()[name].double(), average[name], rtol=1e-3, atol=2e-5)
    assert [record["loss"] for record in result.history] == pytest.approx(losses, abs=1e-4)


def test_a_fold_is_trained_as_written_down(tmp_path):
    data = tiny_fold()
    assert_alike(*trained(tmp_path, data), plain(data))


@pytest.mark.filterwarnings("ignore:fold 2, epoch 2. left out")
def test_a_step_that_is_left_out_is_in_neither_weights_nor_average(tmp_path, monkeypatch):
    data, steps = tiny_fold(), []
    original = loop.augment

    def spoil(*given):
        waveform, alter, target = original(*given)
        steps.append(0)
        return waveform * (float("nan") if len(steps) == 3 else 1.0), alter, target

    monkeypatch.setattr(loop, "augment", spoil)
    assert_alike(*trained(tmp_path, data), plain(data, left_out=2))
