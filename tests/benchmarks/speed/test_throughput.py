"""What a round of a feed times, and what it looks at meanwhile."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from benchmarks.speed.feeds.base import Feed
from benchmarks.speed.throughput import clip_order, measure_round


def test_a_round_counts_what_it_timed():
    """The clock starts after the queue's batches and stops while there is still work for the workers."""
    asked, steps = [], []

    class Counted(Feed):
        ahead = 4

        def batches(self, index_batches, augmented=False):
            asked.append(len(index_batches))
            yield from ((torch.zeros(len(index)), index) for index in index_batches)

    model = SimpleNamespace(train=lambda training: steps.append(training))
    config = SimpleNamespace(train=SimpleNamespace(seed=0))
    learner = SimpleNamespace(
        model=lambda feed: model, plain=config, step=lambda feed, batches, mode: steps.append(next(batches)[1])
    )
    order = clip_order(12, 4, 20, seed=0)
    speed, utilization, watts = measure_round(learner, Counted(), "inference", order, 5, float("inf"))
    assert speed > 0 and (utilization is watts is None or torch.cuda.is_available())
    assert asked == [3 + 4 + 5 + 4] and steps[0] is False and len(steps[1:]) == 3 + 4 + 5
    assert np.array_equal(np.concatenate(steps[1:]), np.concatenate(order[:12]))
    with pytest.raises(ValueError, match="order has 15 batches"):
        measure_round(learner, Counted(), "inference", order[:15], 5, float("inf"))


def test_an_order_has_each_clip_once_an_epoch():
    order = clip_order(12, 4, 8, seed=0)
    first, second = np.concatenate(order[:3]), np.concatenate(order[3:6])
    assert sorted(first) == sorted(second) == list(range(12))
    assert first.tolist() != second.tolist() and len(order) == 8
