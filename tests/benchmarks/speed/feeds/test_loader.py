"""The worker processes of a DataLoader."""

import multiprocessing

from benchmarks.speed.feeds.registry import create_feed
from benchmarks.speed.throughput import clip_order


def test_workers_end_with_their_round(material):
    feed = create_feed("c", material, workers=1)
    assert feed.ahead == 2
    batches = feed.batches(clip_order(12, 4, 20, seed=0))
    next(batches)
    assert multiprocessing.active_children()
    batches.close()
    assert not multiprocessing.active_children()
