"""Clips, and the folder for their store."""

import pytest

from tests.helpers.stores import noise, write


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def clips(tmp_path):
    """Three clips of white noise, 1 s each."""
    return [write(tmp_path / f"{name}.wav", noise(seed)) for seed, name in enumerate("cab")]
