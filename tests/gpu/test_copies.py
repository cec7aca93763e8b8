"""Copies that nobody wrote: ATen makes them where cuBLAS cannot read an operand, and of overlapping frames."""

import pytest
import torch

from benchmarks.common.launches import fits_cublas
from esc_gpu import create_frontend
from tests.helpers.fake_cuda import asked, fake_cuda, faked
from tests.helpers.frontend_cases import CASES, MEL, each

CLIPS, SAMPLES = 8, 3 * 16000
MOST = 4  # times the waveform
RESAMPLED = {"name": "logmel", **MEL, "input_sample_rate": 32000}


def hidden_share(call, waveform):
    """Bytes of the hidden copies of a call, in waveforms of float32."""
    return asked(lambda: call(waveform)).hidden / (4 * waveform.numel())


@each(CASES | {"resampled-native": RESAMPLED})
def test_a_front_end_hides_few_copies(case):
    layer = create_frontend(**case)
    with fake_cuda() as mode, torch.no_grad():
        there, waveform = faked(layer, mode), torch.empty(CLIPS, SAMPLES, device="cuda")
        there(waveform)  # the tables for this length
        assert hidden_share(there, waveform) <= MOST


FAULTS = {
    "overlapping frames": lambda x: x.unfold(-1, 512, 16) @ x[0, :512, None].expand(-1, 64),
    "folded frames": lambda x: x.unfold(-1, 512, 16) @ x[0, : 512 * 64].view(512, 64),
    "each second column": lambda x: x.view(CLIPS, -1, 8).repeat(1, 16, 1)[..., ::2] @ x[0, :16].view(4, 4),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_hidden_copy_is_found(fault):
    with fake_cuda(), torch.no_grad():
        assert hidden_share(FAULTS[fault], torch.empty(CLIPS, SAMPLES, device="cuda")) > MOST


@pytest.mark.parametrize(
    ("strides", "fits"),
    [
        ((8, 1), True),
        ((16, 1), True),
        ((1, 4), True),
        ((1, 9), True),
        ((4, 1), False),
        ((1, 2), False),
        ((16, 2), False),
    ],
)
def test_cublas_reads_dense_rows_or_columns_that_do_not_overlap(strides, fits):
    assert fits_cublas(torch.empty(200).as_strided((4, 8), strides)) == fits
