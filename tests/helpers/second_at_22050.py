"""A second of each signal that descriptors of spectra and samples are compared with librosa on."""

import pytest

from tests.helpers import signals

RATE = 22050
SAMPLES = 22051
SIGNALS = ("tone", "chirp", "click", "noise", "square", "silence")


def signal(name):
    """One clip `(T,)` in float64."""
    return signals.signal(name, RATE, SAMPLES)


for_signals = pytest.mark.parametrize("clip_name", SIGNALS)
