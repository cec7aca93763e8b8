"""Every front-end agrees with its reference in float64."""

import numpy as np
import pytest
import torch

from benchmarks.common.difference import relative_error
from benchmarks.exactness.float64_references import reference
from benchmarks.exactness.frontend_errors import LIMIT, LOOSE
from esc_gpu import EscGpuError, create_frontend, list_frontends
from tests.helpers.comparable_frontends import LOGMEL, noise, small


@pytest.mark.parametrize("name", list_frontends())
def test_a_frontend_agrees_with_its_reference(name):
    frontend, clips = small(name), noise()
    expected = reference(frontend, clips)
    assert expected.dtype == np.float64
    assert expected.shape == (2, *frontend.output_shape(clips.shape[1]))
    with torch.no_grad():
        got = frontend(torch.from_numpy(clips)).double().numpy()
    assert relative_error(got, expected) < LOOSE.get(name, LIMIT)


def test_decibels_of_a_reference_are_of_each_clip():
    clips = noise() * np.array([[1], [1e-3]], dtype=np.float32)
    frontend = create_frontend(**LOGMEL, top_db=20.0)
    expected = reference(frontend, clips)
    assert (expected.max(axis=(1, 2, 3)) - expected.min(axis=(1, 2, 3)) <= 20 + 1e-9).all()


def test_a_frontend_without_a_reference_is_named():
    frontend = small("rms")
    frontend.name = "loudness"
    with pytest.raises(EscGpuError, match="no float64 reference of loudness"):
        reference(frontend, noise())
