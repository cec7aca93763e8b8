"""The likeliest classes of a recording, and its timeline."""

import numpy as np
import pytest

from esc_gpu.inference.prediction import Prediction, Segment
from tests.helpers.trained_model import NAMES


def made_up(probabilities, overlap=0.5, clip_seconds=2.0, duration_seconds=None, names=NAMES, **options):
    """A prediction of windows that follow each other by their overlap."""
    probabilities = np.array(probabilities, dtype=np.float32)
    starts = np.arange(len(probabilities)) * clip_seconds * (1 - overlap)
    end = starts[-1] + clip_seconds if duration_seconds is None else duration_seconds
    return Prediction(None, names, end, clip_seconds, starts, probabilities, **options)


def test_the_top_is_sorted_and_ends_with_the_classes():
    prediction = made_up([[0.2, 0.5, 0.3], [0.2, 0.1, 0.7]])
    assert [name for name, _ in prediction.top(2)] == ["c", "b"]
    assert [round(value, 6) for _, value in prediction.top(99)] == [0.5, 0.3, 0.2]
    assert [name for name, _ in made_up([[0.25, 0.5, 0.25]]).top()] == ["b", "a", "c"]  # ties in order
    many = [f"{number:02}" for number in range(40)]
    tied = made_up([[0.05, 0.0] * 20], names=many)
    assert [name for name, _ in tied.top(40)] == [*many[::2], *many[1::2]]
    assert tied.top() == tied.answers() == tied.top(3) and tied.answers(1) == tied.top(1)


def test_the_probability_of_a_recording_is_a_mean_in_float64():
    prediction = made_up([[1.0, 0.0], [2.0**-30, 0.0]], names=NAMES[:2])
    assert prediction.probabilities.tolist() == [0.5 + 2.0**-31, 0.0]


def test_of_several_labels_those_from_the_threshold_on_are_present():
    prediction = made_up([[0.5, 0.25, 0.75]], task="multi_label")
    both = [("c", 0.75), ("a", 0.5)]
    assert prediction.present() == prediction.answers() == both and prediction.answers(1) == both[:1]
    assert prediction.answers(threshold=0.75) == both[:1] and len(prediction.answers(threshold=0.25)) == 3


def test_windows_give_way_halfway_between_their_middles():
    rows = [[0.1, 0.1, 0.8]] * 3
    assert made_up(rows).edges_seconds.tolist() == [0, 1.5, 2.5, 4]
    assert made_up(rows[:1], duration_seconds=1.5).edges_seconds.tolist() == [0, 1.5]  # padded
    assert made_up(rows[:1], duration_seconds=7.0).edges_seconds.tolist() == [0, 2]  # the beginning alone


def test_windows_of_one_class_are_a_segment():
    """They give way to each other halfway between their middles: 1, 2, 3, ... for windows of 2 s by 1 s."""
    a, b = [0.8, 0.1, 0.1], [0.3, 0.6, 0.1]
    assert made_up([a, a, b, b, a]).timeline() == [
        Segment(0.0, 2.5, "a", pytest.approx(0.8)),
        Segment(2.5, 4.5, "b", pytest.approx(0.6)),
        Segment(4.5, 6.0, "a", pytest.approx(0.8)),
    ]


def test_the_probability_of_a_segment_is_the_mean_of_its_windows():
    first, second = made_up([[0.9, 0.1, 0.0], [0.5, 0.4, 0.1], [0.7, 0.2, 0.1], [0.0, 0.2, 0.8]]).timeline()
    assert first.probability == pytest.approx(0.7) and second.probability == pytest.approx(0.8)


def test_one_window_is_a_segment_as_long_as_the_recording():
    assert made_up([[0.1, 0.1, 0.8]], duration_seconds=1.5).timeline() == [Segment(0.0, 1.5, "c", pytest.approx(0.8))]


def test_short_segments_and_unsure_ones_are_left_out():
    """Windows of 2 s by 1 s: a for 2.5 s, b for 1 s, a for 1 s, c for 2 s, b for 2.5 s."""
    a, b, c = [0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.3, 0.3, 0.4]
    prediction = made_up([a, a, b, a, c, c, b, b])
    heard = [(part.start_seconds, part.end_seconds, part.class_name) for part in prediction.timeline(min_seconds=2)]
    assert heard == [(0.0, 2.5, "a"), (4.5, 6.5, "c"), (6.5, 9.0, "b")]  # the second a is too short
    assert [part.class_name for part in prediction.timeline(threshold=0.5)] == ["a", "b", "a", "b"]
    assert [part.class_name for part in prediction.timeline(0.5, 2)] == ["a", "b"]
    assert len(made_up([[0.75, 0.25, 0.0]]).timeline(0.75)) == 1
    assert prediction.timeline(min_seconds=60) == [] == prediction.timeline(threshold=1)


def test_a_short_gap_between_two_of_one_class_is_closed():
    a, b = [0.8, 0.1, 0.1], [0.3, 0.6, 0.1]
    prediction = made_up([a, a, b, a, a])
    assert prediction.timeline(min_seconds=1.5) == [Segment(0.0, 6.0, "a", pytest.approx((4 * 0.8 + 0.3) / 5))]
    assert len(prediction.timeline(min_seconds=1)) == 3  # it is as long as that
    longer = made_up([a, a, a, b, [0.1, 0.1, 0.8], a, a, a]).timeline(min_seconds=2)
    assert [(part.start_seconds, part.end_seconds) for part in longer] == [(0, 3.5), (5.5, 9)]  # and so is this one


@pytest.mark.parametrize("seed", range(5))
def test_segments_tile_the_recording_and_neighbours_differ(seed):
    generator = np.random.default_rng(seed)
    n = int(generator.integers(1, 50))
    prediction = made_up(generator.dirichlet(np.ones(3), n), overlap=generator.uniform(0, 0.9))
    segments = prediction.timeline()
    assert segments[0].start_seconds == 0 and segments[-1].end_seconds == prediction.duration_seconds
    for before, after in zip(segments, segments[1:], strict=False):
        assert before.end_seconds == after.start_seconds and before.class_name != after.class_name
    assert all(part.start_seconds < part.end_seconds and 1 / 3 <= part.probability <= 1 for part in segments)
    labels = prediction.window_probabilities.argmax(1)
    middles = prediction.starts_seconds + prediction.clip_seconds / 2
    for label, middle in zip(labels, middles, strict=True):  # each window lies in a segment of its class
        (part,) = [part for part in segments if part.start_seconds <= middle < part.end_seconds]
        assert part.class_name == NAMES[label]
