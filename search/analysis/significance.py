"""Whether two groups of runs differ, judged by one figure over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from search.errors import StatisticsError


N_BOOTSTRAP = 10_000
MOST_PERMUTATIONS = 10_000
CONFIDENCE_LEVEL = 0.95
_DIGITS = 12


@dataclass(frozen=True)
class Comparison:
    """How the second group differs from the first.

    Attributes:
        first_mean: Mean of the first group.
        second_mean: Mean of the second group.
        first_sd: Sample standard deviation (n - 1) of the first group.
        second_sd: Sample standard deviation (n - 1) of the second group.
        difference: Second mean less first mean.
        interval: 95 % percentile bootstrap interval of the difference (Efron, 1979).
        p_value: Two-sided permutation test of equal distributions; its least value is 2 over the number of
            ways to split the runs, so few runs can never be significant.
        p_is_exact: Whether all splits were counted rather than a random sample of them.
        cohens_d: Difference over the root mean square of the groups' population standard deviations (n).
        cohens_d_sample: Difference over the pooled sample standard deviation (n - 1; Cohen, 1988); smaller, and
            what most tools call Cohen's d. Both are None where neither group varies.
    """

    first_mean: float
    second_mean: float
    first_sd: float
    second_sd: float
    difference: float
    interval: tuple[float, float]
    p_value: float
    p_is_exact: bool
    cohens_d: float | None
    cohens_d_sample: float | None


def compare(first: Sequence[float], second: Sequence[float], *, seed: int = 0) -> Comparison:
    """Compare one figure of two groups of independent runs, such as two recipes over seeds.

    Args:
        first: The figure of each run of the first group, at least 2.
        second: The figure of each run of the second group, at least 2.
        seed: Seed of the bootstrap, and of permutations where there are too many to count all.

    Raises:
        StatisticsError: If a group has fewer than two values, or one that is not a finite number.
    """
    one, two = _checked("first", first), _checked("second", second)
    generator = np.random.default_rng(seed)
    p_value, p_is_exact = _permutation_test(one, two, generator)
    cohens_d, cohens_d_sample = _effect(one, two)
    return Comparison(
        first_mean=float(one.mean()),
        second_mean=float(two.mean()),
        first_sd=float(one.std(ddof=1)),
        second_sd=float(two.std(ddof=1)),
        difference=float(two.mean() - one.mean()),
        interval=_bootstrap_interval(one, two, generator),
        p_value=p_value,
        p_is_exact=p_is_exact,
        cohens_d=cohens_d,
        cohens_d_sample=cohens_d_sample,
    )


def _checked(name: str, values: Sequence[float]) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise StatisticsError(f"the {name} group must be numbers but is {list(values)!r}; leave others out") from None
    if array.ndim != 1 or array.size < 2:
        raise StatisticsError(
            f"the {name} group must have at least 2 values but has shape {array.shape}; run it with more seeds"
        )
    bad = np.flatnonzero(~np.isfinite(array))
    if bad.size:
        raise StatisticsError(
            f"the {name} group must be finite numbers but value {bad[0]} is {array[bad[0]]}; leave failed runs out"
        )
    return array


def _bootstrap_interval(
    one: NDArray[np.float64], two: NDArray[np.float64], generator: np.random.Generator
) -> tuple[float, float]:
    # Percentile, since the correction of BCa needs more values than a handful of seeds.
    interval = stats.bootstrap(
        (one, two),
        _mean_difference,
        n_resamples=N_BOOTSTRAP,
        confidence_level=CONFIDENCE_LEVEL,
        method="percentile",
        rng=generator,
    ).confidence_interval
    return float(interval.low), float(interval.high)


def _permutation_test(
    one: NDArray[np.float64], two: NDArray[np.float64], generator: np.random.Generator
) -> tuple[float, bool]:
    is_exact = math.comb(len(one) + len(two), len(one)) <= MOST_PERMUTATIONS
    largest = float(max(np.abs(one).max(), np.abs(two).max())) or 1.0

    def difference(one: NDArray[np.float64], two: NDArray[np.float64], axis: int = -1) -> Any:
        # Splits with the same difference are ties, and sums in another order differ in their last digits.
        return np.round(_mean_difference(one / largest, two / largest, axis), _DIGITS)

    result = stats.permutation_test(
        (one, two),
        difference,
        permutation_type="independent",
        n_resamples=MOST_PERMUTATIONS,
        alternative="two-sided",
        rng=generator,
    )
    return float(result.pvalue), is_exact


def _mean_difference(one: NDArray[np.float64], two: NDArray[np.float64], axis: int = -1) -> Any:
    return np.mean(two, axis=axis) - np.mean(one, axis=axis)


def _effect(one: NDArray[np.float64], two: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Cohen's d with population and with pooled sample standard deviations."""
    # Not the deviation: that of equal values need not be exactly 0.
    if np.ptp(one) == 0 and np.ptp(two) == 0:
        return None, None
    difference = float(two.mean() - one.mean())
    squares = len(one) * one.var() + len(two) * two.var()
    return (
        difference / math.sqrt((one.var() + two.var()) / 2),
        difference / math.sqrt(squares / (len(one) + len(two) - 2)),
    )
