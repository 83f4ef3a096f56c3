"""How many samples a certificate needs, and what a given number of them can certify."""

from __future__ import annotations

from collections.abc import Callable
import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from policies.certificates.betting import BETTING_SEED, betting_p_value
from policies.certificates.binomial import error_p_value


_MOST_SAMPLES = 10_000_000
_MOST_BETS = 250_000
_N_ORDERS = 25


def certifiable_accuracy(n: int, *, target: float, delta: float) -> float | None:
    """Least accuracy that, observed on ``n`` samples, certifies the target; None where even no error would not do.

    A search that aims at less than this finds policies that cannot be certified.
    """
    most_errors = int(binom.ppf(delta, n, 1 - target))
    while most_errors >= 0 and error_p_value(most_errors, n, target) > delta:
        most_errors -= 1
    return None if most_errors < 0 else 1 - most_errors / n


def samples_needed(error_rate: float, *, target: float, delta: float) -> int | None:
    """Fewest samples that certify the target if the observed error rate stays as it is; None if none would."""
    if error_rate >= 1 - target:
        return None
    return _fewest(lambda n: error_p_value(math.ceil(error_rate * n), n, target) <= delta, start=1, most=_MOST_SAMPLES)


def units_needed(losses: NDArray[np.float64], *, limit: float, delta: float, least: float = 0.0) -> int | None:
    """About how many units certify the limit by betting if further losses are like these.

    None where no number would, or only more than 250,000.

    Args:
        losses: One per unit, shape (n,), in [least, 1], in any order that does not depend on them.
        limit: Largest mean loss to certify, in [least, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
        least: Smallest possible loss: 0, or -1 for signed losses.
    """
    if losses.mean() >= limit:
        return None
    return _fewest(
        lambda n: betting_p_value(np.resize(losses, n), limit=limit, delta=delta, least=least) <= delta,
        start=len(losses),
        most=_MOST_BETS,
    )


def certifiable_mean(n: int, *, limit: float, delta: float, least: float = 0.0) -> float | None:
    """The largest mean of ``n`` losses that betting certifies in half of all orders, if losses are 0 or 1.

    Of all losses in [0, 1] of one mean, those that are 0 or 1 deviate most and are the hardest to bet on: for
    others this is on the safe side.

    Args:
        n: Number of units, each with one loss.
        limit: Largest mean loss to certify, in [least, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
        least: Smallest possible loss: 0, or -1 for signed losses.

    Returns:
        None where even losses of 0 throughout would not do.
    """
    rng = np.random.default_rng(BETTING_SEED)
    places = [rng.permutation(n) for _ in range(_N_ORDERS)]

    def is_certified(n_lost: int) -> bool:
        losses = [(place < n_lost).astype(np.float64) for place in places]
        p_values = [betting_p_value(one, limit=limit, delta=delta, least=least) for one in losses]
        return bool(np.median(p_values) <= delta)

    if not is_certified(0):
        return None
    return _last(is_certified, low=0, high=math.ceil(limit * n)) / n


def _fewest(is_enough: Callable[[int], bool], *, start: int, most: int) -> int | None:
    """Fewest units that are enough, by doubling and halving; None if ``most`` are not."""
    n = start
    while not is_enough(n):
        n *= 2
        if n > most:
            return None
    return _last(lambda fewer: not is_enough(fewer), low=n // 2, high=n) + 1


def _last(holds: Callable[[int], bool], *, low: int, high: int) -> int:
    """The last number from ``low`` that something holds for, by halving, if it holds at ``low`` and not at ``high``."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
