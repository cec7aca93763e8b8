"""Which device is taken, and where float64 is."""

import pytest
import torch

from esc_gpu.core.device import best_device, float64_device


@pytest.mark.parametrize("name", ["cuda", "mps", "xpu", None])
def test_the_gpu_is_taken_where_there_is_one(monkeypatch, name):
    gpu = None if name is None else torch.device(name)
    asked = []
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda check_available: asked.append(check_available) or gpu
    )
    assert best_device() == torch.device(name or "cpu")
    assert asked == [True]  # a PyTorch made for CUDA names it on machines without a GPU, too


@pytest.mark.parametrize(
    ("device", "expected"), [("cpu", "cpu"), ("cuda:1", "cuda:1"), ("mps", "cpu"), ("xpu:0", "cpu"), ("hpu", "cpu")]
)
def test_float64_is_on_the_cpu_unless_the_device_is_sure_to_have_it(device, expected):
    assert float64_device(torch.device(device)) == torch.device(expected)
