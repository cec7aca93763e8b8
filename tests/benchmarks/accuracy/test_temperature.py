"""The best temperature against logits whose temperature is known."""

import numpy as np
import pytest

from benchmarks.accuracy.temperature import best_temperature, tempered


def test_a_temperature_divides_the_logits():
    logits = np.array([[1.0, 0.5, -2.0], [0.0, 3.0, 1.0]])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    cold = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(tempered(shares, 0.5), cold, rtol=1e-12)
    np.testing.assert_allclose(tempered(shares, 1.0), shares, rtol=1e-12)


@pytest.mark.parametrize(("certainty", "temperature"), [(0.75, 1.0), (0.9, 2.0), (27 / 28, 3.0)])
def test_three_of_four_that_are_right_are_worth_a_probability_of_three_quarters(certainty, temperature):
    """In logits, 0.75 is ln 3, 0.9 is twice as much, and 27 / 28 is three times as much."""
    probabilities = np.tile([certainty, 1 - certainty], (4, 1))
    found = best_temperature(probabilities, np.array([0, 0, 1, 0]))
    assert found["temperature"] == pytest.approx(temperature, rel=1e-4)
    assert found["loss"] == pytest.approx(-(3 * np.log(0.75) + np.log(0.25)) / 4, rel=1e-8)


def test_where_all_are_right_it_ends_at_the_coldest():
    found = best_temperature(np.array([[0.6, 0.4], [0.3, 0.7]]), np.array([0, 1]))
    assert found["temperature"] == pytest.approx(1 / 20, rel=1e-3)
