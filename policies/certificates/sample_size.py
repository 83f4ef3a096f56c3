"""How many samples a certificate needs, and what a given number of them can certify."""

from __future__ import annotations

from collections.abc import Callable
import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.binomial import error_p_value
from policies.certificates.bounds.paired import paired_passes
from policies.certificates.bounds.sums import is_quick, sum_p_values
from policies.certificates.orders import CountedLabels, most_lost, most_missed


_MOST_SAMPLES = 10_000_000
_MOST_BETS = 250_000
_N_SUMS = 1001


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

    As many as there are where these are enough; None where no number would, or only more than 250,000.

    Args:
        losses: One per unit, shape (n,), in [least, 1], in any order that does not depend on them.
        limit: Largest mean loss to certify, in [least, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
        least: Smallest possible loss: 0, or -1 for signed losses.
    """
    if losses.mean() >= limit:
        return None

    def is_enough(n: int) -> bool:
        return betting_p_value(np.resize(losses, n), limit=limit, delta=delta, least=least) <= delta

    n = len(losses)
    if is_enough(n):
        return n
    return _fewest(is_enough, start=2 * n, most=_MOST_BETS) if 2 * n <= _MOST_BETS else None


def sum_units_needed(losses: NDArray[np.float64], *, limit: float, delta: float) -> int | None:
    """About how many units certify the limit by the worst case of their sum if further losses are like these.

    From where that takes long to know it is as though units lost all or nothing, which needs about as many. None where
    no number would do.

    Args:
        losses: One per unit, shape (n,), in [0, 1].
        limit: Largest mean loss to certify, in [0, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    mean = float(losses.mean())
    if mean >= limit:
        return None
    roughly = samples_needed(mean, target=1 - limit, delta=delta)
    if roughly is None or not is_quick(2 * max(roughly, len(losses)), limit=limit):
        return roughly

    def is_enough(n: int) -> bool:
        return bool(sum_p_values(np.array([mean * n]), n, limit=limit)[0] <= delta)

    return _fewest(is_enough, start=min(len(losses), roughly), most=2 * max(roughly, len(losses))) or roughly


def paired_units_needed(n_lost: int, n_gained: int, n: int, *, limit: float, delta: float) -> int | None:
    """Fewest units that certify the limit by the paired test if as large shares of them lose and gain.

    None where no number would, or only more than 250,000.

    Args:
        n_lost: Number of units that lose 1.
        n_gained: Number of units that gain 1.
        n: Number of units.
        limit: Largest share lost less share gained to certify, in [0, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    if n_lost - n_gained >= limit * n:
        return None

    def is_enough(units: int) -> bool:
        lost, gained = math.ceil(n_lost * units / n), n_gained * units // n
        return paired_passes(lost, gained, units, limit=limit, delta=delta)

    return _fewest(is_enough, start=n, most=_MOST_BETS)


def certifiable_mean(n: int, *, limit: float, delta: float, least: float = 0.0, size: float = 1.0) -> float | None:
    """The largest mean of ``n`` losses that betting certifies in half of all orders, if losses are 0 or one size.

    Of all losses in [0, 1] of one mean, those that are 0 or 1 deviate most and are the hardest to bet on: for
    others a size of 1 is on the safe side.

    Args:
        n: Number of units, each with one loss.
        limit: Largest mean loss to certify, in [least, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
        least: Smallest possible loss: 0, or -1 for signed losses.
        size: What a unit loses that loses anything, in (0, 1]: one label of ten wrong is 0.1 of a Hamming loss.

    Returns:
        None where even losses of 0 throughout would not do.
    """
    most = min(int(np.median(most_lost(n, limit, delta, least, size))), math.ceil(limit * n / size))
    return None if most < 0 else size * most / n


def certifiable_sum(n: int, *, limit: float, delta: float) -> float | None:
    """The largest mean of ``n`` losses that the worst case of their sum certifies, whatever their sizes.

    Args:
        n: Number of units, each with one loss.
        limit: Largest mean loss to certify, in [0, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).

    Returns:
        None where even losses of 0 throughout would not do, or where so many losses take long.
    """
    if not is_quick(n, limit=limit):
        return None
    sums = np.linspace(0.0, limit * n, _N_SUMS)
    certified = sums[sum_p_values(sums, n, limit=limit) <= delta]
    return float(certified[-1]) / n if certified.size else None


def certifiable_ratio(
    n: int, *, value: float, delta: float, weight: int, positives: float, n_labels: int
) -> float | None:
    """The least ratio of counts of labels that betting certifies in half of all orders.

    As though units that miss labels missed as few as could break the value, mostly one.

    Args:
        n: Number of units.
        value: Least value of the ratio to certify, in (0, 1].
        delta: Largest probability of certifying what does not hold, in (0, 1).
        weight: What a label that is hit counts: 2 for F1, 1 for recall and precision.
        positives: Labels of a unit that are on, on average; where fewer than 1, so many units have one and others none.
        n_labels: Number of labels that are counted.

    Returns:
        None where even no miss would not do.
    """
    labels = CountedLabels(n, weight, positives, n_labels).breaking(value)
    most = int(np.median(most_missed(labels, value, delta))) if labels.n_with_label else -1
    return None if most < 0 else labels.ratio_at(most / labels.n_with_label)


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
