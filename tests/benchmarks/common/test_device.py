"""The CPU answers what CUDA's device is asked."""

import inspect

import pytest
import torch

from benchmarks.common.device import Cpu, Cuda, find_device


def public(kind):
    return {
        name: inspect.signature(value) if callable(value) else None
        for name, value in vars(kind).items()
        if not name.startswith("_") and name != "device"
    }


def test_both_have_the_same_methods():
    assert public(Cpu) == public(Cuda) and len(public(Cpu)) == 7
    assert Cpu.device.type == "cpu" and Cuda.device.type == "cuda"


def test_what_the_cpu_answers():
    cpu, kept = Cpu(), []
    assert cpu.synchronize() is None and cpu.memory() == {} and cpu.name == "cpu"
    assert cpu.utilization() is None and cpu.watts() is None
    assert cpu.seconds(lambda: kept.append(torch.zeros(10))) > 0 and len(kept) == 1
    assert cpu.peak_bytes(lambda: kept.append(torch.zeros(1000))) == 4000


class Event:
    """An event of a made-up CUDA, a millisecond and a half after the one before."""

    now = 0.0

    def __init__(self, enable_timing):
        assert enable_timing

    def record(self):
        Event.now += 1.5
        self.at = Event.now

    def synchronize(self):
        pass

    def elapsed_time(self, other):
        return other.at - self.at


def test_what_cuda_is_asked(monkeypatch):
    said = {
        "get_device_name": "NVIDIA H200",
        "memory_allocated": 100,
        "memory_reserved": 300,
        "max_memory_allocated": 250,
        "utilization": 80,
        "power_draw": 450_000,
    }
    for name, value in said.items():
        monkeypatch.setattr(torch.cuda, name, lambda value=value: value)
    asked = []
    for name in ("synchronize", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, lambda name=name: asked.append(name))
    monkeypatch.setattr(torch.cuda, "Event", Event)
    cuda = Cuda()
    assert cuda.name == "NVIDIA H200" and cuda.memory() == {"allocated_bytes": 100, "reserved_bytes": 300}
    assert cuda.utilization() == 80 and cuda.watts() == 450
    assert cuda.seconds(lambda: None) == pytest.approx(1.5e-3)
    assert cuda.peak_bytes(lambda: asked.append("call")) == 150
    assert asked == ["synchronize", "reset_peak_memory_stats", "call", "synchronize"]


def test_a_driver_that_does_not_tell_is_no_error(monkeypatch):
    def raise_error():
        raise RuntimeError("no NVML")

    monkeypatch.setattr(torch.cuda, "power_draw", raise_error)
    assert Cuda().watts() is None


@pytest.mark.parametrize(("available", "kind"), [(True, Cuda), (False, Cpu)])
def test_cuda_is_taken_where_it_is(monkeypatch, available, kind):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert isinstance(find_device(), kind)
