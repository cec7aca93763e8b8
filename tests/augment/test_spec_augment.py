"""Masks over bins and frames."""

import math

import pytest
import torch

from esc_gpu.augment.spec_augment import draw_bands, draw_spec_augment
from tests.helpers.draws import seeded

BINS, FRAMES = 64, 101


def draw(n_clips=200, freq=(1, 0.25), time=(1, 0.25), seed=0):
    """`(n_clips, 1, BINS, FRAMES)` of what is left of ones."""
    masks = draw_spec_augment(n_clips, (BINS, FRAMES), *freq, *time, seeded(seed))
    return masks(torch.ones(n_clips, 1, BINS, FRAMES))


def runs(hidden):
    """Number of runs of True in each row of `(B, length)`."""
    starts = hidden[:, 1:] & ~hidden[:, :-1]
    return starts.sum(dim=1) + hidden[:, 0]


def test_shape_and_values():
    mask = draw(3)
    assert mask.shape == (3, 1, BINS, FRAMES)
    assert mask.dtype == torch.float32
    assert mask.unique().tolist() == [0, 1]


def test_a_mask_is_whole_bins_and_whole_frames():
    mask = draw().bool()[:, 0]
    # Shares of a quarter leave a bin and a frame free, which show the masks of the other axis.
    bins, frames = mask.any(dim=2), mask.any(dim=1)
    assert torch.equal(mask, bins[:, :, None] & frames[:, None, :])


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("share", [0.05, 0.1, 0.25])
def test_number_and_width_of_masks(count, share):
    """A band hides the bins whose middle it holds: at most its width, rounded up, for each mask."""
    for axis, length in ((2, BINS), (1, FRAMES)):
        none, masks = (0, 0.0), (count, share)
        mask = draw(1000, freq=masks if axis == 2 else none, time=none if axis == 2 else masks)
        hidden = ~mask.bool()[:, 0].any(dim=axis)
        assert runs(hidden).max() == count
        assert hidden.sum(dim=1).max() <= count * math.ceil(share * length)
        assert mask.bool()[:, 0].any(dim=3 - axis).all()  # the other axis is left alone


def test_widths_are_uniform():
    hidden = draw_bands(20000, 100, 1, 0.5, seeded())
    width = hidden.sum(dim=1).float()
    # 0 to 50 of 100: mean 25, deviation 50 / sqrt(12) of a clip; five deviations of the mean of 20,000.
    assert (width.mean() - 25).abs() < 5 * 50 / math.sqrt(12 * 20000)
    assert (width.std() - 50 / math.sqrt(12)).abs() < 0.2
    assert width.min() == 0
    assert width.max() == 50


def test_masks_lie_everywhere():
    """Both ends among them, and as often on one side as on the other."""
    hidden = draw_bands(20000, BINS, 1, 0.25, seeded()).float().mean(dim=0)
    assert (hidden > 0).all()
    torch.testing.assert_close(hidden, hidden.flip(0), rtol=0, atol=5 * math.sqrt(2 * 0.25 / 20000))


@pytest.mark.parametrize("drawn", [0.0, 1 - 2**-24])
def test_ends_of_the_draw_stay_inside(monkeypatch, drawn):
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, drawn))
    hidden = draw_bands(2, 100, 1, 0.25, seeded())
    assert hidden.sum(dim=1).tolist() == ([0, 0] if drawn == 0 else [25, 25])


def test_every_clip_is_its_own():
    assert len(draw(64).unique(dim=0)) > 50


@pytest.mark.parametrize(("freq", "time"), [((0, 0.5), (0, 0.5)), ((2, 0.0), (2, 0.0)), ((0, 0.0), (0, 0.0))])
def test_no_masks_are_all_ones(freq, time):
    assert (draw(4, freq, time) == 1).all()


def test_masks_of_the_whole_axis_are_legal():
    mask = draw(200, (2, 1.0), (2, 1.0))
    assert mask.unique().tolist() == [0, 1]


def test_the_seed_decides():
    assert torch.equal(draw(seed=3), draw(seed=3))
    assert not torch.equal(draw(seed=3), draw(seed=4))


def test_the_global_generator_is_not_moved():
    state = torch.get_rng_state()
    draw()
    assert torch.equal(torch.get_rng_state(), state)
