"""A timeline that grows: the segments of the whole recording, each as soon as it cannot change."""

import numpy as np
import pytest

from esc_gpu.inference.timeline import OverlappingTimeline, Segment, Timeline, create_timeline

NAMES = ["a", "b", "c"]


def whole(starts, rows, clip_seconds, duration, threshold, min_seconds):
    """The definition, with all windows at hand."""
    middles = starts + clip_seconds / 2
    edges = np.concatenate([[0.0], (middles[:-1] + middles[1:]) / 2, [min(starts[-1] + clip_seconds, duration)]])
    labels = rows.argmax(axis=1)
    bounds = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
    spans = []
    for first, end in zip(bounds, bounds[1:], strict=False):
        if edges[end] - edges[first] < min_seconds:
            continue
        if spans and labels[spans[-1][0]] == labels[first] and edges[first] - edges[spans[-1][1]] < min_seconds:
            first = spans.pop()[0]
        spans.append((first, end))
    means = [(first, end, rows[first:end, labels[first]].mean(dtype=np.float64)) for first, end in spans]
    return [
        Segment(edges[first], edges[end], NAMES[labels[first]], pytest.approx(mean))
        for first, end, mean in means
        if mean >= threshold
    ]


@pytest.mark.parametrize("min_seconds", [0.0, 0.6, 1.5, 4.0])
def test_it_is_that_of_the_whole_recording(min_seconds):
    for seed in range(40):
        generator = np.random.default_rng(seed)
        n = int(generator.integers(1, 60))
        rows = generator.dirichlet(np.ones(3), n).astype(np.float32)
        rows = rows[np.sort(generator.integers(0, n, n))] if seed % 2 else rows  # longer segments
        starts = np.arange(n) * 0.5
        duration = starts[-1] + generator.uniform(0.5, 1.0)
        threshold = generator.choice([0.0, 0.5])
        timeline = Timeline(NAMES, 1.0, threshold, min_seconds)
        found = [part for start, row in zip(starts, rows, strict=True) for part in timeline.add(start, row)]
        assert found + timeline.end(duration) == whole(starts, rows, 1.0, duration, threshold, min_seconds), seed


def test_a_segment_comes_as_soon_as_no_other_can_join_it():
    a, b = np.array([0.8, 0.1, 0.1]), np.array([0.3, 0.6, 0.1])
    timeline = Timeline(NAMES, 2.0)
    assert timeline.add(0.0, a) == [] == timeline.add(1.0, a)
    assert timeline.add(2.0, b) == [Segment(0.0, 2.5, "a", pytest.approx(0.8))]
    timeline = Timeline(NAMES, 2.0, min_seconds=1.5)
    assert [timeline.add(float(n), row) for n, row in enumerate([a, a, b])] == [[], [], []]  # another a may come
    assert timeline.add(3.0, b) == []  # 1 s after it
    assert timeline.add(4.0, b) == [Segment(0.0, 2.5, "a", pytest.approx(0.8))]  # 2 s after it
    assert timeline.end(6.0) == [Segment(2.5, 6.0, "b", pytest.approx(0.6))]
    assert Timeline(NAMES, 2.0).end(0.0) == []


@pytest.mark.parametrize("min_seconds", [0.0, 0.6, 1.5])
def test_each_of_several_classes_has_a_timeline_of_its_own(min_seconds):
    """That of the other classes or none, and of it."""
    generator = np.random.default_rng(0)
    rows, starts = generator.random((40, 3)), np.arange(40) * 0.5
    timeline = OverlappingTimeline(NAMES, 1.0, 0.6, min_seconds)
    found = [part for start, row in zip(starts, rows, strict=True) for part in timeline.add(start, row)]
    found += timeline.end(20.2)
    for label, name in enumerate(NAMES):
        heard = rows[:, label] >= 0.6
        alone = Timeline(["no", "yes"], 1.0, 0.0, min_seconds)
        parts = [
            alone.add(start, np.array([not is_here, is_here])) for start, is_here in zip(starts, heard, strict=True)
        ]
        parts.append(alone.end(20.2))
        spans = [(part.start_seconds, part.end_seconds) for some in parts for part in some if part.class_name == "yes"]
        mine = [part for part in found if part.class_name == name]
        assert [(part.start_seconds, part.end_seconds) for part in mine] == spans and spans
        if min_seconds == 0:
            assert all(part.probability >= 0.6 for part in mine)
    assert timeline.n_windows == 40 and OverlappingTimeline(["a"], 1.0, 0.6).n_windows == 0


def test_the_default_threshold_is_that_of_the_task():
    quiet = np.array([0.4, 0.45, 0.2])
    several, one = (create_timeline(task, NAMES, 1.0) for task in ("multi_label", "single_label"))
    assert several.add(0.0, quiet) + several.end(1.0) == []
    assert [part.class_name for part in one.add(0.0, quiet) + one.end(1.0)] == ["b"]
    given = create_timeline("multi_label", NAMES, 1.0, 0.4)
    assert [part.class_name for part in given.add(0.0, quiet) + given.end(1.0)] == ["a", "b"]
