"""Losses in [0, 1], or signed ones: tests and bounds of their mean by betting."""

from __future__ import annotations

from functools import lru_cache
import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from policies.certificates.claims import require_delta
from policies.errors import ClaimError


BETTING_SEED = 20_240_101
_LARGEST_STAKE = 0.9
_ROUNDING = 1e-9


@lru_cache(maxsize=32)
def betting_order(n: int) -> NDArray[np.int64]:
    """The order in which ``n`` losses are bet on, shape (n,): shuffled, always alike, and blind to the losses.

    A table may come sorted by class; the bets learn the spread of the losses from those that went before.
    """
    order = np.random.default_rng(BETTING_SEED).permutation(n)
    order.setflags(write=False)
    return order


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
    return float(betting_p_values(_one_draw(losses)[None], limit=limit, delta=delta, least=least)[0])


def betting_p_values(
    losses: NDArray[np.float64], *, limit: float, delta: float, least: float = 0.0
) -> NDArray[np.float64]:
    """:func:`betting_p_value` of several draws of ``n`` losses each at once, shape (draws,).

    Args:
        losses: One per unit of each draw, shape (draws, n), in [least, 1].
        limit: Largest mean, in [least, 1).
        delta: The level that the stakes are made for.
        least: Smallest possible loss: 0, or -1 for signed losses.

    Raises:
        ClaimError: If there are no losses, or one is out of range.
    """
    if losses.ndim != 2 or losses.size == 0:
        raise ClaimError(f"losses must be draws of at least one number each but have shape {losses.shape}")
    scaled = _scaled(losses, least)
    log_capital = _log_capital(scaled, _stakes(scaled, delta), (limit - least) / (1 - least))
    return np.exp(-np.maximum(log_capital, 0.0))


def betting_upper_bound(
    losses: NDArray[np.float64], *, delta: float, least: float = 0.0, settled_for: float | None = None
) -> float:
    """Upper bound of the mean of independent losses at confidence ``1 - delta``, by betting.

    It is the smallest limit of which :func:`betting_p_value`, with stakes for ``settled_for``, is at most ``delta``:
    the capital grows with the limit, so that nothing above it could be the mean either.

    Args:
        losses: One per unit, shape (n,), in [least, 1], in any order that does not depend on them.
        delta: Largest probability that the bound does not hold, in (0, 1).
        least: Smallest possible loss: 0, or -1 for signed losses.
        settled_for: The level that the stakes are made for, settled before any loss is seen; ``delta`` where None.

    Raises:
        ClaimError: If there are no losses, or one is out of range.
    """
    scaled = _scaled(_one_draw(losses), least)
    return _upper_bound(scaled, _stakes(scaled, settled_for or delta), delta=delta, least=least)


def capital_path(
    losses: NDArray[np.float64], *, limit: float, delta: float, horizon: int, least: float = 0.0
) -> NDArray[np.float64]:
    """Logarithm of the capital that bets on "the mean is below ``limit``" have after each loss, shape (..., n).

    The bets are those of :func:`betting_p_value`, placed in the order of the losses as they are given. Whoever stops as
    soon as the capital reaches 1 / delta, or at any other time, is wrong with probability at most ``delta`` (Ville,
    1939): each stake is made of the losses before it alone.

    Args:
        losses: In an order that does not depend on them, shape (..., n), in [least, 1].
        limit: Largest mean, in [least, 1).
        delta: The level that the stakes are made for; the path is valid at any other.
        horizon: How many losses there will be at most; settled before the first, and not changed.
        least: Smallest possible loss: 0, or -1 for signed losses.
    """
    scaled = (losses - least) / (1 - least)
    return _log_path(scaled, _stakes(scaled, delta, horizon), (limit - least) / (1 - least))


def path_upper_bound(losses: NDArray[np.float64], *, delta: float, horizon: int, least: float = 0.0) -> float:
    """Upper bound of the mean at confidence ``1 - delta``, whenever one stops: by the bets of :func:`capital_path`.

    Args:
        losses: Those so far, in an order that does not depend on them, shape (n,), in [least, 1]; 1 where there are
            none.
        delta: Largest probability that the bound does not hold at some time, in (0, 1).
        horizon: How many losses there will be at most; settled before the first, and not changed.
        least: Smallest possible loss: 0, or -1 for signed losses.
    """
    if not losses.size:
        return 1.0
    scaled = (losses - least) / (1 - least)
    return _upper_bound(scaled, _stakes(scaled, delta, horizon), delta=delta, least=least)


def most_growth(*, limit: float, loss: float) -> float:
    """The most by which the logarithm of the capital grows at one such loss, whatever went before it.

    Args:
        limit: Largest mean that is bet on, below 1.
        loss: Loss of one unit, at most the limit.
    """
    return math.log1p(_LARGEST_STAKE / max(1 - limit, _ROUNDING) * (limit - loss))


def _upper_bound(scaled: NDArray[np.float64], stakes: NDArray[np.float64], *, delta: float, least: float) -> float:
    """The smallest limit that the capital reaches 1 / delta with."""

    def excess(mean: float) -> float:
        return float(_log_capital(scaled, stakes, mean)) - math.log(1 / delta)

    low, high = float(scaled.min()), 1.0 - _ROUNDING
    if low >= high or excess(high) <= 0:
        return 1.0
    mean = min(float(brentq(excess, low, high, xtol=_ROUNDING)) + _ROUNDING, 1.0)
    return least + (1 - least) * mean


def _one_draw(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    if losses.ndim != 1 or losses.size == 0:
        raise ClaimError(f"losses must be a list of at least one number but have shape {losses.shape}")
    return losses


def _scaled(losses: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Losses in betting order along the last axis, brought to [0, 1]."""
    if not (np.isfinite(losses).all() and losses.min() >= least and losses.max() <= 1):
        raise ClaimError(
            f"losses must lie in [{least:g}, 1] but lie in [{losses.min():g}, {losses.max():g}]; "
            f"signed losses need least=-1"
        )
    return np.asarray((losses[..., betting_order(losses.shape[-1])] - least) / (1 - least), dtype=np.float64)


def _stakes(scaled: NDArray[np.float64], delta: float, horizon: int | None = None) -> NDArray[np.float64]:
    """Stake per unit of surprise before each bet, from the losses that went before it alone; shape (..., n).

    Without a horizon the losses are all that there will be.
    """
    require_delta(delta)
    n = scaled.shape[-1]
    turn = np.arange(1, n + 1)
    means = (0.5 + np.cumsum(scaled, axis=-1)) / (turn + 1)
    variances = (0.25 + np.cumsum((scaled - means) ** 2, axis=-1)) / (turn + 1)
    known = np.concatenate([np.full((*scaled.shape[:-1], 1), 0.25), variances[..., :-1]], axis=-1)
    return np.asarray(np.sqrt(2 * math.log(1 / delta) / ((horizon or n) * known)))


def _log_capital(scaled: NDArray[np.float64], stakes: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """Logarithm of the most capital that bets on "the mean is below ``limit``" reach from 1, of each draw."""
    return np.asarray(_log_path(scaled, stakes, limit).max(axis=-1))


def _log_path(scaled: NDArray[np.float64], stakes: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """Logarithm of the capital after each bet, shape (..., n).

    No stake risks more than a fixed share of the capital; this also makes the capital grow with ``limit``.
    """
    bets = np.minimum(stakes, _LARGEST_STAKE / max(1 - limit, _ROUNDING))
    return np.asarray(np.log1p(bets * (limit - scaled)).cumsum(axis=-1))
