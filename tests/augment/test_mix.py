"""mixup, between-class mixtures and the label distributions."""

import math

import pytest
import scipy.stats
import torch

from esc_gpu.augment import between_class, mixup
from esc_gpu.augment.level import sound_level
from esc_gpu.augment.mix import beta_shares, partners, smooth_one_hot
from tests.helpers.draws import seeded


def batch(n_clips=16, n_samples=100):
    """Clips with a label of their own each, so that the mixed target tells shares and partners."""
    return seeded(1).uniform(n_clips, n_samples) - 0.5, torch.eye(n_clips)


@pytest.mark.parametrize("alpha", [0.1, 0.4, 1.0, 5.0])
def test_clips_and_labels_are_blended_alike(alpha):
    waveform, target = batch()
    mixed, shares = mixup(waveform, target, alpha, seeded())
    assert mixed.shape == waveform.shape
    # The target's row holds each clip's share in the blend: the same blend of the clips is the mixed clip.
    torch.testing.assert_close(mixed, shares @ waveform)


@pytest.mark.parametrize("alpha", [0.1, 0.4, 1.0, 5.0])
def test_blends_are_convex_and_of_two(alpha):
    _, shares = mixup(*batch(), alpha, seeded())
    assert (shares >= 0).all()
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(16))
    assert ((shares > 0).sum(dim=1) <= 2).all()


def test_each_clip_is_the_partner_of_one():
    shares = mixup(*batch(64), 5.0, seeded())[1]
    others = shares - shares.diagonal().diag()
    assert ((others > 0).sum(dim=0) <= 1).all()
    assert (others > 0).sum() > 55  # a permutation leaves one clip in place on average


def test_every_clip_has_its_own_share():
    shares = mixup(*batch(64), 1.0, seeded())[1].diagonal()
    assert len(shares.unique()) > 50


@pytest.mark.parametrize(("alpha", "least", "most"), [(0.01, 0.9, 1.0), (1.0, 0.0, 0.1), (20.0, 0.0, 0.0)])
def test_small_alpha_mixes_little(alpha, least, most):
    """The part of the shares within 0.01 of 0 or 1: nearly all for a small alpha, none for a large one."""
    share = beta_shares(alpha, seeded().uniform(2000))[0]
    extreme = ((share < 0.01) | (share > 0.99)).float().mean()
    assert least <= extreme <= most


def test_distributions_stay_distributions():
    waveform, _ = batch(8)
    target = smooth_one_hot(torch.arange(8) % 3, 3, 0.1)
    mixed = mixup(waveform, target, 0.4, seeded())[1]
    torch.testing.assert_close(mixed.sum(dim=1), torch.ones(8))
    assert (mixed >= 0).all()


def test_one_clip_stays_as_it_is():
    waveform, target = batch(1)
    mixed, mixed_target = mixup(waveform, target, 0.4, seeded())
    torch.testing.assert_close(mixed, waveform)
    torch.testing.assert_close(mixed_target, target)


def test_the_inputs_are_left_alone():
    waveform, target = batch()
    mixup(waveform, target, 1.0, seeded())
    assert torch.equal(waveform, batch()[0])
    assert torch.equal(target, torch.eye(16))


def test_the_seed_decides():
    first, again, other = (mixup(*batch(), 0.4, seeded(seed)) for seed in (3, 3, 4))
    for number in (0, 1):
        assert torch.equal(first[number], again[number])
        assert not torch.equal(first[number], other[number])


def test_the_global_generator_is_not_moved():
    state = torch.get_rng_state()
    mixup(*batch(), 0.4, seeded())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("alpha", [0.4, 1.0, 2.0, 8.0])
def test_beta_is_the_distribution(alpha):
    """A Kolmogorov-Smirnov test; the seed is fixed, so it either passes always or never."""
    share = beta_shares(alpha, seeded().uniform(20000))[0].numpy()
    assert scipy.stats.kstest(share, scipy.stats.beta(alpha, alpha).cdf).pvalue > 0.01


@pytest.mark.parametrize("alpha", [0.1, 0.2])
def test_small_beta_is_the_distribution_below_one_half(alpha):
    """The upper half cannot be told in float32: a tenth of Beta(0.1, 0.1) lies closer to 1 than its ulp."""
    share = beta_shares(alpha, seeded().uniform(20000))[0].numpy()
    lower = share[share < 0.5]
    assert abs(len(lower) - 10000) < 5 * 71  # five deviations of a fair coin
    assert scipy.stats.kstest(lower, lambda x: 2 * scipy.stats.beta(alpha, alpha).cdf(x)).pvalue > 0.01


@pytest.mark.parametrize("drawn", [0.0, 0.5, 1 - 2**-24])
@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_beta_at_the_ends_of_the_draw(monkeypatch, drawn, alpha):
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, drawn))
    torch.testing.assert_close(beta_shares(alpha, seeded().uniform(3))[0], torch.full((3,), round(drawn, 6)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("num_classes", [2, 10, 50])
def test_smooth_one_hot(num_classes, smoothing):
    labels = torch.arange(num_classes).flip(0)
    target = smooth_one_hot(labels, num_classes, smoothing)
    assert target.shape == (num_classes, num_classes)
    assert target.dtype == torch.float32
    torch.testing.assert_close(target.sum(dim=1), torch.ones(num_classes))
    rest = smoothing / num_classes
    expected = torch.full((num_classes, num_classes), rest)
    expected[range(num_classes), labels] = 1 - smoothing + rest
    torch.testing.assert_close(target, expected)


# ---- between-class

RATE = 8000


def noises(n_clips=16, n_samples=RATE, level_db=0.0):
    """White noise at levels in dB, and a label of its own for each clip."""
    waveform = torch.randn(n_clips, n_samples, generator=torch.Generator().manual_seed(1))
    return 0.1 * waveform * 10 ** (torch.as_tensor(level_db) / 20), torch.eye(n_clips)


def always(monkeypatch, share):
    """Every number drawn is this one."""
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.full(shape, share))


@pytest.mark.parametrize(("n_clips", "expected"), [(1, [0]), (4, [1, 0, 3, 2]), (5, [1, 0, 3, 2, 4])])
def test_neighbours_are_partners(n_clips, expected):
    assert partners(n_clips, torch.device("cpu")).tolist() == expected


def test_a_mixture_is_the_papers():
    """Tokozume et al. in float64, clip by clip; the target's row tells each clip's share."""
    waveform, target = noises(level_db=torch.linspace(-30, 0, 16)[:, None])
    mixed, shares = between_class(waveform, target, 1.0, seeded(), RATE)
    level = sound_level(waveform, RATE).double().tolist()
    for clip in range(16):
        other = clip ^ 1
        r = shares[clip, clip].double().item()
        assert shares[clip, other].item() == pytest.approx(1 - r, abs=1e-6)
        p = 1 / (1 + 10 ** ((level[clip] - level[other]) / 20) * (1 - r) / r)
        expected = (p * waveform[clip] + (1 - p) * waveform[other]) / math.sqrt(p**2 + (1 - p) ** 2)
        torch.testing.assert_close(mixed[clip], expected, rtol=1e-4, atol=1e-6)


def test_shares_are_uniform_and_each_clips_own():
    shares = between_class(*noises(2000, 100), 1.0, seeded(), RATE)[1].diagonal()
    assert scipy.stats.kstest(shares.numpy(), "uniform").pvalue > 0.01
    assert len(shares.unique()) > 1990


def test_half_and_half_is_heard_as_much_of_both(monkeypatch):
    """Though one is 20 dB louder: what the mixture has of each, by projection, has one level."""
    always(monkeypatch, 0.5)
    waveform, target = noises(2, 2 * RATE, torch.tensor([[0.0], [-20.0]]))
    mixed, shares = between_class(waveform, target, 1.0, seeded(), RATE)
    amounts = torch.linalg.lstsq(waveform.T, mixed[0][:, None]).solution
    levels = sound_level(amounts * waveform, RATE)
    assert (levels[0] - levels[1]).abs() < 0.01
    assert torch.equal(shares, torch.full((2, 2), 0.5))


def test_the_power_of_uncorrelated_clips_stays():
    waveform, target = noises(64)
    mixed = between_class(waveform, target, 1.0, seeded(), RATE)[0]
    # A correlation of 1 / sqrt(8000), up to five of it.
    torch.testing.assert_close(mixed.square().mean(dim=1), waveform.square().mean(dim=1), rtol=0.1, atol=0)


@pytest.mark.parametrize("drawn", [0.0, 1 - 2**-24])
def test_the_ends_of_the_draw_are_the_partner_and_the_clip(monkeypatch, drawn):
    always(monkeypatch, drawn)
    waveform, target = noises(4)
    kept = waveform if drawn else waveform[[1, 0, 3, 2]]
    torch.testing.assert_close(between_class(waveform, target, 1.0, seeded(), RATE)[0], kept, rtol=0, atol=1e-6)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_a_share_of_the_clips_is_mixed(probability):
    waveform, target = noises(2000, 100)
    mixed, shares = between_class(waveform, target, probability, seeded(), RATE)
    same = (mixed == waveform).all(dim=1)
    assert torch.equal(same, shares.diagonal() == 1)
    share = 1 - same.float().mean().item()
    assert abs(share - probability) <= 5 * math.sqrt(probability * (1 - probability) / 2000)


def test_the_odd_clip_at_the_end_stays():
    waveform, target = noises(5)
    mixed, shares = between_class(waveform, target, 1.0, seeded(), RATE)
    assert torch.equal(mixed[4], waveform[4])
    assert torch.equal(shares[4], target[4])
    assert not any(torch.equal(mixed[clip], waveform[clip]) for clip in range(4))


def test_silence_in_a_mixture_is_finite():
    waveform, target = noises(4)
    waveform[1:] = 0
    mixed, _ = between_class(waveform, target, 1.0, seeded(), RATE)
    assert mixed.isfinite().all()
    assert mixed[:2].any(dim=1).all()
    assert not mixed[2:].any()
