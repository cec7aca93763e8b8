"""What several tests of the model use."""

import pytest
import torch

from tests.helpers.small_model import RATE


@pytest.fixture
def waveform():
    """Six clips of a second of noise."""
    return 0.1 * torch.randn(6, RATE, generator=torch.Generator().manual_seed(0))
