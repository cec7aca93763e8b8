"""The fused front-ends where they cannot fuse, which is anywhere without a GPU: the native numbers."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from esc_gpu.frontends.registry import create_frontend

WAVEFORM = torch.rand(2, 8000, generator=torch.Generator().manual_seed(0)) - 0.5


@pytest.mark.parametrize("name", ["logmel", "mfcc"])
@pytest.mark.parametrize("options", [{}, {"n_fft": 1000}, {"scale": "power"}])
def test_it_falls_back_by_itself(name, options):
    if name == "mfcc":
        options = {key: value for key, value in options.items() if key != "scale"}
    fused, native = (create_frontend(name, backend, **options) for backend in ("triton", "native"))
    assert not fused.fuses(WAVEFORM)
    assert (fused.unfit is None) == ("n_fft" not in options)
    for waveform in (WAVEFORM, (WAVEFORM * 32767).to(torch.int16)):
        assert torch.equal(fused(waveform), native(waveform))


def test_auto_does_not_take_it():
    assert create_frontend("logmel").backend == create_frontend("mfcc").backend == "native"


SCRIPT = """
import torch
from esc_gpu.frontends import create_frontend, fused

options = {"sample_rate": 16000, "n_fft": 256, "hop_length": 100, "n_mels": 20}
waveform = torch.rand(2, 1000, generator=torch.Generator().manual_seed(0)) - 0.5
int16 = (waveform * 32767).to(torch.int16)
launched = []
launch = fused.FusedMel.launch
fused.FusedMel.launch = lambda self, clips, decibels: launched.append(clips.dtype) or launch(self, clips, decibels)
for name, more in (("logmel", {}), ("logmel", {"scale": "power"}), ("mfcc", {"n_mfcc": 13})):
    native = create_frontend(name, "native", **options, **more)
    layer = create_frontend(name, "triton", **options, **more)
    layer.on_tensor_cores = True  # as on a GPU: the interpreter takes the CPU's tensors
    for clips in (waveform, int16):
        torch.testing.assert_close(layer(clips), native(clips), rtol=1e-4, atol=1e-3)
assert launched == [torch.float32, torch.int16] * 3, launched
clips = waveform.clone().requires_grad_()
layer(clips).sum().backward()
assert clips.grad.any() and len(launched) == 6

more = {"logmel": {}, "mfcc": {"n_mfcc": 13}}
members = [{"name": name, "backend": "triton", **options, **more[name]} for name in more]
stack = create_frontend("stack", sample_rate=16000, members=members)
for member in stack.layers:
    member.on_tensor_cores = True
stack(waveform)
assert len(launched) == 7, "two members, one kernel"
"""


def test_it_runs_the_kernel_where_it_can():
    """In Triton's interpreter, which has to be chosen before the kernel is imported."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[2],
        env={"TRITON_INTERPRET": "1", "PATH": "", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
