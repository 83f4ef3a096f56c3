"""The statistics of certificates on counts and arrays alone: the exact binomial, and betting."""

from __future__ import annotations

from collections.abc import Callable
import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import beta, binom

from policies.certificates.claims import require_delta
from policies.errors import ClaimError


BETTING_SEED = 20_240_101
_LARGEST_STAKE = 0.9
_MOST_SAMPLES = 10_000_000
_MOST_BETS = 250_000
_ROUNDING = 1e-9
_N_ORDERS = 25


def binomial_p_value(n_losses: int, n: int, *, limit: float) -> float:
    """P(Binomial(n, limit) <= n_losses): small where the loss rate is surely below ``limit``."""
    return float(binom.cdf(n_losses, n, limit))


def binomial_upper_bound(n_losses: int, n: int, *, delta: float) -> float:
    """One-sided upper bound of a loss rate at confidence ``1 - delta`` (Clopper and Pearson, 1934)."""
    return 1.0 if n_losses == n else float(beta.ppf(1 - delta, n_losses + 1, n - n_losses))


def error_p_value(n_errors: int, n: int, target: float) -> float:
    """P(Binomial(n, 1 - target) <= n_errors): small where the accuracy is surely above the target."""
    return binomial_p_value(n_errors, n, limit=1 - target)


def accuracy_lower_bound(n_errors: int, n: int, *, delta: float) -> float:
    """One-sided lower bound of the accuracy at confidence ``1 - delta`` (Clopper and Pearson, 1934)."""
    return 1 - binomial_upper_bound(n_errors, n, delta=delta)


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


def betting_order(n: int) -> NDArray[np.int64]:
    """The order in which ``n`` losses are bet on, shape (n,): shuffled, always alike, and blind to the losses.

    A table may come sorted by class; the bets learn the spread of the losses from those that went before.
    """
    return np.random.default_rng(BETTING_SEED).permutation(n)


def betting_p_value(losses: NDArray[np.float64], *, limit: float, delta: float, least: float = 0.0) -> float:
    """How surely the mean of independent losses is below ``limit``: one over the most capital that bets on it won.

    The capital of fair bets rarely grows (Ville, 1939), so that this is at most ``p`` with probability ``p`` where
    the mean is not below the limit. The stakes are the predictable plug-in ones of Waudby-Smith and Ramdas
    ("Estimating means of bounded random variables by betting", JRSS B 2024), truncated to 0.9 of the capital.

    Args:
        losses: One per unit, shape (n,), in [least, 1], in any order that does not depend on them.
        limit: Largest mean, in [least, 1).
        delta: The level that the stakes are made for; the p-value is valid at any other.
        least: Smallest possible loss: 0, or -1 for signed losses.

    Raises:
        ClaimError: If there are no losses, or one is out of range.
    """
    scaled = _scaled(losses, least)
    log_capital = _log_capital(scaled, _stakes(scaled, delta), (limit - least) / (1 - least))
    return math.exp(-max(log_capital, 0.0))


def betting_upper_bound(losses: NDArray[np.float64], *, delta: float, least: float = 0.0) -> float:
    """Upper bound of the mean of independent losses at confidence ``1 - delta``, by betting.

    It is the smallest limit that :func:`betting_p_value` holds to at level ``delta``: the capital grows with the
    limit, so that nothing above it could be the mean either.

    Args:
        losses: As :func:`betting_p_value` takes them.
        delta: In (0, 1).
        least: Smallest possible loss: 0, or -1 for signed losses.

    Raises:
        ClaimError: If there are no losses, or one is out of range.
    """
    scaled = _scaled(losses, least)
    stakes = _stakes(scaled, delta)

    def excess(mean: float) -> float:
        return _log_capital(scaled, stakes, mean) - math.log(1 / delta)

    low, high = float(scaled.min()), 1.0 - _ROUNDING
    if low >= high or excess(high) <= 0:
        return 1.0
    mean = min(float(brentq(excess, low, high, xtol=_ROUNDING)) + _ROUNDING, 1.0)
    return least + (1 - least) * mean


def units_needed(losses: NDArray[np.float64], *, limit: float, delta: float, least: float = 0.0) -> int | None:
    """About how many units certify the limit by betting if further losses are like these.

    None where no number would, or only more than 250,000.

    Args:
        losses: As :func:`betting_p_value` takes them.
        limit: Largest mean, in [least, 1).
        delta: In (0, 1).
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
        n: Number of units.
        limit: Largest mean.
        delta: In (0, 1).
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


def _scaled(losses: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Losses in betting order, brought to [0, 1]."""
    if losses.ndim != 1 or losses.size == 0:
        raise ClaimError(f"losses must be a list of at least one number but have shape {losses.shape}")
    if not (np.isfinite(losses).all() and losses.min() >= least and losses.max() <= 1):
        raise ClaimError(
            f"losses must lie in [{least:g}, 1] but lie in [{losses.min():g}, {losses.max():g}]; "
            f"signed losses need least=-1"
        )
    return np.asarray((losses[betting_order(losses.size)] - least) / (1 - least), dtype=np.float64)


def _stakes(scaled: NDArray[np.float64], delta: float) -> NDArray[np.float64]:
    """Stake per unit of surprise before each bet, from the losses that went before it alone; shape (n,)."""
    require_delta(delta)
    turn = np.arange(1, scaled.size + 1)
    means = (0.5 + np.cumsum(scaled)) / (turn + 1)
    variances = (0.25 + np.cumsum((scaled - means) ** 2)) / (turn + 1)
    known = np.concatenate([[0.25], variances[:-1]])
    return np.asarray(np.sqrt(2 * math.log(1 / delta) / (scaled.size * known)))


def _log_capital(scaled: NDArray[np.float64], stakes: NDArray[np.float64], limit: float) -> float:
    """Logarithm of the most capital that bets on "the mean is below ``limit``" reach from a capital of 1.

    No stake risks more than a fixed share of the capital; this also makes the capital grow with ``limit``.
    """
    bets = np.minimum(stakes, _LARGEST_STAKE / max(1 - limit, _ROUNDING))
    return float(np.log1p(bets * (limit - scaled)).cumsum().max())


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
