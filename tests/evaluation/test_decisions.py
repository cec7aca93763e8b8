"""What is missed and what is wrongly heard, of one class a clip and of several labels."""

from dataclasses import replace

import numpy as np
import pytest

from esc_gpu.evaluation.decisions import Decisions, decide
from esc_gpu.evaluation.finished_run import read_run
from tests.helpers.made_up_runs import write_run
from tests.helpers.several_labels_runs import write_several


@pytest.fixture
def several(tmp_path):
    """Two clips of fold 1 and two of fold 2, of four classes."""
    run = read_run(write_several(tmp_path / "run", n=4, folds=(1, 2)))
    labels = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 0]], dtype=bool)
    probabilities = np.array([[0.9, 0.1, 0.2, 0.6], [0.7, 0.3, 0.4, 0.4], [0.3, 0.0, 0.4, 0.5], [0.2, 0.9, 0.4, 0.1]])
    return replace(run, labels=labels, probabilities=probabilities, folds=np.array([1, 1, 2, 2]))


def test_a_mistake_has_a_missed_or_a_wrongly_heard_class(several):
    found = decide(several)
    assert np.argwhere(found.missed).tolist() == [[0, 1], [2, 2]]
    assert np.argwhere(found.wrongly_heard).tolist() == [[0, 3]]
    assert found.mistakes.tolist() == [0, 2] and found.sureness.tolist() == pytest.approx([0.9, 0, 0.6, 0])
    assert found.surest(0) == {"predicted": 3, "true": 1} and found.surest(2) == {"true": 2}


def test_each_fold_has_its_threshold(several):
    found = decide(several, {"folds": [{"fold": 1, "threshold": 0.65}, {"fold": 2, "threshold": 0.4}]})
    assert np.argwhere(found.missed).tolist() == [[0, 1]]  # 0.4 counts as present
    assert np.argwhere(found.wrongly_heard).tolist() == [[3, 2]]
    assert found.mistakes.tolist() == [0, 3] and found.surest(3) == {"predicted": 2}


def test_of_several_wrong_classes_the_surest_leads(several):
    probabilities = np.array([[0.3, 0.1, 0.8, 0.6], *several.probabilities[1:]])
    assert decide(replace(several, probabilities=probabilities)).surest(0) == {"predicted": 2, "true": 1}


def test_equally_sure_mistakes_are_in_the_order_of_the_clips():
    true, sureness = np.tile([True, False], (40, 1)), np.tile([0.5, 0.75], 20)
    found = Decisions(true, ~true, np.full((40, 2), 0.5), sureness).mistakes
    assert found.tolist() == [*range(1, 40, 2), *range(0, 40, 2)]


def test_one_class_a_clip_is_taken_for_another(tmp_path):
    run = read_run(write_run(tmp_path / "run", skill=0.5))
    found = decide(run)
    rows = found.mistakes
    assert sorted(rows.tolist()) == np.flatnonzero(run.labels != run.predictions).tolist() and len(rows) > 2
    assert (np.diff(run.probabilities.max(axis=1)[rows]) <= 0).all()
    assert [found.surest(row) for row in rows] == [
        {"predicted": run.predictions[row], "true": run.labels[row]} for row in rows
    ]
    assert (found.missed.sum(axis=1) == found.wrongly_heard.sum(axis=1)).all() and found.missed.sum() == len(rows)
