"""Which device is taken, and what the devices that are neither a CPU nor CUDA's do not have."""

import torch

CPU = torch.device("cpu")


def best_device() -> torch.device:
    """The GPU that Accelerate, too, takes by itself (CUDA, Apple's MPS, Intel's XPU); the CPU where there is none."""
    return torch.accelerator.current_accelerator(check_available=True) or CPU


def float64_device(device: torch.device) -> torch.device:
    """Where sums in float64 are made of what is on the device: the CPU, unless the device is sure to have float64.

    Apple's MPS has no float64, and neither has many a GPU of Intel's.
    """
    return device if device.type in ("cpu", "cuda") else CPU
