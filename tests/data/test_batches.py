"""Batches: what is in them, in which order, on which rank."""

import numpy as np
import pytest
import torch

from esc_gpu import EscGpuError
from esc_gpu.data.batches import WaveformSource, evaluation_batches, shuffled_batches

CPU = torch.device("cpu")


@pytest.fixture
def waveforms():
    return np.random.default_rng(0).integers(-(2**15), 2**15, (20, 50)).astype(np.int16)


@pytest.mark.parametrize("residence", ["device", "stream", "auto"])
def test_a_batch_holds_the_clips_of_its_numbers(waveforms, residence):
    source = WaveformSource(waveforms, CPU, residence)
    index = [np.array([3, 1]), np.array([19, 0, 0])]
    batches = list(source.batches(index))
    assert [batch.dtype for batch in batches] == [torch.int16] * 2
    for batch, clips in zip(batches, index, strict=True):
        assert np.array_equal(batch.numpy(), waveforms[clips])


def test_no_batches_is_no_batches(waveforms):
    assert list(WaveformSource(waveforms, CPU, "stream").batches([])) == []


def test_auto_streams_what_does_not_fit(waveforms, monkeypatch):
    monkeypatch.setattr("esc_gpu.data.batches.free_memory", lambda device: 2 * waveforms.nbytes)
    assert WaveformSource(waveforms, CPU).resident is None
    monkeypatch.setattr("esc_gpu.data.batches.free_memory", lambda device: 2 * waveforms.nbytes + 2)
    assert WaveformSource(waveforms, CPU).resident is not None


def test_streaming_reads_one_batch_ahead(waveforms):
    source, asked = WaveformSource(waveforms, CPU, "stream"), []

    def index():
        for number in range(4):
            asked.append(number)
            yield np.array([number])

    batches = source.batches(index())
    next(batches)
    assert asked == [0, 1]


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


def test_fewer_clips_than_processes_are_refused():
    with pytest.raises(EscGpuError, match="3 training clips are too few for 4 processes"):
        shuffled_batches(np.arange(3), 8, (0,), 0, 4)


def test_ranks_share_the_batches_of_one_process():
    clips = np.arange(40)
    whole = shuffled_batches(clips, 8, (5,))
    ranks = [shuffled_batches(clips, 8, (5,), rank, 2) for rank in range(2)]
    for batch, *parts in zip(whole, *ranks, strict=True):
        assert np.array_equal(batch, np.concatenate(parts))


@pytest.mark.parametrize(("n_clips", "world_size"), [(10, 1), (10, 2), (11, 2), (3, 4), (80, 3)])
def test_evaluation_gives_each_rank_as_many_and_covers_all(n_clips, world_size):
    clips = np.arange(7, 7 + n_clips)
    ranks = [np.concatenate(evaluation_batches(clips, 4, rank, world_size)) for rank in range(world_size)]
    assert len({len(rank) for rank in ranks}) == 1
    interleaved = np.stack(ranks, axis=1).ravel()[:n_clips]
    assert np.array_equal(interleaved, clips)
