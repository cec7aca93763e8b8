"""How often an epoch visits the clips of each class."""

from collections import Counter

import numpy as np
import pytest

from esc_gpu.data.store.class_sampling import rarest_counts, sample_classes

LABELS = np.repeat([0, 1, 2, 3], [64, 16, 4, 1])
CLIPS = 10 + 2 * np.arange(len(LABELS))  # numbers, not positions


def draw(sampling, epoch=0):
    return sample_classes(CLIPS, LABELS, sampling, (7, 1, epoch))


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        ("balanced", [22, 21, 21, 21]),  # 85 over 4 classes
        ("square_root", [45, 23, 11, 6]),  # 85 in the ratio 8 : 4 : 2 : 1 is 45.3, 22.7, 11.3, 5.7
    ],
)
def test_each_class_has_its_share_and_its_clips_come_equally_often(sampling, expected):
    for epoch in range(3):
        times = Counter(draw(sampling, epoch).tolist())
        assert times.keys() <= set(CLIPS.tolist())
        for label, n in enumerate(expected):
            of_class = [times[clip] for clip in CLIPS[label == LABELS].tolist()]
            assert sum(of_class) == n and max(of_class) - min(of_class) <= 1


def test_it_follows_from_the_seed_and_shows_every_clip_in_time():
    assert draw("shuffled") is CLIPS
    np.testing.assert_array_equal(draw("balanced"), draw("balanced"))
    assert set(draw("balanced").tolist()) != set(draw("balanced", 1).tolist())
    seen = set(np.concatenate([draw("balanced", epoch) for epoch in range(20)]).tolist())
    assert seen == set(CLIPS.tolist())
    equal = np.arange(12)  # nothing to make up for: each clip once
    assert sorted(sample_classes(equal, equal % 3, "balanced", (0,)).tolist()) == equal.tolist()


def test_of_several_labels_the_rarest_says_how_often_a_clip_comes():
    """90 clips have the first class; one of them alone, 81 with the second, which 81 have, and 8 with the third."""
    labels = np.zeros((100, 4), dtype=bool)
    labels[:90, 0] = labels[1:82, 1] = labels[82:90, 2] = labels[90:, 3] = True
    counts = rarest_counts(labels)
    assert counts.tolist() == [90] + [81] * 81 + [8] * 8 + [10] * 10
    clips = np.arange(100)
    times = np.bincount(sample_classes(clips, labels, "balanced", (7,)), minlength=100)
    # a clip weighs 1/90, 1/81, 1/8 or 1/10, so the lone one has 0.4 places and the others 33.2 together
    sums = [times[:1].sum(), times[1:82].sum(), times[82:90].sum(), times[90:].sum()]
    assert sums == [1, 33, 33, 33]
    one = np.eye(3, dtype=bool)[np.repeat([0, 1, 2], [64, 16, 4])]
    for sampling in ("balanced", "square_root"):  # a single label each: the same shares
        several = sample_classes(np.arange(84), one, sampling, (7,))
        single = sample_classes(np.arange(84), np.repeat([0, 1, 2], [64, 16, 4]), sampling, (7,))
        ranges = [(0, 64), (64, 80), (80, 84)]
        shares = [[((low <= drawn) & (drawn < high)).sum() for low, high in ranges] for drawn in (several, single)]
        assert shares[0] == shares[1]
    assert rarest_counts(np.zeros((2, 3), dtype=bool)).tolist() == [2, 2]  # no label is none that is rare
