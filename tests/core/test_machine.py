"""What this machine is good at: precisions that are fast, freed memory that is kept."""

import resource
import sys

import pytest
import torch

from esc_gpu.core.machine import is_fast, keep_freed_memory
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
    ],
)
def test_a_precision_is_fast_where_the_hardware_multiplies_it(
    monkeypatch, device, precision, gpu_bf16, avx512, amx, expected
):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: gpu_bf16 or including_emulation)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": avx512, "amx_tile": amx})
    assert is_fast(precision, torch.device(device)) is expected
