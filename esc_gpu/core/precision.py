"""Which lower precisions a device is fast in."""

import torch

AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


def is_fast(precision: str, device: torch.device) -> bool:
    """Whether the hardware multiplies in `precision`, "bf16" or "fp16": emulated it is far slower than float32."""
    if device.type == "cuda":
        return precision == "fp16" or torch.cuda.is_bf16_supported(including_emulation=False)
    has_bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return precision == "bf16" and device.type == "cpu" and has_bf16
