"""Which precisions are fast where."""

import pytest
import torch

from esc_gpu.core.machine import is_fast


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
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    assert is_fast(precision, torch.device(device)) is expected
