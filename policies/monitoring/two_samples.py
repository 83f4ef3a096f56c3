"""Whether two samples come from one distribution: counts of kinds, and numbers of which one has quantiles only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, kstwobign


_LEAST_EXPECTED = 5.0


def homogeneity_p_value(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Chi-square test (Pearson, 1900) that both counted the same kinds equally often.

    Kinds of which fewer than 5 are expected in the smaller sample are counted as one, the next rarest with them until
    there are 5 (Cochran, 1954). Which these are depends on both samples together, so that the level is kept. Where the
    counts are means over groups, they vary less than the test takes them to: it is on the safe side.

    Args:
        first: Units of each kind in one sample, shape (K,).
        second: Units of each kind in the other, shape (K,).

    Returns:
        The p-value; 1 where only one kind is left.
    """
    counts = _without_rare(np.stack([first, second]))
    return 1.0 if counts.shape[1] < 2 else float(chi2_contingency(counts, correction=False).pvalue)


def _without_rare(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts (2, K) to (2, K'), the rarest kinds as one."""
    total = counts.sum(axis=0)
    expected = total * (counts.sum(axis=1).min() / total.sum())
    order = np.argsort(expected, kind="stable")
    ascending = expected[order]
    n_rare = int((ascending < _LEAST_EXPECTED).sum())
    while 0 < n_rare < len(order) and ascending[:n_rare].sum() < _LEAST_EXPECTED:
        n_rare += 1
    kept, rare = counts[:, np.sort(order[n_rare:])], counts[:, order[:n_rare]].sum(axis=1, keepdims=True)
    return kept if not rare.sum() else np.concatenate([kept, rare], axis=1)


@dataclass(frozen=True)
class Deviation:
    """Where two distribution functions differ most.

    Attributes:
        size: Difference of the shares, in [0, 1].
        at: Number that it is found at.
        is_at_most: Whether the shares are of what is at most that number; else of what is below it.
        first: Share of the first sample, known to a hundredth.
        second: Share of the second sample.
    """

    size: float
    at: float
    is_at_most: bool
    first: float
    second: float


def largest_deviation(
    levels: NDArray[np.float64],
    quantiles: NDArray[np.float64],
    below: NDArray[np.float64],
    at_most: NDArray[np.float64],
) -> Deviation:
    """The largest difference that is certain, where of the first sample some quantiles are known and nothing else.

    At least a share ``levels[j]`` of the first sample is at most ``quantiles[j]``, and at most that share is below it.
    So the second sample's share differs by at least ``levels[j] - at_most[j]``, or ``below[j] - levels[j]``. The
    difference of all of the numbers is at least as large: a p-value of this one is on the safe side.

    Args:
        levels: Shares that the quantiles belong to, shape (K,).
        quantiles: The least number of the first sample that such a share is at most, shape (K,).
        below: Share of the second sample that is below each quantile, shape (K,).
        at_most: Share of the second sample that is at most each quantile, shape (K,).
    """
    fewer, more = levels - at_most, below - levels
    if fewer.max() >= more.max():
        j = int(fewer.argmax())
        return Deviation(max(float(fewer[j]), 0.0), float(quantiles[j]), True, float(levels[j]), float(at_most[j]))
    j = int(more.argmax())
    return Deviation(max(float(more[j]), 0.0), float(quantiles[j]), False, float(levels[j]), float(below[j]))


def deviation_p_value(deviation: Deviation, n_first: int, n_second: int) -> float:
    """Two-sample test of Kolmogorov and Smirnov, on the limit distribution (Smirnov, 1939).

    Small exact p-values are a little smaller, also of samples as small as 20. Ties, and means over groups, are on the
    safe side too.
    """
    effective = n_first * n_second / (n_first + n_second)
    return float(kstwobign.sf(deviation.size * np.sqrt(effective)))


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """P-values that may each be compared with the level of all of them together (Holm, 1979), shape (K,)."""
    order = np.argsort(p_values, kind="stable")
    ascending = p_values[order] * np.arange(len(p_values), 0, -1)
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(np.maximum.accumulate(ascending), 1.0)
    return adjusted
