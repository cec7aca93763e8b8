"""What every front-end promises: float32 whatever the model around it is in, and float64 when asked."""

import pytest
import torch

from esc_gpu.frontends.full_precision import full_precision
from esc_gpu.frontends.registry import create_frontend
from tests.helpers.clips import close, noise
from tests.helpers.frontend_cases import CASES, SCALED, each


@each(CASES)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_autocast_changes_nothing(case, dtype):
    frontend, waveform = create_frontend(**case), noise()
    expected = frontend(waveform)
    with torch.autocast("cpu", dtype):
        assert torch.equal(frontend(waveform), expected)
        assert torch.equal(frontend(waveform.to(torch.float64)), expected)


@each(CASES)
@pytest.mark.parametrize("lower", ["half", "bfloat16"])
def test_lower_precision_leaves_it_float32(case, lower):
    frontend = create_frontend(**case)
    expected = frontend(noise())
    model = torch.nn.Sequential(frontend, torch.nn.Conv2d(frontend.n_channels, 1, 1))
    getattr(model, lower)()
    assert model[1].weight.dtype.itemsize == 2
    assert torch.equal(frontend(noise()), expected)
    tensors = [*frontend.buffers(), *frontend.parameters()]
    assert {tensor.dtype for tensor in tensors if tensor.is_floating_point()} == {torch.float32}


@each(CASES)
def test_double(case):
    """`.double()` computes in float64 on float32's constants; `.float()` brings the first numbers back."""
    frontend, waveform = create_frontend(**case), noise()
    single = frontend(waveform)
    double = frontend.double()(waveform)
    assert double.dtype == torch.float64
    # Nothing is left of the pass in float32.
    assert torch.equal(double, create_frontend(**case).double()(waveform))
    close(double.float(), single)
    back = frontend.float()(waveform)
    assert back.dtype == torch.float32
    assert torch.equal(back, single)


@each({key: case for key, case in SCALED.items() if case["backend"] == "native"})
def test_double_sums_in_float64(case):
    """Scaled by less than an ulp of float32, the clip gives features scaled by as much."""
    frontend = create_frontend(**case | {"scale": "magnitude"}).double()
    waveform, gain = noise().double(), 1 + 1e-9
    torch.testing.assert_close(frontend(gain * waveform), gain * frontend(waveform), rtol=1e-11, atol=1e-13)


def test_matrix_products_are_exact_whatever_the_caller_allows():
    matmul = torch.backends.cuda.matmul
    for allowed in "high", "highest":
        torch.set_float32_matmul_precision(allowed)
        before = matmul.fp32_precision
        with pytest.raises(ZeroDivisionError), full_precision, full_precision:
            assert matmul.fp32_precision == "ieee"
            raise ZeroDivisionError
        assert (matmul.fp32_precision, torch.get_float32_matmul_precision()) == (before, allowed)


@each({key: case for key, case in CASES.items() if case.get("backend", "native") == "native"})
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_default_dtype_does_not_matter(case, dtype):
    expected = create_frontend(**case)(noise())
    waveform = noise()
    torch.set_default_dtype(dtype)
    try:
        output = create_frontend(**case)(waveform)
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(output, expected)
