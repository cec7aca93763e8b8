"""CutMix: bands of the neighbour, and label shares that are those of the image."""

import pytest
import torch

from esc_gpu.augment.cutmix import draw_cutmix
from esc_gpu.augment.mix import mixup
from tests.helpers.draws import seeded
from tests.helpers.images import BINS, FRAMES, SIZE

LENGTH = {"time": FRAMES, "frequency": BINS}
for_axes = pytest.mark.parametrize("axis", LENGTH)


def numbered(n_clips, n_channels=2):
    """Images whose cells all hold their clip's number."""
    return torch.arange(n_clips).float()[:, None, None, None].expand(-1, n_channels, *SIZE)


@for_axes
@pytest.mark.parametrize("probability", [0.5, 1.0])
def test_label_shares_are_those_of_the_image(axis, probability):
    apply, mixed = draw_cutmix(torch.eye(20), SIZE, probability, axis, seeded())
    image = apply(numbered(20))
    shares = torch.stack([(image == clip).double().mean(dim=(1, 2, 3)) for clip in range(20)], dim=1)
    torch.testing.assert_close(mixed.double(), shares, atol=1e-7, rtol=0)


@for_axes
def test_it_is_one_band_of_whole_frames_or_bins(axis):
    image = draw_cutmix(torch.eye(64), SIZE, 1.0, axis, seeded())[0](numbered(64))
    taken = image != numbered(64)
    along, across = (3, 2) if axis == "time" else (2, 3)
    assert torch.equal(taken, taken.narrow(across, 0, 1).expand_as(taken))
    band = taken.select(across, 0)[:, 0]
    assert band.shape[1] == taken.shape[along]
    assert (band[:, :1].int() + (band[:, 1:] & ~band[:, :-1]).sum(dim=1, keepdim=True)).max() == 1


@for_axes
@pytest.mark.parametrize("n_clips", [1, 2, 7, 8])
def test_partners_are_those_of_mixup_and_an_odd_clip_stays(axis, n_clips):
    eye = torch.eye(n_clips)
    cut = draw_cutmix(eye, SIZE, 1.0, axis, seeded())[1] + draw_cutmix(eye, SIZE, 1.0, axis, seeded(1))[1]
    blended = mixup(torch.zeros(n_clips, 5), eye, 5.0, seeded())[1]
    assert torch.equal(cut > 0, blended > 0)
    if n_clips % 2:
        image = draw_cutmix(eye, SIZE, 1.0, axis, seeded())[0](numbered(n_clips))
        assert torch.equal(image[-1], numbered(n_clips)[-1])


@for_axes
def test_widths_are_uniform_and_lie_everywhere(axis):
    length = LENGTH[axis]
    apply, mixed = draw_cutmix(torch.eye(2).repeat(10000, 1), SIZE, 1.0, axis, seeded())
    band = apply.taken.flatten(1)
    width = band.sum(dim=1)
    counts = width.bincount(minlength=length + 1)
    mean = 20000 / (length + 1)
    assert len(counts) == length + 1
    assert (counts - mean).abs().max() < 5 * mean**0.5
    covered = band.float().mean(dim=0)
    torch.testing.assert_close(covered, covered.flip(0), rtol=0, atol=5 * (2 * 0.25 / 20000) ** 0.5)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_a_share_of_the_clips_is_cut(probability):
    mixed = draw_cutmix(torch.eye(2).repeat(1000, 1), SIZE, probability, "time", seeded())[1]
    share = (mixed.max(dim=1).values < 1).float().mean().item()
    expected = probability * (FRAMES - 1) / (FRAMES + 1)  # a band of no width, or of all, leaves one label alone
    assert abs(share - expected) <= 5 * (expected * (1 - expected) / 2000) ** 0.5


@for_axes
@pytest.mark.parametrize("drawn", [0.0, 1 - 2**-24])
def test_ends_of_the_draw_stay_inside(monkeypatch, axis, drawn):
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, drawn))
    apply, mixed = draw_cutmix(torch.eye(2), SIZE, 1.0 + 1e-6, axis, seeded())
    assert apply.taken.flatten(1).sum(dim=1).tolist() == [0 if drawn == 0 else LENGTH[axis]] * 2
    torch.testing.assert_close(mixed, torch.eye(2) if drawn == 0 else torch.eye(2).flip(0))


def test_labels_stay_distributions_and_the_input_is_left_alone():
    target = torch.softmax(torch.randn(9, 5, generator=torch.Generator().manual_seed(0)), dim=1)
    before = target.clone()
    mixed = draw_cutmix(target, SIZE, 1.0, "time", seeded())[1]
    torch.testing.assert_close(mixed.sum(dim=1), torch.ones(9))
    assert torch.equal(target, before)
