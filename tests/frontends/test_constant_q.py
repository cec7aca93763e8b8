"""The plans that a constant-Q transform keeps for the lengths of its clips."""

import pytest
import torch

from esc_gpu.frontends.registry import create_frontend, list_backends
from tests.helpers.clips import close, noise
from tests.helpers.frontend_cases import LONG_CQT
from tests.helpers.one_line import assert_refused


def test_replicas_of_a_cqt_make_plans_of_their_own():
    """As DataParallel's on another device; here one in float64."""
    frontend = create_frontend(**LONG_CQT, name="cqt")
    expected = frontend(noise())
    replica = frontend._replicate_for_data_parallel()
    replica._buffers = {name: buffer.double() for name, buffer in frontend._buffers.items()}
    close(replica(noise()).float(), expected)
    assert torch.equal(frontend(noise()), expected)


def test_a_cqt_loses_no_plan_to_another_thread(monkeypatch):
    """Its plan is thrown away between its making and its use."""
    frontend = create_frontend(**LONG_CQT, name="cqt")
    expected = frontend(noise())
    rfft = torch.fft.rfft
    monkeypatch.setattr(torch.fft, "rfft", lambda *args, **kwargs: (frontend._plans.clear(), rfft(*args, **kwargs))[1])
    assert torch.equal(frontend(noise()), expected)


@pytest.mark.parametrize("backend", list_backends("cqt"))
def test_cqt_above_the_nyquist_frequency(backend):
    options = {"sample_rate": 16000, "fmin": 500.0, "n_bins": 50, "hop_length": 160}
    assert_refused(lambda: create_frontend("cqt", backend, **options), "n_bins=50", "8476 Hz", "8000 Hz", "lower")
    create_frontend("cqt", backend, **options | {"n_bins": 49})  # exactly 8000 Hz


def test_cqt_keeps_the_spectra_of_few_clip_lengths():
    layer = create_frontend("cqt", sample_rate=8000, fmin=50.0, n_bins=12, hop_length=256)
    for n_samples in range(4000, 4000 + 20 * 256, 256):
        layer(torch.zeros(1, n_samples))
    assert 1 <= len(layer._plans) <= 8
