"""How many units may lose, in each of some orders of them, so that betting on their mean loss still passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
import math

import numpy as np
from numpy.typing import NDArray

from policies.certificates.bounds.betting import BETTING_SEED, betting_p_value
from policies.certificates.label_ratios import RatioCounts


N_ORDERS = 25
_ROUNDING = 1e-9


@dataclass(frozen=True)
class CountedLabels:
    """Labels of ``n`` units that a ratio of counts is about, as though all units that miss any missed as many.

    Attributes:
        n: Number of units.
        weight: What a label that is hit counts: 2 for F1, 1 for recall and precision.
        positives: Labels of a unit that are on, on average; where fewer than 1, so many units have one and others none.
        n_labels: Number of labels that are counted.
        at_once: Labels that a unit misses that misses any, at most those that it has on.
    """

    n: int
    weight: int
    positives: float
    n_labels: int
    at_once: float = 1.0

    def breaking(self, value: float) -> CountedLabels:
        """The same where units miss as few labels as could break a value: one, or more where all may miss one.

        Args:
            value: Least value of the ratio, in (0, 1].
        """
        most_of_each = self.hits * (1 - value) / (self.weight - value * (self.weight - 1))
        return replace(self, at_once=min(math.floor(most_of_each + _ROUNDING) + 1.0, self.hits / self.weight))

    @property
    def n_with_label(self) -> int:
        """Number of units that have a label on, as many as are expected."""
        return round(self.n * min(self.positives, 1.0))

    @property
    def hits(self) -> float:
        """What a unit that has a label on counts where none is missed."""
        return self.weight * self.positives / max(min(self.positives, 1.0), 1e-12)

    def ratio_at(self, missed: float) -> float:
        """The ratio where a share of the units that have a label on miss any."""
        n_missed = self.at_once * missed
        return (self.hits - self.weight * n_missed) / (self.hits - (self.weight - 1) * n_missed)

    def missed_at(self, ratio: float) -> float:
        """The share of the units that have a label on that miss any at a ratio, at most 1."""
        return min(self.hits * (1 - ratio) / (self.at_once * (self.weight - ratio * (self.weight - 1))), 1.0)

    def counts(self, place: NDArray[np.int64], n_missed: int) -> RatioCounts:
        """The counts where the first units of an order miss labels, given the place of each unit, shape (n,)."""
        has, misses = (place < self.n_with_label).astype(np.float64), self.at_once * (place < n_missed)
        numerator, denominator = self.hits * has - self.weight * misses, self.hits * has - (self.weight - 1) * misses
        return RatioCounts("", numerator, denominator, self.n_labels, self.weight)


@lru_cache(maxsize=4096)
def most_lost(n: int, limit: float, delta: float, least: float, size: float) -> tuple[int, ...]:
    """The most of ``n`` units that may lose, in each of 25 orders; -1 where none may.

    Args:
        n: Number of units, each of which loses nothing or ``size``.
        limit: Largest mean loss to certify, in [least, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
        least: Smallest possible loss: 0, or -1 for signed losses.
        size: What a unit loses that loses anything, in (0, 1].
    """

    def passes(place: NDArray[np.int64], n_lost: int) -> bool:
        losses = np.where(place < n_lost, size, 0.0)
        return betting_p_value(losses, limit=limit, delta=delta, least=least) <= delta

    return _most_of_each_order(n, passes, likely=math.ceil(max(limit, 0.0) * n / size), most=n)


@lru_cache(maxsize=4096)
def most_missed(labels: CountedLabels, value: float, delta: float) -> tuple[int, ...]:
    """The most units that may miss labels, in each of 25 orders; -1 where none may.

    Args:
        labels: The labels that are counted.
        value: Least value of the ratio to certify, in (0, 1].
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """

    def passes(place: NDArray[np.int64], n_missed: int) -> bool:
        one = labels.counts(place, n_missed)
        return betting_p_value(one.shortfall(value), limit=0.0, delta=delta, least=one.least(value)) <= delta

    return _most_of_each_order(labels.n, passes, likely=labels.n_with_label, most=labels.n_with_label)


def _most_of_each_order(
    n: int, passes: Callable[[NDArray[np.int64], int], bool], *, likely: int, most: int
) -> tuple[int, ...]:
    """In each of some orders the most units that may lose, by halving; -1 where not even none may.

    Args:
        n: Number of units; without any of them none may lose.
        passes: Whether a test passes where the units before a number lose, given the place of each.
        likely: About the number that it is, or somewhat more.
        most: Largest number.
    """
    if not n:
        return (-1,) * N_ORDERS
    rng = np.random.default_rng(BETTING_SEED)
    found = [_last_near(partial(passes, rng.permutation(n)), likely, most)]
    for _ in range(N_ORDERS - 1):
        # Orders differ little, so that the number of one is near that of another.
        found.append(_last_near(partial(passes, rng.permutation(n)), found[-1], most))
    return tuple(found)


def _last_near(passes: Callable[[int], bool], near: int, most: int) -> int:
    """The last number in 0..most that passes, or -1: by steps from one that is near, which double, then by halving."""
    near = min(max(near, 0), most)
    step = 1 + math.isqrt(near) // 4
    low, high = (near, most + 1) if passes(near) else (-1, near)
    while high == most + 1 and low + step <= most:
        if passes(low + step):
            low, step = low + step, 2 * step
        else:
            high = low + step
    while low == -1 and high - step >= 0:
        if passes(high - step):
            low = high - step
        else:
            high, step = high - step, 2 * step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low
