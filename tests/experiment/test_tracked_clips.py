"""Which test clips a tracker's page shows."""

import numpy as np
import pytest

from esc_gpu.data.store.batch_order import evenly
from esc_gpu.experiment.tracked_clips import choose


def test_mistakes_come_first_then_others_evenly():
    is_correct = np.ones(20, dtype=bool)
    is_correct[[4, 9, 17]] = False
    chosen = choose(is_correct, 7)
    assert chosen[:3].tolist() == [4, 9, 17]
    assert is_correct[chosen[3:]].all() and len(set(chosen.tolist())) == 7
    distances = np.diff(np.flatnonzero(np.isin(np.flatnonzero(is_correct), chosen[3:])))
    assert set(distances.tolist()) <= {4, 5}  # 17 right ones in four parts


def test_of_too_many_mistakes_it_takes_some_of_the_whole_fold():
    assert choose(np.zeros(10, dtype=bool), 2).tolist() == [0, 5]


@pytest.mark.parametrize("limit", [0, 3, 100])
def test_it_takes_no_more_than_there_are(limit):
    is_correct = np.array([True, False, True, True, False, True, True])
    chosen = choose(is_correct, limit)
    assert len(set(chosen.tolist())) == len(chosen) == min(limit, 7)


def test_evenly_takes_each_position_once():
    for length in range(1, 12):
        for n in range(13):
            taken = evenly(np.arange(length), n).tolist()
            assert taken == sorted(set(taken)) and len(taken) == min(n, length)
