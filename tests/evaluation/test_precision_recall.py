"""The curve of precision over recall against scikit-learn's average precision, and by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from esc_gpu.evaluation.precision_recall import precision_recall


def test_the_steps_of_a_small_ranking():
    """Right, wrong, right, and two that score alike, one of which is right."""
    found = precision_recall(np.array([0.9, 0.8, 0.7, 0.2, 0.2]), np.array([1, 0, 1, 1, 0], dtype=bool))
    assert found.recall.tolist() == pytest.approx([1 / 3, 2 / 3, 1])
    assert found.precision.tolist() == pytest.approx([1, 2 / 3, 3 / 5])


def test_their_area_is_the_average_precision():
    generator = np.random.default_rng(0)
    positive = generator.random(300) < 0.2
    scores = np.round(generator.random(300) + 0.3 * positive, 2)  # many alike
    found = precision_recall(scores, positive)
    widths = np.diff(found.recall, prepend=0)
    assert (widths * found.precision).sum() == pytest.approx(average_precision_score(positive, scores), rel=1e-12)
    thinned = precision_recall(scores, positive, most=7)
    everything = precision_recall(np.arange(205) / 205, np.ones(205, dtype=bool))
    steps = np.round(np.arange(100) * 204 / 99)
    assert everything.recall == pytest.approx((1 + steps) / 205)  # a hundred of them, the first and the last among them
    assert len(thinned.recall) == 7 and thinned.recall[-1] == 1 and set(thinned.recall) <= set(found.recall)
    area = (np.diff(thinned.recall, prepend=0) * thinned.precision).sum()
    assert area == pytest.approx(average_precision_score(positive, scores), rel=1e-12)
