"""Losses in [0, 1] of few units: an exact test and bound of their mean by the worst case of their sum."""

from __future__ import annotations

from functools import lru_cache
import math

import numpy as np
from numpy.typing import NDArray

from policies.certificates.bounds.sums_kernel import worst_case
from policies.certificates.claims import require_delta
from policies.errors import ClaimError


MOST_WORK = 1e8
"""Steps of the backward induction from which on :func:`is_quick` calls it slow: some tenths of a second."""
_WORK_OF_A_LIMIT = 1e8
_WORK_OF_FINER_STEPS = 1e6
_MOST_PARTS = 1000
_MOST_PRODUCT = 5000
_ROUNDING = 1e-9


def sum_p_value(losses: NDArray[np.float64], *, limit: float, parts: int | None = None) -> float:
    """How surely the mean of independent losses is below ``limit``: the worst case of so small a sum, exact at any n.

    The largest probability of a sum at most as large as that of ``losses`` over all losses in [0, 1] whose means are
    at least ``limit``, of one distribution or of several, whatever came before. It comes by backward induction from
    the last loss to the first: with r of the sum left, the best that the next loss can do is the concave envelope of
    what is left after it, at the limit. Of losses of 0 and 1 (``parts=1``) it is the exact binomial test.

    Losses that may be anything in [0, 1] do their worst on the multiples of a common part of the limit and of 1, and
    between two multiples the worst case is convex, so that the test is that for the largest fraction a / M of small
    a and M that is not above the limit: at most a few percent below it, and none for a limit such as .05 or .01. Where
    units are few, parts are divided further: of a limit of few parts, such as 1/2, a p-value would else be larger than
    of a limit of many parts that is below it.

    Args:
        losses: One per unit, shape (n,), in [0, 1]. Time and memory grow as the square of n: it is for few units.
        limit: Largest mean, in [0, 1).
        parts: Every possible loss is a multiple of ``1 / parts``, which must be known before losses are seen; None:
            losses may be anything in [0, 1].

    Raises:
        ClaimError: If there are no losses, or one is out of range or no such multiple.
    """
    _require(losses, parts)
    return float(sum_p_values(np.array([losses.sum()]), losses.size, limit=limit, parts=parts)[0])


def sum_p_values(sums: NDArray[np.float64], n: int, *, limit: float, parts: int | None = None) -> NDArray[np.float64]:
    """:func:`sum_p_value` of several sums of ``n`` losses each, shape (draws,), at the cost of one of them."""
    below = _fraction_below(limit, n) if parts is None else (limit * parts, parts)
    if below is None:
        return np.ones(sums.shape)
    mean_steps, n_steps = below
    steps = sums * n_steps
    # A sum of whole steps is one in spite of rounding.
    whole = np.round(steps)
    steps = np.where(np.abs(steps - whole) <= _ROUNDING * max(n, 1), whole, steps)
    steps = np.minimum(steps, math.ceil(n * mean_steps))
    table = _table(n, n_steps, mean_steps, math.ceil(float(steps.max())))
    # Between two multiples the worst case is convex.
    return np.minimum(np.interp(steps, np.arange(table.size), table) * (1 + _ROUNDING), 1.0)


def sum_upper_bound(losses: NDArray[np.float64], *, delta: float, parts: int | None = None) -> float:
    """Upper bound of the mean of independent losses at confidence ``1 - delta``, by the worst case of their sum.

    The smallest of the limits that :func:`sum_p_value` tests, fractions a / M of small a and M, that it holds to at
    level ``delta``: p-values fall as the limit grows. A bound is at most a limit just where its p-value is at most
    ``delta``. With ``parts`` it is the smallest limit of all, to 1e-9.

    Args:
        losses: One per unit, shape (n,), in [0, 1].
        delta: Largest probability that the bound does not hold, in (0, 1).
        parts: Every possible loss is a multiple of ``1 / parts``; None: losses may be anything in [0, 1].

    Raises:
        ClaimError: If there are no losses, or one is out of range or no such multiple.
    """
    require_delta(delta)
    _require(losses, parts)
    mean = float(losses.mean())

    def holds(limit: float) -> bool:
        return sum_p_value(losses, limit=limit, parts=parts) <= delta

    if parts is not None:
        low, high = mean, 1.0
        while high - low > _ROUNDING:
            middle = (low + high) / 2
            low, high = (low, middle) if holds(middle) else (middle, high)
        return high
    limits = _limits(losses.size)[0]
    place, end = int(np.searchsorted(limits, mean, side="right")), limits.size
    while place < end:
        middle_place = (place + end) // 2
        place, end = (place, middle_place) if holds(float(limits[middle_place])) else (middle_place + 1, end)
    return float(limits[place]) if place < limits.size else 1.0


def is_quick(n: int, *, limit: float) -> bool:
    """Whether the test of ``n`` losses takes some tenths of a second at most, and a bound ten times that."""
    below = _fraction_below(limit, n)
    return below is None or n * n * below[0] * below[1] <= MOST_WORK


def _fraction_below(limit: float, n: int) -> tuple[float, int] | None:
    """Numerator and denominator of the largest limit that is tested and not above ``limit``; None where none is."""
    limits, numerators, denominators = _limits(n)
    place = int(np.searchsorted(limits, limit * (1 + _ROUNDING), side="right")) - 1
    return None if place < 0 else (float(numerators[place]), int(denominators[place]))


@lru_cache(maxsize=64)
def _limits(n: int) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Limits that ``n`` losses are tested for, ascending, and their numerators and denominators, not in lowest terms.

    Unit fractions, and those that do not take much time. Denominators are as large as takes next to no time.
    """
    limits, numerators, denominators = _fractions()
    taken = (numerators == 1) | (numerators * denominators * n**2 <= _WORK_OF_A_LIMIT)
    limits, numerators, denominators = limits[taken], numerators[taken], denominators[taken]
    most = min(4 * _MOST_PRODUCT, _WORK_OF_FINER_STEPS / n**2)
    finer = np.maximum(np.sqrt(most / (numerators * denominators)).astype(np.int64), 1)
    return limits, finer * numerators, finer * denominators


@lru_cache(maxsize=1)
def _fractions() -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Fractions in (0, 1) in lowest terms, ascending, and their numerators and denominators."""
    numerators, denominators = np.mgrid[1:_MOST_PARTS, 2 : _MOST_PARTS + 1].reshape(2, -1)
    taken = (numerators < denominators) & (numerators * denominators <= _MOST_PRODUCT)
    numerators, denominators = numerators[taken], denominators[taken]
    lowest = np.gcd(numerators, denominators) == 1
    numerators, denominators = numerators[lowest], denominators[lowest]
    order = np.argsort(numerators / denominators)
    return (numerators / denominators)[order], numerators[order], denominators[order]


@lru_cache(maxsize=256)
def _table(n: int, n_steps: int, mean_steps: float, most_steps: int) -> NDArray[np.float64]:
    return np.asarray(worst_case(n, n_steps, mean_steps, most_steps))


def _require(losses: NDArray[np.float64], parts: int | None) -> None:
    if losses.ndim != 1 or losses.size == 0:
        raise ClaimError(f"losses must be a list of at least one number but have shape {losses.shape}")
    if not (np.isfinite(losses).all() and losses.min() >= 0 and losses.max() <= 1):
        raise ClaimError(f"losses must lie in [0, 1] but lie in [{losses.min():g}, {losses.max():g}]")
    if parts is not None and np.abs(losses * parts - np.round(losses * parts)).max() > _ROUNDING:
        raise ClaimError(f"losses must be multiples of 1/{parts} but are not all; leave parts out")
