"""What every front-end promises: a tone is in its bin, and a click in its frame."""

import math

import pytest
import torch

from esc_gpu.frontends.registry import create_frontend
from tests.helpers.clips import RATE, SAMPLES, tone
from tests.helpers.frontend_cases import BANDED, SINGLE, each


@each(BANDED)
@pytest.mark.parametrize("share", [0.15, 0.4, 0.65, 0.9])
def test_a_tone_lands_in_its_bin(case, share):
    frontend = create_frontend(**case)
    assert frontend.bin_unit == "Hz"
    k = math.floor(share * len(frontend.frequencies))
    output = frontend(tone(frontend.frequencies[k].item()))[0, 0]
    middle = output[:, output.shape[-1] // 2]
    assert middle.argmax() == k


@each(BANDED | {key: case for key, case in SINGLE.items() if case["name"] in ("mfcc", "lfcc", "gfcc")})
@pytest.mark.parametrize("n", [13, 25, 36])
def test_a_click_lands_in_its_frame(case, n):
    frontend = create_frontend(**case)
    click = torch.zeros(1, SAMPLES)
    click[0, n * frontend.hop_length] = 0.5
    output = frontend(click)[0, 0]
    # The first coefficient of the MFCC is the mean over the bands.
    loudness = output[0] if frontend.bin_unit == "coefficient" else output.sum(dim=0)
    assert loudness.argmax() == n
    assert frontend.times(n + 1)[n] == pytest.approx(n * frontend.hop_length / RATE)
