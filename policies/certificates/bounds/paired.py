"""Losses of -1, 0 and 1: an exact test of their mean, on the counts of what is lost and gained."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from policies.certificates.bounds.paired_kernel import largest_probability, least_gained, log_factorials
from policies.certificates.claims import require_delta
from policies.errors import ClaimError


NUISANCE_SHARE = 1e-3
"""Share of ``delta`` that is spent on knowing how often units gain."""
_TOLERANCE = 1e-3
_STEP = 1e-8
_FURTHER = np.linspace(0.0, 1.5, 61)[1:]
"""How far above a bound, in its distances from what was observed, limits are tried that might fail all the same."""


def paired_p_value(n_lost: int, n_gained: int, n: int, *, limit: float, delta: float) -> float:
    """How surely the probability of a loss less that of a gain is below ``limit``: exact, at any number of units.

    At most ``p`` with probability ``p`` where the difference is at least ``limit``, whatever the probability of a gain
    is. Outcomes are ordered by Tango's score statistic ("Equivalence test and confidence interval for the difference
    in proportions for the paired-sample design", Statistics in Medicine 1998), made convex in the sense of Barnard
    (1947): losing less or gaining more is never worse. The p-value is that of Berger and Boos ("P values maximized
    over a confidence set for the nuisance parameter", JASA 1994): the largest probability of what is at least as good,
    over the probabilities of a gain in their Clopper-Pearson interval of level ``delta / 1000``, plus that level. The
    maximum is bounded from above, never sought on a grid alone, so that it may be too large by a thousandth of it.

    Args:
        n_lost: Number of units that lose 1.
        n_gained: Number of units that lose -1.
        n: Number of independent units; the others lose 0.
        limit: Largest difference, in (-1, 1).
        delta: The level that the p-value is compared with; the p-value is valid at any other.

    Raises:
        ClaimError: If the counts are not those of ``n`` units, or ``limit`` or ``delta`` is out of range.
    """
    _require(n_lost, n_gained, n, limit, delta)
    return _p_value(int(n_lost), int(n_gained), int(n), float(limit), float(delta))


def paired_p_values(
    n_lost: NDArray[np.int64], n_gained: NDArray[np.int64], n: int, *, limit: float, delta: float
) -> NDArray[np.float64]:
    """:func:`paired_p_value` of several pairs of counts among ``n`` units each, shape (draws,)."""
    pairs = zip(n_lost, n_gained, strict=True)
    return np.array([paired_p_value(int(lost), int(gained), n, limit=limit, delta=delta) for lost, gained in pairs])


def paired_passes(n_lost: int, n_gained: int, n: int, *, limit: float, delta: float) -> bool:
    """Whether :func:`paired_p_value` is at most ``delta``, which is known sooner than the p-value."""
    _require(n_lost, n_gained, n, limit, delta)
    return _passes(int(n_lost), int(n_gained), int(n), float(limit), float(delta), float(delta))


def paired_upper_bound(n_lost: int, n_gained: int, n: int, *, delta: float, settled_for: float | None = None) -> float:
    """Upper bound of the probability of a loss less that of a gain at confidence ``1 - delta``, in [-1, 1].

    The smallest limit, to 1e-8 and rounded up, from which on :func:`paired_p_value` for ``settled_for`` is at most
    ``delta``, by halving between the observed difference and 1. P-values fall as the limit grows, but where units gain
    not everywhere, since the order of outcomes depends on the limit: 60 limits above are tried, and where one fails, it
    is from there on. So a limit below the bound may pass, seldom, and narrow windows above it may slip: where all
    outcomes of few units were counted, a bound failed to hold with a probability of at most 1.0022 ``delta``.

    Args:
        n_lost: Number of units that lose 1.
        n_gained: Number of units that lose -1.
        n: Number of independent units; the others lose 0.
        delta: Largest probability that the bound does not hold, in (0, 1).
        settled_for: The level that the interval of a gain is made for, settled before any loss is seen; ``delta`` where
            None.

    Raises:
        ClaimError: If the counts are not those of ``n`` units, or a level is out of range.
    """
    own = delta if settled_for is None else settled_for
    require_delta(delta)
    _require(n_lost, n_gained, n, 0.0, own)
    return _upper_bound(int(n_lost), int(n_gained), int(n), float(delta), float(own))


@lru_cache(maxsize=100_000)
def _p_value(n_lost: int, n_gained: int, n: int, limit: float, delta: float) -> float:
    return min(_largest(n_lost, n_gained, n, limit, delta, math.nan) + NUISANCE_SHARE * delta, 1.0)


@lru_cache(maxsize=100_000)
def _passes(n_lost: int, n_gained: int, n: int, limit: float, delta: float, settled_for: float) -> bool:
    left = delta - NUISANCE_SHARE * settled_for
    return _largest(n_lost, n_gained, n, limit, settled_for, left) <= left


def _largest(n_lost: int, n_gained: int, n: int, limit: float, delta: float, decided_at: float) -> float:
    """The largest probability of what is at least as good over the interval of the probability of a gain."""
    tail = NUISANCE_SHARE * delta / 2
    low = 0.0 if n_gained == 0 else float(beta.ppf(tail, n_gained, n - n_gained + 1))
    high = 1.0 if n_gained == n else float(beta.ppf(1 - tail, n_gained + 1, n - n_gained))
    # Where gains are rarer than ``-limit`` no loss at all is too much, which is the likelier the more units gain.
    low, high = max(low, -limit, 0.0), max(min(high, (1 - limit) / 2), -limit)
    if low > high:
        # No difference of at least ``limit`` goes with any of these probabilities.
        return 0.0
    fewest = least_gained(n_lost, n_gained, n, limit)
    return float(largest_probability(fewest, limit, low, high, _logs(n), _TOLERANCE, decided_at))


@lru_cache(maxsize=10_000)
def _upper_bound(n_lost: int, n_gained: int, n: int, delta: float, settled_for: float) -> float:
    def passes(limit: float) -> bool:
        return _passes(n_lost, n_gained, n, limit, delta, settled_for)

    observed = (n_lost - n_gained) / n
    bound = _halved(passes, low=observed, high=1.0)
    # The order of outcomes depends on the limit, so that a limit above one that passes may fail.
    further = np.minimum(bound + (bound - observed) * _FURTHER, 1.0)
    for low, high in zip(further[-2::-1], further[:0:-1], strict=True):
        if low < 1 and not passes(float(low)):
            return _halved(passes, low=float(low), high=float(high))
    return bound


def _halved(passes: Callable[[float], bool], *, low: float, high: float) -> float:
    """A limit that passes, to 1e-8 above one that does not."""
    while high - low > _STEP:
        middle = (low + high) / 2
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high


@lru_cache(maxsize=16)
def _logs(n: int) -> NDArray[np.float64]:
    return np.asarray(log_factorials(n))


def _require(n_lost: int, n_gained: int, n: int, limit: float, delta: float) -> None:
    require_delta(delta)
    if n < 1 or min(n_lost, n_gained) < 0 or n_lost + n_gained > n:
        raise ClaimError(
            f"units that lose and that gain must be among n units, at least 1, but are {n_lost} and {n_gained} of {n}"
        )
    if not -1 < limit < 1:
        raise ClaimError(f"a limit of what is lost less what is gained must lie between -1 and 1 but is {limit:g}")
