"""Pairs of clips, mixed: who is whose partner, and what is heard."""

import csv

import numpy as np
import pytest
import soundfile

from benchmarks.accuracy.mixed_pairs import FIRST_ONLY, RMS, draw_partners, write_pairs
from esc_gpu.data.recordings.table import read_table
from tests.helpers.tiny import RATE, write_tones


@pytest.fixture
def recordings(tmp_path):
    return read_table(write_tones(tmp_path / "tones"))


def test_a_partner_is_of_another_class_in_the_same_fold(recordings):
    partner = draw_partners(recordings, seed=0)
    assert (recordings.folds[partner] == recordings.folds).all()
    assert (recordings.labels[partner] != recordings.labels).all()
    assert not np.array_equal(partner, draw_partners(recordings, seed=1))


def test_both_are_heard_at_the_same_power(recordings, tmp_path):
    pairs = read_table(write_pairs(recordings, tmp_path / "pairs", RATE, 1.0))
    assert pairs.task == "multi_label" and (pairs.labels.sum(axis=1) == 2).all()
    assert pairs.class_names == recordings.class_names and pairs.folds.tolist() == recordings.folds.tolist()
    assert pairs.labels[np.arange(len(recordings.labels)), recordings.labels].all()
    mixture = soundfile.read(pairs.paths[0])[0]
    own, other = (soundfile.read(recordings.paths[n])[0] for n in (0, draw_partners(recordings, 0)[0]))
    expected = RMS * (own / own.std() + other / other.std())
    np.testing.assert_allclose(mixture, expected, atol=2e-3)
    rows = list(csv.DictReader((tmp_path / "pairs" / FIRST_ONLY).open(encoding="utf-8")))
    assert [row["label"] for row in rows] == [recordings.class_names[label] for label in recordings.labels]
