"""FilterAugment against numpy's interpolation, and its bands."""

import math

import numpy as np
import pytest
import torch

from esc_gpu.augment.filter_augment import draw_filter_augment, interpolate, spread_boundaries
from tests.helpers.draws import seeded
from tests.helpers.images import BINS, images


def boundaries(n_clips=2000, n_bands=(2, 5), n_bins=64, min_bins=6):
    """Boundaries of each clip and its number of bands."""
    fewest, most = n_bands
    draws = seeded()
    count = (fewest + (most - fewest + 1) * draws.uniform(n_clips, 1)).floor()
    return spread_boundaries(draws.uniform(n_clips, most - 1), count, n_bins, min_bins), count


@pytest.mark.parametrize("n_bands", [(1, 1), (2, 2), (3, 6), (1, 10)])
@pytest.mark.parametrize(("n_bins", "min_bins"), [(64, 6), (64, 1), (20, 6), (7, 6)])
def test_bands_are_as_many_and_as_wide_as_asked(n_bands, n_bins, min_bins):
    edges, count = boundaries(500, n_bands, n_bins, min_bins)
    assert torch.equal(edges, edges.round())
    for row, bands in zip(edges.tolist(), count[:, 0].int().tolist(), strict=True):
        widths = np.diff(row)
        assert row[0] == 0 and row[bands] == n_bins
        assert (widths[:bands] >= min(min_bins, n_bins // bands)).all()
        assert (widths[bands:] == 0).all()


def test_boundaries_take_every_place():
    edges, _ = boundaries(20000, (2, 2), 64, 6)
    places, counts = edges[:, 1].unique(return_counts=True)
    assert places.tolist() == list(range(6, 59))
    assert (counts - 20000 / 53).abs().max() < 5 * math.sqrt(20000 / 53)


def test_offsets_are_lines_between_the_boundaries():
    edges, count = boundaries(100)
    offset = 12 * seeded(3).uniform(100, 6) - 6
    lines = interpolate(edges, offset, 64)
    for clip, bands in enumerate(count[:, 0].int().tolist()):
        knots, values = edges[clip, : bands + 1].double(), offset[clip, : bands + 1].double()
        np.testing.assert_allclose(lines[clip], np.interp(np.arange(64), knots, values), atol=1e-5)


@pytest.mark.parametrize("max_offset", [1.0, 6.0])
def test_offsets_fill_their_range_and_no_more(max_offset):
    offset = draw_filter_augment(2000, 64, max_offset, (2, 5), seeded()).offset
    assert offset.abs().max() <= max_offset
    assert offset[:, 0, 0].min() < -0.98 * max_offset and offset[:, 0, 0].max() > 0.98 * max_offset
    assert offset[:, 0, 0].mean().abs() < 5 * max_offset / math.sqrt(3 * 2000)


def test_all_numbers_of_bands_are_equally_frequent():
    offset = draw_filter_augment(4000, 64, 6.0, (1, 4), seeded()).offset[:, 0, :, 0].double()
    bends = (offset.diff(n=2).abs() > 1e-4).sum(dim=1)  # a boundary bends the line at one bin
    counts = bends.clamp_max(4).bincount(minlength=4)
    assert counts.sum() == 4000 and len(counts) == 4
    assert (counts - 1000).abs().max() < 5 * math.sqrt(1000) + 40  # and now and then too little to be seen


def test_the_offset_is_added_to_every_channel_and_frame():
    apply = draw_filter_augment(8, BINS, 0.5, (2, 5), seeded())
    assert torch.equal(apply(images()), images() + apply.offset)
