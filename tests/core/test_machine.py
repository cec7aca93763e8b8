"""What this machine is good at: precisions that are fast, freed memory that is kept."""

import resource
import sys
from types import SimpleNamespace

import pytest
import torch

from esc_gpu.core.machine import cpu_name, describe_gpu, is_fast, keep_freed_memory
from tests.helpers.workers import run_forked


def write_faults(prepare):
    """How many pages are new to a process for blocks that it has freed before."""
    prepare()
    for _ in range(10):  # blocks that take turns are touched for the first time
        torch.ones(1 << 24)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        torch.ones(1 << 24)  # 64 MB: 16384 pages, which glibc maps anew whatever its threshold has grown to
    sys.stdout.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before))


def nothing():
    pass


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_a_freed_block_is_taken_again_without_new_pages(tmp_path):
    (_, without), (_, with_it) = (
        run_forked(write_faults, prepare, folder=tmp_path) for prepare in (nothing, keep_freed_memory)
    )
    assert int(without) > 5 * int(with_it)


@pytest.mark.parametrize(
    ("device", "precision", "gpu_bf16", "avx512", "amx", "expected"),
    [
        ("cuda", "bf16", True, False, False, True),
        ("cuda", "bf16", False, True, True, False),  # emulated
        ("cuda", "fp16", False, False, False, True),
        ("cpu", "bf16", True, False, False, False),  # a GPU beside it does not help
        ("cpu", "bf16", False, True, False, True),
        ("cpu", "bf16", False, False, True, True),
        ("cpu", "fp16", True, True, True, False),
        ("mps", "bf16", True, True, True, False),
        ("mps", "fp16", True, True, True, False),
        ("xpu", "bf16", True, False, False, True),
        ("xpu", "bf16", False, True, True, False),
        ("xpu", "fp16", False, False, False, True),
    ],
)
def test_a_precision_is_fast_where_the_hardware_multiplies_it(
    monkeypatch, device, precision, gpu_bf16, avx512, amx, expected
):
    for gpu in torch.cuda, torch.xpu:
        monkeypatch.setattr(gpu, "is_bf16_supported", lambda including_emulation: gpu_bf16 or including_emulation)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 0))
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": avx512, "amx_tile": amx})
    assert is_fast(precision, torch.device(device)) is expected


@pytest.mark.parametrize(("capability", "expected"), [((6, 1), False), ((7, 5), True), ((12, 0), True)])
def test_fp16_is_fast_on_gpus_with_units_for_it(monkeypatch, capability, expected):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert is_fast("fp16", torch.device("cuda")) is expected


@pytest.mark.parametrize("kind", ["cuda", "xpu"])
def test_gpus_are_described_by_their_own_module(monkeypatch, kind):
    gpus, properties = getattr(torch, kind), SimpleNamespace(name="A", total_memory=7)
    monkeypatch.setattr("esc_gpu.core.machine.best_device", lambda: torch.device(kind))
    monkeypatch.setattr(gpus, "get_device_properties", lambda number: properties)
    monkeypatch.setattr(gpus, "device_count", lambda: 2)
    assert describe_gpu() == {"name": "A", "memory_bytes": 7, "count": 2}


def test_apples_gpu_is_described_by_the_processor_and_its_share_of_the_memory(monkeypatch):
    monkeypatch.setattr("esc_gpu.core.machine.best_device", lambda: torch.device("mps"))
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 5)
    assert describe_gpu() == {"name": f"{cpu_name()}, MPS", "memory_bytes": 5, "count": 1}


def test_no_gpu_is_described_where_there_is_none(monkeypatch):
    monkeypatch.setattr("esc_gpu.core.machine.best_device", lambda: torch.device("cpu"))
    assert describe_gpu() is None
