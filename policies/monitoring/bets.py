"""Bets against the statement that the means of bounded losses are at most their limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.certificates.losses import Loss
from policies.errors import MonitoringError


RATIOS = np.array([1.25, 1.5, 2.0, 3.0, 5.0])
"""Error rates that losses of 0 and 1 are bet on, as multiples of the limit."""
SHARES = np.array([0.02, 0.05, 0.1, 0.2, 0.4, 0.8])
"""Stakes of the bets on other losses, as shares of the largest stake that cannot lose more than there is."""
_ROUNDING = 1e-9


def leaves_room(loss: Loss, limit: float) -> bool:
    """Whether a mean loss can be on both sides of a limit, so that there is something to bet on."""
    return loss.least + _ROUNDING < limit < 1 - _ROUNDING


@dataclass(frozen=True)
class LimitedMean:
    """The statement that the mean of one loss is at most a limit.

    Attributes:
        name: What a person calls it, such as ``accuracy``.
        family: ``main``, ``class`` or ``exit``: the families share the capital alike, and the members of one do.
        loss: Loss whose mean is limited.
        limit: Largest mean of the loss.
        is_binary: Whether each loss is 0 or 1: not a mean over several samples, and not signed.

    Raises:
        MonitoringError: If the limit leaves no room for any loss, or for all of them.
    """

    name: str
    family: str
    loss: Loss
    limit: float
    is_binary: bool

    def __post_init__(self) -> None:
        if not leaves_room(self.loss, self.limit):
            raise MonitoringError(
                f"a limit that is watched must leave room on both sides but the {self.loss} of the part {self.name!r} "
                f"may be {self.limit:g}, of {self.loss.least:g} to 1; watch a claim that is less strict"
            )

    @property
    def scaled_limit(self) -> float:
        """The limit where losses are brought to [0, 1]."""
        return (self.limit - self.loss.least) / (1 - self.loss.least)

    def as_read(self, mean: float) -> float:
        """A mean loss as a person reads it: accuracy or loss."""
        return 1 - mean if self.loss.is_read_as_least else mean

    def stakes(self) -> NDArray[np.float64]:
        """Stake of each bet, per unit of surprise, shape (A,).

        For losses of 0 and 1, ``1 + stake (loss - limit)`` with the stake ``(q - limit) / (limit (1 - limit))`` is the
        likelihood ratio of the error rate ``q`` against the limit.
        """
        limit = self.scaled_limit
        rates = RATIOS[RATIOS * limit < 1] * limit
        if self.is_binary and rates.size:
            return np.asarray((rates - limit) / (limit * (1 - limit)))
        return SHARES / limit


@dataclass(frozen=True)
class Bets:
    """Bets on ``P`` means, up to ``A`` on each, and how they share one capital.

    Attributes:
        means: The statements that are bet against, length P.
        stakes: Stake of each bet, shape (P, A); 0 where a mean has fewer bets.
        log_shares: Logarithm of the share of the capital that each bet begins with, shape (P, A); together they are 1.
    """

    means: tuple[LimitedMean, ...]
    stakes: NDArray[np.float64]
    log_shares: NDArray[np.float64]

    @classmethod
    def on(cls, means: Sequence[LimitedMean]) -> Bets:
        """Families share the capital alike, and so do the means of a family and the bets on a mean."""
        own = [mean.stakes() for mean in means]
        families = [mean.family for mean in means]
        shape = (len(means), max(len(stakes) for stakes in own))
        stakes, shares = np.zeros(shape), np.zeros(shape)
        for row, (values, family) in enumerate(zip(own, families, strict=True)):
            stakes[row, : len(values)] = values
            shares[row, : len(values)] = 1 / (len(set(families)) * families.count(family) * len(values))
        with np.errstate(divide="ignore"):
            return cls(tuple(means), stakes, np.log(shares))

    @property
    def row_size(self) -> int:
        """Number of bets on one unit."""
        return int(self.stakes.size)

    def log_factors(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of what each bet makes of its capital, shape (U, P, A).

        Args:
            losses: Loss of each unit in each mean, shape (U, P); NaN where a mean is not about a unit, which leaves its
                bets as they are.

        Raises:
            MonitoringError: If a loss is out of range, or there is not one for each mean.
        """
        least = np.array([mean.loss.least for mean in self.means])
        if losses.ndim != 2 or losses.shape[1] != len(self.means):
            raise MonitoringError(f"losses must have shape (units, {len(self.means)}) but have {losses.shape}")
        if ((losses < least) | (losses > 1)).any():
            raise MonitoringError(
                f"losses must lie in [{least.min():g}, 1] but lie in [{np.nanmin(losses):g}, {np.nanmax(losses):g}]"
            )
        limits = np.array([mean.scaled_limit for mean in self.means])
        surprise = np.nan_to_num((losses - least) / (1 - least) - limits, nan=0.0)
        return np.asarray(np.log1p(self.stakes * surprise[:, :, None]))

    def log_total(self, log_capital: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of the capital of all bets together, (..., P, A) to (...)."""
        return _log_sum(log_capital + self.log_shares, axis=(-2, -1))

    def leading(self, log_capital: NDArray[np.float64]) -> LimitedMean:
        """The mean whose bets have won the most: where a statement about all of them fails, most likely this one."""
        own = _log_sum(log_capital + self.log_shares, axis=(-1,))
        return self.means[int(np.argmax(own))]


def _log_sum(logarithms: NDArray[np.float64], *, axis: tuple[int, ...]) -> NDArray[np.float64]:
    """Logarithm of a sum of logarithms' numbers: on one unit some thirty times as fast as scipy's ``logsumexp``."""
    return np.asarray(np.logaddexp.reduce(logarithms, axis=axis))
