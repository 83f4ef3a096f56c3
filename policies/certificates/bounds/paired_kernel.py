"""The compiled loops of the paired test: its regions, and a bound of their largest probability."""

from __future__ import annotations

import math

from numba import njit
import numpy as np
from numpy.typing import NDArray


_MOST_CELLS = 20_000
"""Cells of the nuisance from which on the bound is taken as it is."""
_MOST_POWER = 5.0
"""Logarithm of the power from which on a cell is too wide to bound."""
_NEGLIGIBLE = 1e-20
_RARE = 1e-20
_TIES = 1e-9
_TINY = 1e-300
_RELATIVE_ROUNDING = 1e-8
_ROUNDING = 1e-12


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def log_factorials(n: int) -> NDArray[np.float64]:
    """Logarithms of 0!, 1!, ..., n!, shape (n + 1,)."""
    found = np.zeros(n + 1)
    for k in range(1, n + 1):
        found[k] = math.lgamma(k + 1.0)
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def score(n_lost: int, n_gained: int, n: int, limit: float) -> float:
    """Tango's score statistic (Statistics in Medicine, 1998): how far the drop lies above ``limit``, in deviations.

    The variance is that at the likeliest probability of a gain where the drop is just ``limit``.
    """
    b = -n_lost * (1 + limit) - n_gained * (1 - limit) + 2 * n * limit
    c = -n_gained * limit * (1 - limit)
    gained = (math.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
    gained = min(max(gained, 0.0, -limit), (1 - limit) / 2)
    variance = n * (2 * gained + limit * (1 - limit))
    excess = n_lost - n_gained - n * limit
    if variance <= 0:
        return 0.0 if abs(excess) < _TIES else math.copysign(math.inf, excess)
    return excess / math.sqrt(variance)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def least_gained(n_lost: int, n_gained: int, n: int, limit: float) -> NDArray[np.int64]:
    """The region of what is at least as good as what was seen, as the fewest gains it takes for each number of losses.

    Regions are level sets of the score statistic, made convex in the sense of Barnard: with an outcome they hold all
    that lose no more and gain no less. They are nested, and each outcome gets the first that is sure to hold it.

    Returns:
        Shape (n + 1,); more than ``n - b`` where no outcome with ``b`` losses is in the region.
    """
    level = -math.inf
    for b in range(n_lost + 1):
        level = max(level, score(b, n_gained, n, limit))
    level += _TIES * (1 + abs(level))
    found = np.empty(n + 1, dtype=np.int64)
    c = 0
    for b in range(n + 1):
        while c <= n - b and score(b, c, n, limit) > level:
            c += 1
        found[b] = c
        if c > n - b:
            found[b:] = n + 1
            break
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _term(k: int, n: int, log_p: float, log_rest: float, logs: NDArray[np.float64]) -> float:
    """P(Binomial(n, p) = k)."""
    if k < 0 or k > n:
        return 0.0
    return float(np.exp(logs[n] - logs[k] - logs[n - k] + k * log_p + (n - k) * log_rest))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _upper_tail(least: int, n: int, log_p: float, log_rest: float, logs: NDArray[np.float64]) -> float:
    """P(Binomial(n, p) >= least), never too small but for rounding."""
    if least <= 0:
        return 1.0
    total, k, mode = 0.0, least, n * math.exp(log_p)
    while k <= n:
        term: float = _term(k, n, log_p, log_rest, logs)
        total += term
        # Above the mode terms fall faster and faster.
        if k > mode and term < _NEGLIGIBLE * total:
            return min(total + term * n, 1.0)
        k += 1
    return min(total, 1.0)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _window(n: int, p: float, logs: NDArray[np.float64]) -> tuple[int, int]:
    """The least and the largest number of losses that are not negligibly rare: each beyond is rarer than 1e-20."""
    log_p, log_rest = math.log(p), math.log1p(-p)
    mode = min(int((n + 1) * p), n)
    low, high = mode, mode
    while low > 0 and _term(low - 1, n, log_p, log_rest, logs) > _RARE:
        low -= 1
    while high < n and _term(high + 1, n, log_p, log_rest, logs) > _RARE:
        high += 1
    return low, high


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def region_probability(
    fewest: NDArray[np.int64], p_lost: float, p_gained: float, p_same: float, logs: NDArray[np.float64]
) -> float:
    """Probability of a region, never too small: over the losses, of the gains given these.

    Args:
        fewest: Fewest gains of an outcome in the region for each number of losses, ascending, shape (n + 1,).
        p_lost: Probability that a unit loses, in (0, 1).
        p_gained: Probability that a unit gains, in (0, 1).
        p_same: Probability that it does neither, in (0, 1).
        logs: Logarithms of factorials, shape (n + 1,).
    """
    n = fewest.size - 1
    log_lost, log_others = math.log(p_lost), math.log1p(-p_lost)
    log_gained = math.log(p_gained / (p_gained + p_same))
    log_same = math.log(p_same / (p_gained + p_same))
    low, high = _window(n, p_lost, logs)
    # What is as rare as what is left out, n times at most.
    total = n * _RARE
    while high >= low and fewest[high] > n - high:
        high -= 1
    if high < low:
        return total
    tail = _upper_tail(fewest[high], n - high, log_gained, log_same, logs)
    for b in range(high, low - 1, -1):
        if b < high:
            # One unit more that may gain, and then fewer gains that are enough: nothing but sums.
            k = fewest[b + 1]
            tail += math.exp(log_gained) * _term(k - 1, n - b - 1, log_gained, log_same, logs)
            while k > fewest[b]:
                k -= 1
                tail += _term(k, n - b, log_gained, log_same, logs)
        total += min(tail, 1.0) * _term(b, n, log_lost, log_others, logs)
    return min(total * (1 + _RELATIVE_ROUNDING), 1.0)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _cell(
    fewest: NDArray[np.int64], limit: float, low: float, high: float, logs: NDArray[np.float64]
) -> tuple[float, float]:
    """The probability of a region in the middle of a cell of the nuisance, and a bound of it in all of the cell.

    The probability of each outcome is a product of powers of linear functions of the nuisance, so that its logarithm
    is concave and lies below its tangent in the middle. The sum of the exponentials of these tangents is convex in the
    nuisance, so that it is largest at an end of the cell; there it is the probability of the same region under another
    trinomial distribution, times a power.
    """
    n = fewest.size - 1
    middle = (low + high) / 2
    lost, gained = limit + middle, middle
    lost, gained, same = max(lost, _TINY), max(gained, _TINY), max(1 - lost - gained, _TINY)
    value = region_probability(fewest, lost, gained, same, logs)
    if high <= low:
        return value, value
    bound = 0.0
    for side in (low - middle, high - middle):
        own_lost = lost * math.exp(side / lost)
        own_gained = gained * math.exp(side / gained)
        own_same = same * math.exp(-2 * side / same)
        total = own_lost + own_gained + own_same
        log_power = n * math.log(total)
        if log_power > _MOST_POWER:
            return value, 1.0
        own = region_probability(fewest, own_lost / total, own_gained / total, own_same / total, logs)
        bound = max(bound, math.exp(log_power) * own * (1 + _RELATIVE_ROUNDING) + _ROUNDING)
    return value, min(bound, 1.0)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def largest_probability(
    fewest: NDArray[np.int64],
    limit: float,
    low: float,
    high: float,
    logs: NDArray[np.float64],
    tolerance: float,
    decided_at: float,
) -> float:
    """A bound, never too small, of the largest probability of a region where the drop is just ``limit``.

    The cell of the largest bound is halved until that bound is near the largest probability that was seen.

    Args:
        fewest: Fewest gains of an outcome in the region for each number of losses, ascending, shape (n + 1,).
        limit: Probability of a loss less that of a gain.
        low: Least probability of a gain.
        high: Largest probability of a gain.
        logs: Logarithms of factorials, shape (n + 1,).
        tolerance: How much too large the bound may be, as a share of it.
        decided_at: It is enough to know whether the bound is above this; NaN: it is not. Without it the answer is on
            the same side.
    """
    lows, highs, bounds = np.empty(_MOST_CELLS), np.empty(_MOST_CELLS), np.empty(_MOST_CELLS)
    lows[0], highs[0] = low, high
    best, bounds[0] = _cell(fewest, limit, low, high, logs)
    n_cells = 1
    while n_cells < _MOST_CELLS:
        worst = np.argmax(bounds[:n_cells])
        if bounds[worst] <= best * (1 + tolerance) + _ROUNDING * 10:
            break
        if best > decided_at or bounds[worst] <= decided_at:
            break
        left, right, parent = lows[worst], highs[worst], bounds[worst]
        # Cells near 0 are judged by their ratio.
        middle = (left + right) / 2 if right < 8 * left or left + limit <= 0 else math.sqrt(left * right)
        if left <= 0:
            middle = right / 4
        if not left < middle < right:
            middle = (left + right) / 2
        for place, start, end in ((worst, left, middle), (n_cells, middle, right)):
            lows[place], highs[place] = start, end
            value, bound = _cell(fewest, limit, start, end, logs)
            best, bounds[place] = max(best, value), min(bound, parent)
        n_cells += 1
    return float(max(bounds[:n_cells].max(), best))
