"""How often an epoch visits the clips of each class."""

from collections import Counter

import numpy as np
import pytest

from esc_gpu.data.store.class_sampling import sample_classes

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
