"""A tiny config, and the Accelerator for it."""

import pytest

from esc_gpu.training.accelerator import create_accelerator
from tests.helpers.tiny import parsed


@pytest.fixture
def config():
    return parsed()


@pytest.fixture
def accelerator(config, tmp_path):
    return create_accelerator(config, tmp_path)
