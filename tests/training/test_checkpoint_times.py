"""Checkpoints by number, or so rarely that they take little of the time."""

import json

import pytest

from esc_gpu.training import checkpoint_times, loop
from esc_gpu.training.accelerator import create_accelerator
from esc_gpu.training.checkpoint_times import CheckpointTimes
from esc_gpu.training.loop import train_fold
from tests.helpers.tiny import parsed
from tests.helpers.tiny_fold import tiny_fold


@pytest.fixture
def clock(monkeypatch):
    """A clock to be set."""
    now = [1000.0]
    monkeypatch.setattr(checkpoint_times.time, "monotonic", lambda: now[0])
    return now


def epochs_with_one(clock, every, n_epochs, epoch_seconds, checkpoint_seconds):
    times, written = CheckpointTimes(every), []
    for epoch in range(1, n_epochs + 1):
        clock[0] += epoch_seconds
        if times.is_due(epoch):
            written.append(epoch)
            with times.timed():
                clock[0] += checkpoint_seconds
    return written


def test_short_epochs_have_one_after_20_times_as_long_as_it_took(clock):
    assert epochs_with_one(clock, None, 30, 1.0, 0.5) == [1, 11, 21]


def test_long_epochs_have_one_each(clock):
    assert epochs_with_one(clock, None, 3, 10.0, 0.5) == [1, 2, 3]


def test_a_number_of_epochs_is_kept_however_long_they_take(clock):
    assert epochs_with_one(clock, 2, 6, 0.001, 5.0) == [2, 4, 6]


@pytest.mark.parametrize(("every", "epochs"), [("null", [1, 4]), ("1", [1, 2, 3, 4]), ("3", [3, 4])])
def test_a_fold_writes_its_first_and_last_epoch_and_what_is_due_between(tmp_path, monkeypatch, clock, every, epochs):
    written, save = [], loop.save_state

    def slowly(*arguments):
        written.append(len(arguments[-1]))
        clock[0] += 0.3  # while the epochs take no time
        save(*arguments)

    monkeypatch.setattr(loop, "save_state", slowly)
    config = parsed("--train.epochs", "4", "--train.checkpoint_every", every)
    train_fold(config, create_accelerator(config, tmp_path), tiny_fold(), 1, tmp_path)
    assert written == epochs
    assert (
        len([json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]) == 4
    )
