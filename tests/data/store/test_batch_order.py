"""The order of an epoch, and who evaluates what."""

import numpy as np
import pytest

from esc_gpu import EscGpuError
from esc_gpu.data.store.batch_order import evaluation_batches, shuffled_batches


def test_an_epoch_visits_every_clip_once_in_a_seeded_order():
    clips = np.arange(100, 132)
    batches = shuffled_batches(clips, 8, (0, 1))
    assert [len(batch) for batch in batches] == [8] * 4
    assert sorted(np.concatenate(batches)) == list(clips)
    assert np.array_equal(np.concatenate(batches), np.concatenate(shuffled_batches(clips, 8, (0, 1))))
    assert not np.array_equal(np.concatenate(batches), np.concatenate(shuffled_batches(clips, 8, (0, 2))))


def test_the_incomplete_last_batch_is_left_out_unless_it_is_the_only_one():
    assert [len(batch) for batch in shuffled_batches(np.arange(20), 8, (0,))] == [8, 8]
    assert [len(batch) for batch in shuffled_batches(np.arange(5), 8, (0,))] == [5]


def test_the_only_batch_is_cut_to_equal_parts():
    (batch,) = shuffled_batches(np.arange(11), 16, (0,), 4)
    assert len(batch) == 8 and len(set(batch.tolist())) == 8


def test_fewer_clips_than_parts_are_refused():
    with pytest.raises(EscGpuError, match="3 training clips are too few for 4 parts.*train.accumulation"):
        shuffled_batches(np.arange(3), 8, (0,), 4)


@pytest.mark.parametrize(("n_clips", "world_size"), [(10, 1), (10, 2), (11, 2), (3, 4), (80, 3)])
def test_evaluation_gives_each_rank_as_many_and_covers_all(n_clips, world_size):
    clips = np.arange(7, 7 + n_clips)
    ranks = [np.concatenate(evaluation_batches(clips, 4, rank, world_size)) for rank in range(world_size)]
    assert len({len(rank) for rank in ranks}) == 1
    interleaved = np.stack(ranks, axis=1).ravel()[:n_clips]
    assert np.array_equal(interleaved, clips)
