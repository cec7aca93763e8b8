"""Whether two classifiers differ by more than chance: McNemar's test, and Holm's correction for many such tests."""

from collections.abc import Sequence

import numpy as np


def mcnemar(right: np.ndarray, other_right: np.ndarray) -> dict[str, float]:
    """Exact test of whether two classifiers are equally accurate, on the same clips.

    Only the clips that one of them has right count: if both are equally accurate, each of those is a toss of a fair
    coin. McNemar, Note on the sampling error of the difference between correlated proportions or percentages, 1947;
    Edwards, Note on the "correction for continuity" in testing the significance of the difference between correlated
    proportions, 1948. Exact, as here, it needs neither their chi-square nor a correction.

    Args:
        right, other_right: `(n,)` bool, whether each clip was right.

    Returns:
        `first_only` and `second_only`, the clips that only one has right, and the two-sided `p_value`.
    """
    from scipy.stats import binomtest  # here: it takes half as long to load as torch

    first_only, second_only = int((right & ~other_right).sum()), int((~right & other_right).sum())
    tosses = first_only + second_only
    p_value = float(binomtest(first_only, tosses).pvalue) if tosses else 1.0
    return {"first_only": first_only, "second_only": second_only, "p_value": p_value}


def holm(p_values: Sequence[float]) -> list[float]:
    """P values adjusted for their number: where those under 0.05 are rejected, the chance that any of them is true is
    at most 5 % (Holm, A simple sequentially rejective multiple test procedure, 1979).

    The smallest is multiplied by their number m, the next by m - 1 and so on; none may be less than one before it.
    """
    values = np.asarray(p_values)
    order = values.argsort(kind="stable")
    adjusted = np.empty_like(values)
    adjusted[order] = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1)).clip(max=1)
    return adjusted.tolist()
