"""Warps of the axes against numpy's interpolation, row by row."""

import math

import numpy as np
import pytest
import torch

from esc_gpu.augment.warp import FrequencyWarp, TimeStretch, draw_frequency_warp, draw_time_stretch
from tests.helpers.draws import seeded
from tests.helpers.images import BINS, CLIPS, FRAMES, images


def test_frequency_warp_is_interpolation_with_the_edges_repeated():
    apply = draw_frequency_warp(CLIPS, 0.4, 0.3, seeded())
    image = images(dtype=torch.float64).numpy()
    expected = np.empty_like(image)
    for clip, (scale, shift) in enumerate(zip(apply.scale[:, 0].double(), apply.shift[:, 0].double(), strict=True)):
        source = (np.arange(BINS) - BINS * shift.item()) / scale.item()
        for channel, frame in np.ndindex(image.shape[1], FRAMES):
            expected[clip, channel, :, frame] = np.interp(source, np.arange(BINS), image[clip, channel, :, frame])
    np.testing.assert_allclose(apply(torch.from_numpy(image)).numpy(), expected, atol=1e-4)


def test_time_stretch_is_interpolation_of_the_clip_over_and_over():
    apply = draw_time_stretch(CLIPS, 0.7, seeded())
    image = images(dtype=torch.float64).numpy()
    expected = np.empty_like(image)
    for clip, tempo in enumerate(apply.tempo[:, 0].double()):
        for channel, row in np.ndindex(image.shape[1], BINS):
            twice = np.tile(image[clip, channel, row], 2)
            source = np.arange(FRAMES) * tempo.item()
            expected[clip, channel, row] = np.interp(source, np.arange(2 * FRAMES), twice)
    np.testing.assert_allclose(apply(torch.from_numpy(image)).numpy(), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("scale", "shift", "expected"), [(1.5, 0.0, 12), (0.5, 0.0, 4), (1.0, 0.25, 14), (1.25, -0.25, 4)]
)
def test_a_line_moves_to_its_bin(scale, shift, expected):
    line = torch.zeros(1, 1, BINS, 3)
    line[:, :, 8] = 1.0
    moved = FrequencyWarp(torch.tensor([[scale]]), torch.tensor([[shift]]))(line)
    assert moved[0, 0].argmax(dim=0).tolist() == [expected] * 3
    assert moved.max() == 1.0


@pytest.mark.parametrize(("tempo", "expected"), [(2.0, [5, 25]), (0.5, [20]), (1.25, [8, 40])])
def test_a_click_comes_at_its_time_and_a_faster_clip_again(tempo, expected):
    click = torch.zeros(1, 1, 2, 40)
    click[..., 10] = 1.0
    stretched = TimeStretch(torch.tensor([[tempo]]))(click)
    assert (stretched[0, 0, 0] == 1.0).nonzero()[:, 0].tolist() == [frame for frame in expected if frame < 40]


def test_edges_go_on_beyond_the_edges():
    image = images(1)
    up = FrequencyWarp(torch.ones(1, 1), torch.full((1, 1), 5 / BINS))(image)
    torch.testing.assert_close(up[:, :, :5], image[:, :, :1].expand(-1, -1, 5, -1))
    torch.testing.assert_close(up[:, :, 5:], image[:, :, :-5], atol=1e-5, rtol=0)
    down = FrequencyWarp(torch.ones(1, 1), torch.full((1, 1), -30.0))(image)
    assert torch.equal(down, image[:, :, -1:].expand_as(image))


def test_warps_fill_their_ranges_evenly():
    warp, stretch = draw_frequency_warp(5000, 0.1, 0.05, seeded()), draw_time_stretch(5000, 0.3, seeded())
    for off in warp.scale.log() / math.log(1.1), warp.shift / 0.05, stretch.tempo.log() / math.log(1.3):
        assert off.abs().max() <= 1 + 1e-5
        assert off.min() < -0.99 and off.max() > 0.99
        assert off.mean().abs() < 5 / (3 * 5000) ** 0.5
