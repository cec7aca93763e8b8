"""The training of a fold: accumulation, history, averages, crops, what a resumed fold needs."""

import dataclasses
import json
import time
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from esc_gpu import WaveformClassifier, create_frontend
from esc_gpu.core.profiling import ALL_STEPS
from esc_gpu.data.store.source import WaveformSource
from esc_gpu.errors import EscGpuError
from esc_gpu.training import loop as training
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.build_model import build_model
from esc_gpu.training.loop import (
    derive_seed,
    epoch_order,
    step_profiler,
    steps_per_epoch,
    train_fold,
    training_batches,
)
from esc_gpu.training.sync_batch_norm import SyncBatchNorm
from tests.helpers.cut import Cut
from tests.helpers.one_line import refusal
from tests.helpers.tiny import parsed
from tests.helpers.tiny_fold import tiny_fold


def test_training_moves_trainable_kernels_a_little_and_they_stay_finite(tmp_path):
    options = ["--frontend.backend", "nnaudio", "--frontend.trainable_mel", "true", "--frontend.trainable_stft", "true"]
    config = parsed(*options)
    result = train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)
    trained = dict(result.model.frontend.named_parameters())
    fresh = dict(create_frontend(**result.model.frontend.spec).named_parameters())
    for name, kernel in trained.items():
        change = ((kernel - fresh[name]).norm() / fresh[name].norm()).item()
        assert 0 < change < 0.05, name


def test_accumulation_gives_the_gradients_and_the_loss_of_the_whole_batch(tmp_path):
    """Batch statistics differ between parts, so only a backbone without them can show it."""
    options = ["--model.backbone", "test_vit", "--model.options", '{"img_size": [16, 32], "patch_size": 16}']
    still = ["--augment.freq_masks", "0", "--augment.time_masks", "0", "--augment.mixup_alpha", "0"]
    quiet = ["--augment.shift_seconds", "0", "--augment.gain_db", "0"]
    weights, losses = [], []
    for parts in ("1", "2"):
        config = parsed(*options, *still, *quiet, "--train.accumulation", parts)
        folder = tmp_path / parts
        folder.mkdir()
        result = train_fold(config, create_accelerator(config, folder), tiny_fold(), 1, folder)
        weights.append(torch.cat([p.detach().flatten() for p in result.model.parameters()]))
        losses.append([record["loss"] for record in result.history])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    # Summation in another order, amplified by Adam's division: far under a learning rate of 1e-3.
    assert (weights[0] - weights[1]).abs().max() < 1e-4


def test_the_history_is_whole_and_told_whatever_the_checkpoints_are(tmp_path, monkeypatch, capsys):
    options = ("--train.checkpoint_every", "2", "--train.eval_every", "2", "--train.on_nonfinite", "skip")
    config = parsed("--train.epochs", "3", "--train.lr", "0.004", "--train.warmup_epochs", "1", *options)
    accelerator, logged, started = create_accelerator(config, tmp_path), [], time.perf_counter()
    monkeypatch.setattr(accelerator, "log", lambda values, step: logged.append((values, step)))
    result = train_fold(config, accelerator, tiny_fold(), 1, tmp_path)
    assert 0 < sum(record["seconds"] for record in result.history) < time.perf_counter() - started
    lines = (tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == result.history and len(lines) == 3
    assert [record["epoch"] for record in result.history] == [1, 2, 3]
    # Of the last step, half an epoch before the end: 1/2, and (1 + cos(π/4)) / 2 and (1 + cos(3π/4)) / 2.
    assert [record["lr"] for record in result.history] == pytest.approx([0.002, 0.0034142, 0.0005858], rel=1e-4)
    names = {"loss", "lr", "accumulation", "test_loss", "test_accuracy", "seconds"}
    assert logged == [
        ({name: record[name] for name in names & set(record)}, record["epoch"]) for record in result.history
    ]
    last = result.history[-1]
    assert f"loss={last['loss']:.3f}, test_accuracy={last['test_accuracy']:.3f}]" in capsys.readouterr().err


def test_processes_exchange_gradients_with_the_last_part_of_a_step(tmp_path, monkeypatch):
    config = parsed("--train.epochs", "1", "--train.accumulation", "4")
    accelerator, order = create_accelerator(config, tmp_path), []
    backward = accelerator.backward
    monkeypatch.setattr(accelerator, "backward", lambda loss: (order.append("backward"), backward(loss)))
    monkeypatch.setattr(accelerator, "no_sync", lambda model: (order.append("alone"), nullcontext())[1])
    train_fold(config, accelerator, tiny_fold(), 1, tmp_path)
    assert order == 2 * [*3 * ["alone", "backward"], "backward"]


class Scaler(torch.amp.GradScaler):
    """As fp16 has it on a GPU."""

    first_scale = 1.0

    def __init__(self):
        super().__init__("cpu", init_scale=self.first_scale)


def test_gradients_are_clipped_without_the_scale_of_fp16(tmp_path, monkeypatch):
    norms, clip = [], training.clip_gradients
    monkeypatch.setattr(training, "clip_gradients", lambda *given: norms.append(clip(*given)) or norms[-1])
    for scale in (1.0, 1024.0):
        monkeypatch.setattr(Scaler, "first_scale", scale)
        folder = tmp_path / str(scale)
        folder.mkdir()
        config = parsed("--train.epochs", "1")
        accelerator = create_accelerator(config, folder)
        accelerator.scaler, accelerator.native_amp, accelerator.state._mixed_precision = Scaler(), True, "fp16"
        train_fold(config, accelerator, tiny_fold(), 1, folder)
    assert norms[2][0] == pytest.approx(norms[0][0].item(), rel=0.05)  # of the first step


def test_a_process_that_is_not_the_first_says_and_writes_nothing(tmp_path, monkeypatch, capsys):
    config = parsed("--train.epochs", "1")
    accelerator = create_accelerator(config, tmp_path)
    monkeypatch.setattr(Accelerator, "is_main_process", property(lambda self: False))
    result = train_fold(config, accelerator, tiny_fold(), 1, tmp_path)
    assert not list(tmp_path.iterdir()) and capsys.readouterr().err == ""
    assert not any(isinstance(part, SyncBatchNorm) for part in result.model.modules())  # of one process


def test_several_processes_share_their_batch_norms(tmp_path, monkeypatch):
    def share(backbone, device):
        raise Cut

    accelerator = create_accelerator(parsed(), tmp_path)
    monkeypatch.setattr(Accelerator, "num_processes", property(lambda self: 2))
    monkeypatch.setattr(training, "synchronize_batch_norm", share)
    with pytest.raises(Cut):
        train_fold(parsed(), accelerator, tiny_fold(), 1, tmp_path)


def test_the_model_is_compiled_as_it_is_chosen(tmp_path, monkeypatch):
    def compile_parts(classifier, mode):
        raise Cut(mode)

    config = parsed("--train.compile", "reduce-overhead")
    monkeypatch.setattr(training, "compile_parts", compile_parts)
    with pytest.raises(Cut, match="reduce-overhead"):
        train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)


def process(rank, n_processes):
    return SimpleNamespace(process_index=rank, num_processes=n_processes, device=torch.device("cpu"))


@pytest.mark.parametrize(("batch_size", "n_parts"), [(8, 1), (8, 2), (16, 1)])
def test_the_parts_of_two_processes_are_together_those_of_one(batch_size, n_parts):
    options = "--train.accumulation", str(n_parts), "--augment.noise_probability", "0.5"
    config, data = parsed("--train.batch_size", str(batch_size), *options), tiny_fold()
    model = build_model(config, 3)

    def taken(rank, n_processes):
        batches = training_batches(config, process(rank, n_processes), model, data, 1, 0)
        return [(waveform, target) for batch in batches for waveform, _, target in batch]

    whole = taken(0, 1)
    for one, *halves in zip(whole, taken(0, 2), taken(1, 2), strict=True):
        for value, parts in zip(one, zip(*halves, strict=True), strict=True):
            torch.testing.assert_close(torch.cat(parts), value)
    assert len(whole) == 16 // batch_size * n_parts and len(whole[0][0]) == batch_size // n_parts


def test_an_epoch_has_a_step_also_of_fewer_clips_than_a_batch():
    data = dataclasses.replace(tiny_fold(), train=np.arange(15))
    for batch_size, expected in ((5, 3), (8, 1), (16, 1), (40, 1)):
        assert steps_per_epoch(parsed("--train.batch_size", str(batch_size)), data) == expected
    config = parsed("--train.batch_size", "16", "--train.accumulation", "2")
    (order,) = epoch_order(config, process(0, 2), data, 1, 0)
    assert len(order) == 12  # which divides into two parts of two processes


def test_the_normalisation_adds_up_the_shares_of_all_processes(monkeypatch):
    model, sums = build_model(parsed(), 3), []
    monkeypatch.setattr(training, "add_up", lambda process, own: (sums.append(own.clone()), own)[1])
    for rank, n_processes in (0, 1), (0, 2), (1, 2):
        training.fit_normalization(process(rank, n_processes), model, tiny_fold())
    whole, first, second = sums
    torch.testing.assert_close(first + second, whole)


def test_the_profiler_is_the_first_process_and_needs_steps_enough(tmp_path):
    on, off = parsed("--train.profile", "true"), parsed()
    first, second = process(0, 2), process(1, 2)
    first.is_main_process, second.is_main_process = True, False
    assert step_profiler(on, first, tmp_path, ALL_STEPS).batch_size == 4
    assert f"the fold has {ALL_STEPS - 1}: raise" in refusal(step_profiler, on, first, tmp_path, ALL_STEPS - 1)
    for config, one in (on, second), (off, first):
        assert isinstance(step_profiler(config, one, tmp_path, ALL_STEPS), nullcontext)


def test_a_loss_that_is_not_finite_is_an_error_and_leaves_no_checkpoint(tmp_path):
    config = parsed("--train.lr", "1e30", "--train.warmup_epochs", "0")
    with pytest.raises(EscGpuError, match="fold 1, epoch ., step . of 2: the loss .*train.lr"):
        train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)


def test_seeds_of_neighbours_differ():
    seeds = {derive_seed(s, f, e, r) for s in range(3) for f in range(3) for e in range(3) for r in range(3)}
    assert len(seeds) == 81


def test_the_normalisation_is_that_of_the_training_clips_only(tmp_path):
    config, data = parsed(), tiny_fold()
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


def test_a_fold_that_was_cut_off_goes_on_with_its_average_and_drops_out_the_same(tmp_path, monkeypatch, capsys):
    """An epoch's dropout follows from its seed: a generator's state is not kept."""
    config = parsed("--train.epochs", "3", "--train.ema_decay", "0.9", "--model.options", "{drop_rate: 0.5}")
    to_profile = []
    monkeypatch.setattr(training, "step_profiler", lambda *given: (to_profile.append(given[-1]), nullcontext())[1])
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir(), cut.mkdir()
    expected = train_fold(config, create_accelerator(config, whole), tiny_fold(), 1, whole)
    steps = iter(range(3))  # two an epoch: the cut comes in the second

    def after_step():
        if next(steps) == 2:
            raise Cut

    with pytest.raises(Cut):
        train_fold(config, create_accelerator(config, cut), tiny_fold(), 1, cut, after_step)
    capsys.readouterr()
    result = train_fold(config, create_accelerator(config, cut), tiny_fold(), 1, cut)
    assert torch.equal(result.logits, expected.logits)
    shown = capsys.readouterr().err
    assert "| 2/6 [" in shown and " 6/6 [" in shown and " 0/6 [" not in shown  # the bar counts the epoch that was done
    assert to_profile == [6, 6, 4]  # steps that are left


def test_the_result_is_the_average_of_the_weights(tmp_path):
    last = parsed()
    averaged = parsed("--train.ema_decay", "0.9")
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
    config = parsed("--augment.crop_seconds", "0.5")
    seen = []
    original = WaveformClassifier.forward

    def forward(self, waveform, alter=None):
        seen.append((self.training, waveform.shape[1]))
        return original(self, waveform, alter)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WaveformClassifier, "forward", forward)
        train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)
    assert set(seen) == {(True, 4000), (False, 8000)}
