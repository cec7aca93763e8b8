"""Average precision with weights: scikit-learn's, ties and clips of no weight included."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from esc_gpu.core.average_precision import average_precision, mean_average_precision


@pytest.mark.parametrize("levels", [4, 1000])
def test_it_is_that_of_scikit_learn(levels):
    """With few levels most clips score alike."""
    generator = np.random.default_rng(levels)
    for _ in range(30):
        scores = generator.integers(0, levels, 40) / levels
        positive = generator.random(40) < 0.3
        weights = generator.integers(0, 3, (4, 40)).astype(float)
        for found, row in zip(average_precision(scores, positive, weights), weights, strict=True):
            expected = average_precision_score(positive, scores, sample_weight=row)
            assert found == pytest.approx(expected, abs=1e-12)


def test_no_positive_clip_has_no_average_precision():
    scores, positive = np.array([0.1, 0.9]), np.array([True, False])
    assert np.isnan(average_precision(scores, positive, np.array([[0.0, 1.0], [1.0, 1.0]]))).tolist() == [True, False]
    assert np.isnan(average_precision(scores, ~positive & positive, np.ones((1, 2)))).all()


def test_the_mean_leaves_out_classes_without_clips():
    generator = np.random.default_rng(0)
    scores, positive = generator.random((20, 3)), generator.random((20, 3)) < 0.5
    positive[:, 1] = False
    expected = average_precision_score(positive[:, [0, 2]], scores[:, [0, 2]], average="macro")
    assert mean_average_precision(scores, positive) == pytest.approx(expected)
    assert np.isnan(mean_average_precision(scores, np.zeros_like(positive)))
