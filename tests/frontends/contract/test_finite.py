"""What every front-end promises: finite features and right gradients, of silence, clicks and any level."""

import pytest
import torch

from esc_gpu.frontends.registry import create_frontend
from tests.helpers.clips import extremes, finite_on_extremes, noise
from tests.helpers.frontend_cases import CASES, COUNTING, NATIVE, SCALED, each


@each({key: case for key, case in NATIVE.items() if case["name"] not in COUNTING})
def test_the_gradient_is_that_of_the_numbers(case):
    """In float64, along random directions, at a clip without silence."""
    generator = torch.Generator().manual_seed(3)
    frontend = create_frontend(**case).double()
    if "n_fft" in case:
        frontend = create_frontend(**case | {"n_fft": 128, "hop_length": 64}).double()
    n_samples = max(frontend.min_samples, 400)
    clip = (torch.rand(1, n_samples, dtype=torch.float64, generator=generator) - 0.5).requires_grad_()
    assert torch.autograd.gradcheck(frontend, clip, eps=1e-7, atol=1e-3, rtol=1e-3, fast_mode=True)


@each(CASES)
def test_finite_on_extremes(case):
    assert finite_on_extremes(create_frontend(**case))


@each(SCALED)
@pytest.mark.parametrize("scale", ["db", "power", "magnitude"])
def test_finite_gradient_through_extremes(case, scale):
    waveform = extremes().requires_grad_()
    output = create_frontend(**case | {"scale": scale})(waveform)
    assert output.isfinite().all()
    output.sum().backward()
    assert waveform.grad.isfinite().all()
    assert waveform.grad[2:].any()


@each({key: case for key, case in CASES.items() if key not in SCALED})
def test_finite_gradient_through_extremes_in_decibels(case):
    waveform = extremes().requires_grad_()
    create_frontend(**case)(waveform).square().sum().backward()
    assert waveform.grad.isfinite().all()
    assert waveform.grad[2:].any() == (case["name"] not in COUNTING)


LEVELS = torch.tensor([10.0**n for n in range(-12, 13, 3)])  # 0 dB is full scale
SCALE_INVARIANT = {"chroma", "chroma_cqt", "spectral_centroid", "spectral_bandwidth", "spectral_rolloff"} | {
    "spectral_contrast",
    "zero_crossing_rate",
}


@each(
    CASES
    | {f"{key}-{scale}": case | {"scale": scale} for key, case in SCALED.items() for scale in ("power", "magnitude")}
)
def test_finite_at_every_level_and_what_knows_no_level_stays_as_it_is(case):
    waveform = (noise(1) * LEVELS[:, None]).requires_grad_()
    output = create_frontend(**case)(waveform)
    output.sum().backward()
    assert output.isfinite().all() and waveform.grad.isfinite().all()
    if case["name"] in SCALE_INVARIANT:
        usual = (LEVELS >= 1e-6) & (LEVELS <= 1e6)  # further down are the floors of the definitions
        expected = output[LEVELS == 1].expand_as(output[usual])
        assert (output[usual] - expected).norm() <= 1e-5 * expected.norm()


@each(CASES)
def test_gradient_after_inference_mode(case):
    frontend = create_frontend(**case)
    with torch.inference_mode():
        expected = frontend(noise())
    waveform = noise().requires_grad_()
    output = frontend(waveform)
    output.sum().backward()
    assert torch.equal(output, expected)
    assert waveform.grad.isfinite().all()
