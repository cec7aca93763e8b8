"""The one type of a user's mistakes."""

from esc_gpu.errors import EscGpuError


def test_errors_are_value_errors():
    assert issubclass(EscGpuError, ValueError)
