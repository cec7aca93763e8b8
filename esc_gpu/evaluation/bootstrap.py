"""How far a metric would be from what it is on other recordings: bootstrap intervals."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from scipy.special import ndtr, ndtri

from esc_gpu.core.source_names import sources_by_name

CONFIDENCE = 0.95
RESAMPLES, SEED = 10_000, 0  # of the draws, where no others are given
AT_ONCE = 500  # resamples in memory together


def resampling_units(filenames: Sequence[str]) -> tuple[str, np.ndarray]:
    """What the bootstrap draws, so that clips that depend on each other are drawn together.

    ESC-50 cuts several clips out of one source recording, whose number is in the clip's name,
    FOLD-SOURCE-TAKE-TARGET.wav; other data sets do likewise. Where every name has the form of one of these a unit is a
    source recording, else a file. The same file in several runs is one unit.

    Returns:
        "source recording" or "file", and `(n,)` int64 in 0..units-1.
    """
    known = sources_by_name(filenames)
    names = known[1] if known else list(filenames)
    return "source recording" if known else "file", np.unique(names, return_inverse=True)[1].astype(np.int64)


def accuracy_intervals(
    predictions: np.ndarray, labels: np.ndarray, num_classes: int, units: np.ndarray, n_resamples: int, seed: int
) -> dict[str, dict[str, float]]:
    """The 95 % intervals of `accuracy` and `macro_f1`, as by `bootstrap`.

    Args:
        predictions, labels: `(n,)` int64 in 0..num_classes-1.
        units, n_resamples, seed: of `bootstrap`.
    """
    classes = np.arange(num_classes)
    predicted, true = predictions[:, None] == classes, labels[:, None] == classes
    counts = np.hstack([predicted & true, predicted, true])
    return bootstrap(counts, units, {"accuracy": _accuracy, "macro_f1": _macro_f1}, n_resamples, seed)


def paired_difference(
    right: np.ndarray, other_right: np.ndarray, units: np.ndarray, n_resamples: int, seed: int
) -> dict[str, float]:
    """How much more accurate one classifier is than another on the same clips: `difference`, and its 95 % interval.

    Args:
        right, other_right: `(n,)`, whether each clip was right; with several seeds, the share of them.
        units, n_resamples, seed: of `bootstrap`.
    """
    gain = right.astype(np.float64) - other_right
    values = np.column_stack([gain, np.ones_like(gain)])
    return {
        "difference": float(gain.mean()),
        **bootstrap(values, units, {"difference": _mean}, n_resamples, seed)["difference"],
    }


def bootstrap(
    values: np.ndarray,
    units: np.ndarray,
    statistics: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    n_resamples: int,
    seed: int,
) -> dict[str, dict[str, float]]:
    """95 % intervals of statistics that follow from sums over the clips, by drawing units with replacement.

    The intervals are bias-corrected and accelerated (BCa): Efron & Tibshirani, An introduction to the bootstrap, 1993,
    section 14.3. Macro-F1 needs that: in a draw it is lower than in the whole, the more so the fewer clips a class has.

    Args:
        values: `(n, D)`, what is summed.
        units: `(n,)` int64, as by `resampling_units`; each value in 0..max is there.
        statistics: by name, from `(m, D)` sums to `(m,)` values.
        n_resamples: draws, each of as many units as there are.
        seed: of the draws.

    Returns:
        For each statistic `low` and `high`.
    """
    totals = np.zeros((int(units.max()) + 1, values.shape[1]))
    np.add.at(totals, units, values)
    whole = totals.sum(axis=0, keepdims=True)
    drawn = _sums_of_draws(totals, n_resamples, seed)
    return {
        name: _bca(float(statistic(whole)[0]), statistic(drawn), statistic(whole - totals))
        for name, statistic in statistics.items()
    }


def bootstrap_weights(
    statistics: Callable[[np.ndarray], np.ndarray], units: np.ndarray, n_resamples: int, seed: int
) -> list[dict[str, float] | None]:
    """`bootstrap` of statistics that are no sums over the clips, such as average precision.

    Args:
        statistics: from weights of the clips `(m, n)`, how often each was drawn, to `(m, S)` values. NaN where a draw
            has none, as where no clip of a class is in it: the interval is that of the other draws.
        units, n_resamples, seed: as of `bootstrap`, and with the same draws.

    Returns:
        For each of the S statistics `low` and `high`; None for one that is not defined for all the clips.
    """
    n_units = int(units.max()) + 1
    drawn = np.concatenate([statistics(times[:, units]) for times in _times_drawn(n_units, n_resamples, seed)])
    left_out = np.concatenate([statistics((part[:, None] != units).astype(np.float64)) for part in _in_parts(n_units)])
    (whole,) = statistics(np.ones((1, len(units))))
    return [_bca_of_defined(float(value), drawn[:, column], left_out[:, column]) for column, value in enumerate(whole)]


def _in_parts(n: int) -> list[np.ndarray]:
    """0..n-1, at most `AT_ONCE` together."""
    return np.split(np.arange(n), range(AT_ONCE, n, AT_ONCE))


def _bca_of_defined(estimate: float, drawn: np.ndarray, left_out: np.ndarray) -> dict[str, float] | None:
    drawn, left_out = drawn[np.isfinite(drawn)], left_out[np.isfinite(left_out)]
    if not np.isfinite(estimate) or not len(drawn):
        return None
    return _bca(estimate, drawn, left_out if len(left_out) else np.array([estimate]))


def _times_drawn(n_units: int, n_resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each unit is in a resample, `(m, n_units)` for some of the resamples at a time."""
    generator = np.random.default_rng(seed)
    for n_draws in map(len, _in_parts(n_resamples)):
        drawn = generator.integers(n_units, size=(n_draws, n_units)) + n_units * np.arange(n_draws)[:, None]
        yield np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape).astype(np.float64)


def _sums_of_draws(totals: np.ndarray, n_resamples: int, seed: int) -> np.ndarray:
    return np.concatenate([times @ totals for times in _times_drawn(len(totals), n_resamples, seed)])


def _bca(estimate: float, drawn: np.ndarray, left_out: np.ndarray) -> dict[str, float]:
    """The interval, from the estimate, its `drawn` values and those with each unit `left_out`."""
    below = ((drawn < estimate).mean() + (drawn <= estimate).mean()) / 2
    bias = ndtri(np.clip(below, 0.5 / len(drawn), 1 - 0.5 / len(drawn)))
    deviation = left_out.mean() - left_out
    spread = 6 * (deviation**2).sum() ** 1.5
    acceleration = (deviation**3).sum() / spread if spread > 0 else 0.0
    shifted = bias + ndtri([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    low, high = np.quantile(drawn, ndtr(bias + shifted / (1 - acceleration * shifted)))
    return {"low": float(low), "high": float(high)}


def _accuracy(sums: np.ndarray) -> np.ndarray:
    right, _, true = np.split(sums, 3, axis=1)
    return right.sum(axis=1) / true.sum(axis=1).clip(1)


def _macro_f1(sums: np.ndarray) -> np.ndarray:
    """Over the classes that have clips or predictions, as `evaluation.scores`."""
    right, predicted, true = np.split(sums, 3, axis=1)
    seen = predicted + true
    return (2 * right / seen.clip(1)).sum(axis=1) / (seen > 0).sum(axis=1).clip(1)


def _mean(sums: np.ndarray) -> np.ndarray:
    return sums[:, 0] / sums[:, 1].clip(1)
