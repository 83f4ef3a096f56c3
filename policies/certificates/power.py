"""How little a policy must lose in truth, so that it is certified with a stated probability: the power of a test.

Over draws of ``n`` units the number that lose is binomial. The exact test passes with at most ``k`` of them; how many
betting lets pass depends on the order in which they come.
"""

from __future__ import annotations

from functools import lru_cache
import math

import numpy as np
from scipy.optimize import brentq
from scipy.stats import beta, binom

from policies.certificates.claims import require_delta
from policies.certificates.orders import CountedLabels, most_lost, most_missed
from policies.certificates.sample_size import certifiable_accuracy, certifiable_sum
from policies.errors import ClaimError


_PRECISION = 1e-9


def require_power(power: float) -> None:
    """Refuse a probability of being certified that is none, or that nothing but luck or certainty could give.

    Raises:
        ClaimError: If it is not in (0, 1).
    """
    if not 0 < power < 1:
        raise ClaimError(f"power must be above 0 and below 1 but is {power}")


def loss_rate_at_power(n: int, *, limit: float, delta: float, power: float) -> float | None:
    """The largest true rate of losses with which the exact binomial test passes with probability ``power``.

    With at most ``k`` losses of ``n`` the test passes. P(Binomial(n, p) <= k) = ``power`` at the quantile
    ``1 - power`` of the beta distribution of ``k + 1`` and ``n - k``.

    Args:
        n: Number of units, each of which loses or does not.
        limit: Largest rate of losses to certify, in [0, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
        power: Probability of passing, in (0, 1).

    Returns:
        At most the limit; None where even no loss would not pass.

    Raises:
        ClaimError: If ``delta`` or ``power`` is not in (0, 1).
    """
    require_delta(delta)
    require_power(power)
    return _rate_with_at_most(_most_counted(n, limit, delta), n, limit, power)


def summed_loss_at_power(n: int, *, limit: float, delta: float, power: float) -> float | None:
    """The largest true rate of losses with which the worst case of their sum passes with probability ``power``.

    Args:
        n: Number of units, each of which loses 1 or nothing, though the test does not know that.
        limit: Largest mean loss to certify, in [0, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
        power: Probability of passing, in (0, 1).

    Returns:
        At most the limit; None where even no loss would not pass, or where the test takes long.

    Raises:
        ClaimError: If ``delta`` or ``power`` is not in (0, 1).
    """
    require_delta(delta)
    require_power(power)
    return _rate_with_at_most(_most_summed(n, limit, delta), n, limit, power)


def mean_loss_at_power(
    n: int, *, limit: float, delta: float, power: float, least: float = 0.0, size: float = 1.0
) -> float | None:
    """The largest true mean of losses with which betting passes with probability ``power``, if they are 0 or one size.

    The probability is over the number of units that lose, which is counted exactly, and over 25 orders of them.

    Args:
        n: Number of units, each with one loss.
        limit: Largest mean loss to certify, in [least, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
        power: Probability of passing, in (0, 1).
        least: Smallest possible loss: 0, or -1 for signed losses.
        size: What a unit loses that loses anything, in (0, 1]: one label of ten wrong is 0.1 of a Hamming loss.

    Returns:
        At most the limit; None where even losses of 0 throughout would not pass.

    Raises:
        ClaimError: If ``delta`` or ``power`` is not in (0, 1).
    """
    require_delta(delta)
    require_power(power)
    rate = _rate_at_power(most_lost(n, limit, delta, least, size), n, power)
    return None if rate is None else min(size * rate, limit)


def ratio_at_power(
    n: int, *, value: float, delta: float, power: float, weight: int, positives: float, n_labels: int
) -> float | None:
    """The least true ratio of counts of labels with which betting passes with probability ``power``.

    As though units missed as few labels as could break the value, mostly one, and as many units had labels on as are
    expected.

    Args:
        n: Number of units.
        value: Least value of the ratio to certify, in (0, 1].
        delta: Largest probability of certifying what does not hold, in (0, 1).
        power: Probability of passing, in (0, 1).
        weight: What a label that is hit counts: 2 for F1, 1 for recall and precision.
        positives: Labels of a unit that are on, on average; where fewer than 1, so many units have one and others none.
        n_labels: Number of labels that are counted.

    Returns:
        At least the value; None where even no miss would not pass.

    Raises:
        ClaimError: If ``delta`` or ``power`` is not in (0, 1).
    """
    require_delta(delta)
    require_power(power)
    labels = CountedLabels(n, weight, positives, n_labels).breaking(value)
    if not labels.n_with_label:
        return None
    missed = _rate_at_power(most_missed(labels, value, delta), labels.n_with_label, power)
    return None if missed is None else max(labels.ratio_at(missed), value)


def chance_at_rate(n: int, rate: float, *, limit: float, delta: float) -> float:
    """The probability that the exact binomial test passes where each of n units loses with probability ``rate``.

    Args:
        n: Number of units.
        rate: True rate of losses.
        limit: Largest rate of losses to certify, in [0, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    return float(binom.cdf(_most_counted(n, limit, delta), n, rate))


def first_units_at_power(rate: float, *, limit: float, delta: float, power: float, most: int) -> int | None:
    """The first number of units with which the exact binomial test passes with probability ``power``.

    Counts move in steps, so that a few more than these may pass a little less often: from where one more loss is let
    pass until the next, the probability falls. So it is reached first where one more is.

    Args:
        rate: True rate of losses, below the limit.
        limit: Largest rate of losses to certify, in [0, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
        power: Probability of passing, in (0, 1).
        most: Most units that are looked at.

    Returns:
        None where more than ``most`` would be needed.

    Raises:
        ClaimError: If ``delta`` or ``power`` is not in (0, 1).
    """
    require_delta(delta)
    require_power(power)
    n_lost, n = 0, 1
    while n <= most:
        n = _fewest_with(n_lost, limit, delta, at_least=n, most=most)
        if n <= most and binom.cdf(n_lost, n, rate) >= power:
            return n
        n_lost += 1
    return None


def _fewest_with(n_lost: int, limit: float, delta: float, *, at_least: int, most: int) -> int:
    """The fewest units with which the exact test lets so many losses pass; more than ``most`` where these do not."""
    low, high = at_least - 1, at_least
    while binom.cdf(n_lost, high, limit) > delta:
        if high > most:
            return high
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if binom.cdf(n_lost, middle, limit) > delta else (low, middle)
    return high


def chance_at_sum(n: int, mean: float, *, limit: float, delta: float) -> float:
    """The probability that the worst case of their sum passes at a true mean of losses that are 0 or 1.

    Args:
        n: Number of units.
        mean: True mean of the losses.
        limit: Largest mean loss to certify, in [0, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    return float(binom.cdf(_most_summed(n, limit, delta), n, mean))


def chance_at_mean(n: int, mean: float, *, limit: float, delta: float, least: float = 0.0, size: float = 1.0) -> float:
    """The probability that betting passes at a true mean of losses that are 0 or one size.

    Args:
        n: Number of units.
        mean: True mean of the losses.
        limit: Largest mean loss to certify, in [least, 1).
        delta: Largest probability of certifying what does not hold, in (0, 1).
        least: Smallest possible loss: 0, or -1 for signed losses.
        size: What a unit loses that loses anything, in (0, 1].
    """
    return float(np.mean(binom.cdf(most_lost(n, limit, delta, least, size), n, min(mean / size, 1.0))))


def chance_at_ratio(
    n: int, ratio: float, *, value: float, delta: float, weight: int, positives: float, n_labels: int
) -> float:
    """The probability that betting passes at a true ratio of counts of labels; arguments as of ``ratio_at_power``."""
    labels = CountedLabels(n, weight, positives, n_labels).breaking(value)
    if not labels.n_with_label:
        return 0.0
    most = most_missed(labels, value, delta)
    return float(np.mean(binom.cdf(most, labels.n_with_label, labels.missed_at(ratio))))


def _rate_with_at_most(most: int, n: int, limit: float, power: float) -> float | None:
    """The rate of losses, at most a limit, at which at most so many of n units lose as often as ``power``."""
    return None if most < 0 else min(float(beta.ppf(1 - power, most + 1, n - most)), limit)


def _rate_at_power(most: tuple[int, ...], n: int, power: float) -> float | None:
    """The rate of losses at which no more of n units lose than orders let pass, as often as ``power``.

    None where in most orders not even no loss passes; 0 where it does, but less often than ``power``.
    """
    if np.median(most) < 0:
        return None

    def excess(rate: float) -> float:
        return float(np.mean(binom.cdf(most, n, rate))) - power

    if excess(0.0) <= 0:
        return 0.0
    return 1.0 if excess(1.0) >= 0 else float(brentq(excess, 0.0, 1.0, xtol=_PRECISION))


def _most_counted(n: int, limit: float, delta: float) -> int:
    """The most units that may lose by the exact binomial test; -1 where none may."""
    least = certifiable_accuracy(n, target=1 - limit, delta=delta) if n else None
    return -1 if least is None else round((1 - least) * n)


@lru_cache(maxsize=4096)
def _most_summed(n: int, limit: float, delta: float) -> int:
    """The most units that may lose by the worst case of their sum; -1 where none may."""
    most = certifiable_sum(n, limit=limit, delta=delta) if n else None
    return -1 if most is None else math.floor(most * n + _PRECISION)
