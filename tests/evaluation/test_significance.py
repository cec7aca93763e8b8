"""McNemar's test and Holm's correction against sums and cases worked by hand."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from esc_gpu.evaluation.significance import holm, mcnemar


def classifiers(both, first_only, second_only, neither):
    """Which clips two classifiers have right, `(n,)` bool each."""
    counts = (both, first_only, second_only, neither)
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def two_sided(first_only, second_only):
    """The chance that a fair coin, tossed so often, lies at least so far from a half: a sum of binomials."""
    n, far = first_only + second_only, abs(first_only - second_only)
    return float(sum(Fraction(comb(n, k), 2**n) for k in range(n + 1) if abs(2 * k - n) >= far))


@pytest.mark.parametrize(("first_only", "second_only"), [(9, 1), (1, 9), (5, 5), (1, 0), (0, 6), (26, 3), (40, 61)])
def test_mcnemar_equals_the_sum_of_binomials(first_only, second_only):
    found = mcnemar(*classifiers(50, first_only, second_only, 20))
    assert (found["first_only"], found["second_only"]) == (first_only, second_only)
    assert found["p_value"] == pytest.approx(two_sided(first_only, second_only), rel=1e-9)


def test_mcnemar_by_hand():
    """Nine to one: 2 (1 + 10) / 1024."""
    assert mcnemar(*classifiers(3, 9, 1, 3))["p_value"] == pytest.approx(22 / 1024)


def test_clips_that_both_have_right_or_wrong_do_not_count():
    assert mcnemar(*classifiers(0, 8, 2, 0)) == mcnemar(*classifiers(900, 8, 2, 70))


def test_classifiers_that_never_differ():
    assert mcnemar(*classifiers(7, 0, 0, 3)) == {"first_only": 0, "second_only": 0, "p_value": 1.0}


def test_mcnemar_rejects_at_most_as_often_as_it_says():
    """Two classifiers of one skill, 1,000 times."""
    generator = np.random.default_rng(0)
    rejected = sum(mcnemar(*(generator.random((2, 100)) < 0.7))["p_value"] < 0.05 for _ in range(1000))
    assert 15 <= rejected <= 55


def test_holm_by_hand():
    """0.005 × 4; 0.01 × 3; 0.03 × 2; 0.04 × 1, raised to the one before."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_holm_stays_a_probability():
    assert holm([0.5, 0.9, 0.6]) == pytest.approx([1, 1, 1])
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_holm_keeps_the_order_and_lies_between_the_value_and_bonferroni():
    values = np.random.default_rng(1).random(20) ** 3
    adjusted = np.array(holm(values))
    assert (adjusted >= values).all() and (adjusted <= np.minimum(20 * values, 1) + 1e-15).all()
    assert (np.diff(adjusted[values.argsort()]) >= 0).all()
