"""Training, evaluation and prediction on a CUDA device that holds no data: no step waits or copies."""

import dataclasses

import pytest
import torch

from benchmarks.common.launches import Launches
from esc_gpu.inference.pipeline import Pipeline
from esc_gpu.training import scoring
from esc_gpu.training.build_model import build_model
from esc_gpu.training.loop import train_step, training_batches
from esc_gpu.training.optimizer import create_optimizer
from esc_gpu.training.tensor_lists import on_the_host, tensors_in
from esc_gpu.training.weight_average import WeightAverage
from tests.helpers.clips import noise
from tests.helpers.fake_cuda import CUDA, accelerator_on_cuda, fake_cuda, faked, hindrances
from tests.helpers.tiny import RATE, parsed
from tests.helpers.tiny_fold import tiny_fold

EVERYTHING = (
    *("--augment.noise_probability", "0.5", "--augment.cutmix_probability", "0.5", "--augment.speed", "0.1"),
    *("--augment.equalizer_db", "6", "--augment.filter_std", "0.1", "--augment.erase_probability", "0.5"),
    *("--model.coordinates", "both"),
)
CASES = {
    "float32": (),
    "fp16": ("--train.mixed_precision", "fp16"),
    "all": (
        *(*EVERYTHING, "--train.mixed_precision", "bf16", "--train.accumulation", "2", "--train.ema_decay", "0.9"),
        *("--train.on_nonfinite", "skip", "--train.clip_norm", "1"),
    ),
    "learnt kernels": ("--frontend.backend", "nnaudio", "--frontend.trainable_stft", "true"),
}


def fold_on(mode, data):
    """A fold, its clips and labels on the device."""
    data.source.resident = mode.from_tensor(data.source.resident).to("cuda")
    data.source.device = CUDA
    return dataclasses.replace(data, labels=mode.from_tensor(data.labels).to("cuda"))


def steps(case, folder, change=lambda model: None):
    """What each of three steps is hindered by; the first one loads tables and makes the optimiser's state."""
    config = parsed(*CASES[case], "--train.batch_size", "4")
    built, data = build_model(config, 3), tiny_fold()
    built.fit_normalization(noise(4, RATE))
    with fake_cuda() as mode, accelerator_on_cuda(config, folder) as accelerator:
        classifier = faked(built, mode)
        change(classifier)
        optimizer = create_optimizer(classifier, 1e-3, 1e-5, 0.05)
        average = WeightAverage(classifier, config.train.ema_decay)
        model, optimizer = accelerator.prepare(classifier, optimizer)
        model.train()

        def backward(loss):
            assert loss.device.type == "cuda"
            if accelerator.scaler is not None:
                accelerator.scaler.scale(loss)
            for parameter in classifier.parameters():
                if parameter.requires_grad:
                    parameter.grad = torch.empty_like(parameter)

        accelerator.backward = backward
        skips, data = config.train.on_nonfinite == "skip", fold_on(mode, data)
        batches = training_batches(config, accelerator, classifier, data, 1, 0)

        def step():
            parts = next(batches)
            loss, is_finite = train_step(
                accelerator, model, optimizer, parts, config.train.accumulation, config.train.clip_norm, skips, True
            )
            assert loss.device.type == is_finite.device.type == "cuda"
            average.update(is_finite if skips else None)

        return [hindrances(step) for _ in range(3)]


@pytest.mark.parametrize("case", CASES)
def test_no_step_waits_or_copies(tmp_path, case):
    first, second, third = steps(case, tmp_path)
    assert second == third == []
    assert "_to_copy: cpu -> cuda" in first  # the numbers of an epoch's clips


def test_a_model_that_waits_in_each_step_is_found(tmp_path):
    def change(model):
        model.backbone.register_forward_pre_hook(lambda module, images: images if images[0].sum() > 0 else None)

    assert all(steps("float32", tmp_path, change))


def test_a_model_that_copies_in_each_step_is_found(tmp_path):
    def change(model):
        model.backbone.register_forward_pre_hook(lambda module, images: (images[0] * torch.ones(1).to(CUDA),))

    assert all("_to_copy: cpu -> cuda" in found for found in steps("float32", tmp_path, change))


def test_a_backward_pass_waits_for_nothing(tmp_path):
    """On fake tensors of the CPU: autograd's engine would ask CUDA for a context."""
    config = parsed("--train.clip_norm", "1")
    built = build_model(config, 3)
    built.fit_normalization(noise(4, RATE))
    with fake_cuda() as mode:
        model = faked(built, mode, "cpu").train()
        with Launches("cpu") as counted:
            model(torch.empty(8, RATE)).sum().backward()
        assert counted.total.waits == [] and counted.total.operations["convolution_backward"] > 5


def test_a_checkpoint_copies_each_type_of_number_once(tmp_path):
    config = parsed("--train.ema_decay", "0.9")
    built = build_model(config, 3)
    built.fit_normalization(noise(4, RATE))
    with fake_cuda() as mode, accelerator_on_cuda(config, tmp_path):
        classifier = faked(built, mode)
        optimizer = create_optimizer(classifier, 1e-3, 1e-5, 0.05)
        for parameter in classifier.parameters():
            parameter.grad = torch.empty_like(parameter)
        optimizer.step()
        state = {"model": classifier.state_dict(), "optimizer": optimizer.state_dict()}
        state["average"] = WeightAverage(classifier, config.train.ema_decay).state_dict()
        assert len(tensors_in(state)) > 50
        found = hindrances(lambda: on_the_host(state))
    assert found == ["_to_copy: cuda -> cpu"] * 2 * 2  # float32 and int64; each copied, and waited for


def test_an_evaluation_copies_its_logits_once(tmp_path, monkeypatch):
    monkeypatch.setattr(scoring, "check_logits", lambda logits, data: None)
    monkeypatch.setattr(scoring, "average_over_windows", lambda logits, recordings, outputs: logits)
    config = parsed("--train.mixed_precision", "bf16", "--model.test_shifts", "2")
    built, data = build_model(config, 3), tiny_fold()
    built.fit_normalization(noise(4, RATE))
    with fake_cuda() as mode, accelerator_on_cuda(config, tmp_path) as accelerator:
        model = accelerator.prepare(faked(built, mode))
        data = fold_on(mode, data)
        found = hindrances(lambda: scoring.predict(accelerator, model, data))
    assert sorted(found) == ["_to_copy: cpu -> cuda", *["_to_copy: cuda -> cpu"] * 2]  # numbers; logits, waited for


@pytest.mark.parametrize("precision", ["no", "bf16", "fp16"])
def test_a_prediction_copies_its_clips_and_no_more(precision):
    model = build_model(parsed(), 3)
    model.fit_normalization(noise(4, RATE))
    pipeline = Pipeline(model, ["a", "b", "c"], 1.0, precision=precision)
    with fake_cuda() as mode, torch.no_grad():
        there = faked(pipeline, mode)
        clips = torch.empty(4, RATE, dtype=torch.int16)
        assert there(clips.to("cuda")).dtype == torch.float32
        assert hindrances(lambda: there(clips.to("cuda"))) == ["_to_copy: cpu -> cuda"] * 2  # copied, waited for
        inside = clips.to("cuda")
        assert hindrances(lambda: there(inside)) == []
