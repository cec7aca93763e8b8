"""Random erasing: one rectangle of the area and aspect asked for, inside the image."""

import math

import pytest
import torch

from esc_gpu.augment.erasing import draw_erasing
from tests.helpers.draws import seeded

SIZE = (64, 216)


def sides(hidden):
    """Heights and widths of the hidden rectangles `(B, 1, F, N)`, once each is found to be one."""
    bins, frames = hidden[:, 0].any(dim=2), hidden[:, 0].any(dim=1)
    assert torch.equal(hidden[:, 0], bins[:, :, None] & frames[:, None, :])
    for line in bins, frames:
        assert (line[:, :1].int().sum(dim=1) + (line[:, 1:] & ~line[:, :-1]).sum(dim=1)).max() <= 1
    return bins.sum(dim=1), frames.sum(dim=1)


@pytest.mark.parametrize("area_share", [(0.02, 0.33), (0.1, 0.1), (0.5, 0.9), (1.0, 1.0)])
@pytest.mark.parametrize("size", [SIZE, (10, 1000), (300, 20)])
def test_the_area_is_uniform_in_its_range_whatever_fits(area_share, size):
    height, width = sides(draw_erasing(500, size, 1.0, area_share, 0.3, seeded()).hidden)
    # A side of x cells has x - 1 to x + 1 middles inside.
    slack = (height + width + 1) / (size[0] * size[1])
    share = height * width / (size[0] * size[1])
    low, high = area_share
    assert (share >= low - slack).all() and (share <= high + slack).all()
    deviation = (high - low) / math.sqrt(12)
    assert abs(share.mean().item() - (low + high) / 2) < 5 * deviation / math.sqrt(500) + 2e-3


def test_the_aspect_is_log_uniform():
    height, width = sides(draw_erasing(2000, (200, 200), 1.0, (0.04, 0.06), 0.25, seeded()).hidden)
    octaves = (height / width).log2()
    assert octaves.abs().max() < 2.2
    assert octaves.mean().abs() < 5 * 4 / math.sqrt(12 * 2000)
    assert abs(octaves.std().item() - 4 / math.sqrt(12)) < 0.05


def test_rectangles_lie_everywhere():
    hidden = draw_erasing(4000, SIZE, 1.0, (0.02, 0.3), 0.3, seeded()).hidden.float().mean(dim=(0, 1))
    assert (hidden.amax(dim=0) > 0).all() and (hidden.amax(dim=1) > 0).all()  # a corner is seldom reached
    tolerance = 5 * math.sqrt(2 * 0.25 / 4000)
    torch.testing.assert_close(hidden, hidden.flip(0, 1), rtol=0, atol=tolerance)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_a_share_of_the_clips_loses_one(probability):
    hidden = draw_erasing(2000, (16, 16), probability, (0.1, 0.3), 0.5, seeded()).hidden
    share = hidden.flatten(1).any(dim=1).float().mean().item()
    assert abs(share - probability) <= 5 * math.sqrt(probability * (1 - probability) / 2000)


def test_no_area_hides_nothing():
    assert not draw_erasing(50, SIZE, 1.0, (0.0, 0.0), 0.3, seeded()).hidden.any()


@pytest.mark.parametrize("drawn", [0.0, 0.5, 1 - 2**-24])
def test_ends_of_the_draw_are_legal(monkeypatch, drawn):
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, drawn))
    hidden = draw_erasing(1, SIZE, 1.1, (0.0, 1.0), 0.3, seeded()).hidden
    assert abs(hidden.float().mean().item() - drawn) < 0.02
