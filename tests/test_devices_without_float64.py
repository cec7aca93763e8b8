"""Apple's and Intel's GPUs: a run on a device that has no float64, acted by the CPU, and what is asked of it."""

import json
import os
import sys
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
import torch

from esc_gpu import EscGpuError, create_frontend
from esc_gpu.augment import draws
from esc_gpu.augment.tables import forget
from esc_gpu.cli.main import main
from esc_gpu.data.store import source
from esc_gpu.evaluation.feature_statistics import RunningStatistics
from esc_gpu.frontends.registry import list_backends, list_frontends
from esc_gpu.inference.agreement import Agreement
from esc_gpu.model import normalization
from esc_gpu.model.normalization import Normalization
from esc_gpu.training import accelerator
from esc_gpu.training.accelerator import best_precision
from esc_gpu.training.nonfinite_steps import leaves_out
from tests.helpers.accelerators import create
from tests.helpers.csv_tables import assert_close
from tests.helpers.mps_kernels import without_mps_kernel
from tests.helpers.no_float64 import MPS, mps_is_said, mps_without_float64
from tests.helpers.tiny import OPTIONS, write_tones
from tests.helpers.undrawn import undrawn

NESTED = {"stack": {"members": [{"name": "logmel"}, {"name": "cqt"}]}, "delta": {"member": {"name": "logmel"}}}
NESTED["model_input"] = {"member": {"name": "kaldi_fbank"}}
EVERYTHING = {
    **{f"augment.{name}_probability": 0.5 for name in ("polarity", "noise", "between_class", "cutmix", "erase")},
    **{f"augment.{name}": 0.1 for name in ("speed", "freq_warp", "time_stretch", "filter_std")},
    **{"augment.crop_seconds": 0.5, "augment.equalizer_db": 6, "augment.noise_exponent": "[0, 2]"},
    **{"augment.mixup_alpha": 0.3, "train.ema_decay": 0.9, "train.accumulation": 2, "model.test_shifts": 2},
    **{"train.on_nonfinite": "skip", "train.clip_norm": 1, "model.coordinates": "both", "data.overlap": 0.5},
}


class WideGradient(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        return x.clone()

    @staticmethod
    def backward(context, gradient):
        return gradient.double().float()


FAULTS = {
    "made": lambda x: torch.zeros(2, dtype=torch.float64, device=x.device),
    "moved": lambda x: torch.zeros(2, dtype=torch.float64).to(x.device),
    "moved with its type": lambda x: torch.zeros(2).to(x.device, torch.float64),
    "converted": lambda x: x.double(),
    "computed": lambda x: x.sum(dtype=torch.float64),
    "complex": lambda x: x.to(torch.complex128),
    "of a view": lambda x: x[1:].detach().double(),
    "backward": lambda x: WideGradient.apply(x.clone().requires_grad_()).sum().backward(),
    "of a module": lambda x: torch.nn.Linear(2, 2).to(x.device).double(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_acted_device_refuses_float64(fault):
    with mps_without_float64():
        x = torch.ones(2).to(MPS)
        assert x.device == (x + 1).device == torch.zeros(2, device="mps").device == MPS
        assert x.cpu().double().device.type == "cpu" and x.cpu().double().dtype == torch.float64
        with pytest.raises(TypeError, match="doesn't support float64"):
            FAULTS[fault](x)


def test_the_acted_device_gives_numpy_nothing_and_waits_for_its_copies():
    with mps_without_float64():
        with pytest.raises(TypeError, match="can't convert mps:0 device type tensor to numpy"):
            torch.ones(2, device=MPS).numpy()
        with pytest.raises(RuntimeError, match="after it was freed"):
            torch.ones(2).to(MPS, non_blocking=True)


HARD = {
    "usual": (-40.0, 20.0),
    "mean 1e4 standard deviations away": (100.0, 0.01),
    "Hz": (9000.0, 3000.0),
    "small": (0.0, 1e-5),
}


@pytest.mark.parametrize("per", ["bin", "channel"])
@pytest.mark.parametrize("case", HARD)
def test_statistics_are_those_of_float64(case, per):
    mean, std = HARD[case]
    images = mean + std * torch.randn(20, 2, 8, 50, generator=torch.Generator().manual_seed(0))
    expected, got = Normalization(2, 8, per), Normalization(2, 8, per)
    expected.fit(images.split(8))
    with mps_without_float64():
        got.to(MPS).fit(batch.to(MPS) for batch in images.split(8))
        assert got.mean.device == got.std.device == MPS
        got = got.cpu()
    assert torch.equal(got.mean, expected.mean) and torch.equal(got.std, expected.std)
    axes = (0, 3) if per == "bin" else (0, 2, 3)
    exact = images.numpy().astype(np.float64)
    exact_mean, exact_std = exact.mean(axes, keepdims=True)[0], exact.std(axes, keepdims=True)[0]
    assert (np.abs(got.mean.numpy() - exact_mean) <= 1e-6 * exact_std + 6e-8 * np.abs(exact_mean)).all()
    assert np.allclose(got.std.numpy(), np.broadcast_to(exact_std, got.std.shape), rtol=1e-6, atol=0)


def test_sums_in_float64_on_the_device_are_found(monkeypatch):
    """As they were: it is the CPU's sums that let a training run there."""
    monkeypatch.setattr(normalization, "float64_device", lambda device: device)
    with mps_without_float64(), pytest.raises(TypeError, match="doesn't support float64"):
        Normalization(1, 3, "bin").to(MPS).fit([torch.randn(4, 1, 3, 5).to(MPS)])


def test_a_reports_statistics_are_those_of_float64():
    features = 50 + torch.randn(6, 1, 4, 30, generator=torch.Generator().manual_seed(0))
    labels, clips = np.arange(6) % 2, np.arange(6)
    expected, got = RunningStatistics(2, 6, (1, 4)), RunningStatistics(2, 6, (1, 4))
    expected.update(features, labels, clips)
    with mps_without_float64():
        got.update(features.to(MPS), labels, clips)
    for name in ("means", "spreads", "clip_means"):
        assert np.array_equal(getattr(got.result(), name), getattr(expected.result(), name))


@pytest.mark.parametrize(
    ("name", "backend"), [(name, each) for name in list_frontends() for each in list_backends(name)]
)
def test_a_frontend_asks_for_nothing_that_mps_lacks(name, backend):
    layer = create_frontend(name, backend, input_sample_rate=22050, sample_rate=16000, **NESTED.get(name, {}))
    waveform = torch.randn(2, 22050, generator=torch.Generator().manual_seed(0))
    expected = layer(waveform)
    with mps_without_float64() as memory:
        got = layer.to(MPS)(waveform.to(MPS))
        assert got.device == MPS
        assert torch.equal(got.cpu(), expected)
    assert len(memory.operators) > 5 and not without_mps_kernel(memory.operators)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with two runs with all augmentations, on the CPU and on the device; the operators of the second."""
    folder = tmp_path_factory.mktemp("trained")
    table = write_tones(folder / "tones", lengths=(1.0, 1.6))
    data = ["--data.table", str(table), "--data.cache_dir", str(folder / "cache"), "--folds", "1"]
    options = [str(word) for name, value in EVERYTHING.items() for word in (f"--{name}", value)]

    def train(name, *more):
        return main(["train", *OPTIONS, *data, *options, "--output_dir", str(folder / name), *more])

    forget()
    with undrawn():
        assert train("cpu", "--train.folds_at_once", "1") == 0
        # Numbers drawn ahead are others than the CPU's: here each is drawn when it is asked for.
        with mps_without_float64() as memory, mock.patch.object(draws, "AHEAD", 1):
            assert train("mps") == 0
            forget()
    return folder, memory.operators


def history(fold):
    lines = (fold / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "seconds"} for line in lines]


def test_a_run_there_learns_what_it_learns_on_the_cpu(trained):
    folder, _ = trained
    there, here = (folder / name / "fold1" for name in ("mps", "cpu"))
    assert history(there) == history(here)
    assert_close(there, here, 2e-6)  # a GPU's averaged weights are rounded otherwise: the last of six decimals


def test_a_run_asks_for_no_operator_that_mps_lacks(trained):
    _, operators = trained
    assert {"aten.convolution_backward.default", "aten._fused_adamw_.default", "aten._fft_r2c.default"} < operators
    assert not without_mps_kernel(operators)


def test_an_operator_that_mps_lacks_is_found():
    with mps_without_float64() as memory:
        torch.linalg.eig(torch.eye(2, device=MPS))
    assert without_mps_kernel(memory.operators) == ["aten.linalg_eig.default"]


@pytest.mark.parametrize("command", [["report", "--audio", "no"], ["predict", "--timeline"]])
def test_a_run_is_looked_at_there(trained, capsys, command):
    folder, _ = trained
    run, recording = str(folder / "mps"), str(folder / "tones" / "1.wav")
    name, *options = command
    with undrawn(), mps_without_float64() as memory:
        assert main([name, *options, *([run] if name == "report" else ["--model", run, recording])]) == 0
    assert "aten.convolution.default" in memory.operators and not without_mps_kernel(memory.operators)


def test_what_needs_no_gpu_stays_on_the_cpu(trained, monkeypatch):
    run, exported = str(trained[0] / "mps"), []

    def write(pipeline, file, format, clips, progress, **form):
        file.touch()
        exported.append((pipeline.device.type, pipeline(clips).shape))
        return Agreement(len(clips), 0.0, 0, 0, (), 0.0)

    monkeypatch.setattr("esc_gpu.inference.export.export", write)
    with undrawn(), mps_is_said():
        with pytest.raises(RuntimeError, match="not linked with support for mps"):
            torch.ones(2).to(MPS)
        assert main(["evaluate", run]) == main(["export", run, "--clips", "2", "--format", "torch"]) == 0
    assert exported == [("cpu", (2, 3))]


def test_steps_that_the_device_would_take_all_the_same_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(accelerator, "leaves_out", lambda device: False)
    with mps_without_float64():
        create(tmp_path)
        for option, value in ("train.on_nonfinite", "skip"), ("train.mixed_precision", "fp16"):
            with pytest.raises(EscGpuError, match=f"^{option}={value} leaves out steps .* on mps: leave") as refused:
                create(tmp_path, f"--{option}", value)
            assert "\n" not in str(refused.value)


def test_a_device_that_takes_a_step_to_be_left_out_is_found(monkeypatch):
    """As Apple's MPS before it looked at `found_inf`."""
    cpu, adamw = torch.device("cpu"), torch.optim.AdamW
    assert leaves_out(cpu)

    class Deaf(adamw):
        def step(self):
            del self.found_inf
            super().step()

    monkeypatch.setattr(torch.optim, "AdamW", Deaf)
    assert not leaves_out(cpu)


def test_auto_is_float32_on_mps(tmp_path):
    with mps_without_float64():
        assert best_precision() == create(tmp_path).mixed_precision == "no"
        assert create(tmp_path).device == MPS


@pytest.mark.parametrize("has_bf16", [True, False])
def test_auto_on_xpu_is_what_torch_says_of_it(monkeypatch, has_bf16):
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda check_available=False: torch.device("xpu"))
    monkeypatch.setattr(torch.xpu, "is_bf16_supported", lambda including_emulation: has_bf16 or including_emulation)
    assert best_precision() == ("bf16" if has_bf16 else "no")


GB = 10**9


@pytest.mark.parametrize(
    ("available", "recommended", "taken", "expected"),
    [
        (6 * GB, 8 * GB, GB, 2**32 - 1),
        (6 * GB, 4 * GB, GB, 3 * GB),
        (2 * GB, 8 * GB, GB, 2 * GB),
        (2 * GB, GB, 3 * GB, 0),
    ],
)
def test_an_array_on_mps_has_a_share_of_the_main_memory(monkeypatch, available, recommended, taken, expected):
    monkeypatch.setattr(source.psutil, "virtual_memory", lambda: SimpleNamespace(available=available))
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: recommended)
    monkeypatch.setattr(torch.mps, "driver_allocated_memory", lambda: taken)
    assert source.free_memory(MPS) == expected


def test_memory_of_xpu_is_what_torch_says(monkeypatch):
    monkeypatch.setattr(torch.xpu, "mem_get_info", lambda device: (3 * GB, 8 * GB))
    assert source.free_memory(torch.device("xpu")) == 3 * GB


@pytest.mark.parametrize("residence", ["device", "stream"])
def test_batches_arrive_whole(residence):
    clips = np.random.default_rng(0).integers(-(2**15), 2**15, (24, 100)).astype(np.int16)
    index = [np.arange(start, start + 8) for start in (16, 0, 8)]
    with mps_without_float64():
        batches = source.WaveformSource(clips, MPS, residence).batches(index)
        for (batch, there), numbers in zip(batches, index, strict=True):
            assert batch.device == there.device == MPS
            assert np.array_equal(batch.cpu().numpy(), clips[numbers]) and np.array_equal(there.cpu().numpy(), numbers)


FALLBACK = "PYTORCH_ENABLE_MPS_FALLBACK"


@pytest.mark.parametrize(
    ("system", "before", "after"), [("darwin", None, "1"), ("darwin", "0", "0"), ("linux", None, None)]
)
def test_on_a_mac_a_backbones_other_operators_run_on_the_cpu(monkeypatch, capsys, system, before, after):
    monkeypatch.setenv(FALLBACK, before or "1")
    if before is None:
        monkeypatch.delenv(FALLBACK)
    monkeypatch.setattr(sys, "platform", system)
    assert main(["configs"]) == 0
    assert os.environ.get(FALLBACK) == after
