"""Windows: scipy's, without loading it for the common ones."""

import numpy as np
import pytest
import scipy.signal

from esc_gpu.frontends.windows import COSINES, get_window


@pytest.mark.parametrize("name", [*COSINES, "blackman", "boxcar"])
@pytest.mark.parametrize("length", [1, 2, 3, 400, 441, 1024, 2048, 80_001])
def test_it_is_scipys_to_the_bit(name, length):
    assert np.array_equal(get_window(name, length), scipy.signal.get_window(name, length))


def test_a_name_that_scipy_does_not_know():
    with pytest.raises(ValueError, match="hanning"):
        get_window("hanning", 512)
