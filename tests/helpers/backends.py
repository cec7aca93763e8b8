"""The backends that tests go through: those of torchaudio are skipped where it is not installed."""

import importlib.util

import pytest

HAS_TORCHAUDIO = importlib.util.find_spec("torchaudio") is not None
needs_torchaudio = pytest.mark.skipif(not HAS_TORCHAUDIO, reason="torchaudio is not installed")


def needs(backend):
    """The marks of a test of this backend."""
    return [needs_torchaudio] if backend == "torchaudio" else []


def each_backend(*backends):
    return pytest.mark.parametrize("backend", [pytest.param(backend, marks=needs(backend)) for backend in backends])
