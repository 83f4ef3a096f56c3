"""Whether a certified claim holds on new data: a test that may be looked at after every label."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.monitoring.bets import Bets, LimitedMean
from policies.monitoring.levels import require_alpha


class CertificateTest:
    """Bets against a claim: the capital rarely grows while the claim holds.

    The capital begins at 1. While every mean is at most its limit it is a nonnegative supermartingale, so that it ever
    reaches ``1 / alpha`` with probability at most ``alpha``, however often one looks (Ville, 1939). The bets are those
    of Waudby-Smith and Ramdas ("Estimating means of bounded random variables by betting", JRSS B 2024) with stakes that
    do not change; Podkopaev and Ramdas ("Tracking the risk of a deployed model", ICLR 2022) watch a risk in this way.

    Args:
        means: The parts of the claim, at least one; the claim fails where one of them does.
        alpha: Largest probability of ever raising an alarm while the claim holds, in (0, 1).

    Raises:
        MonitoringError: If ``alpha`` is not in (0, 1).

    Attributes:
        bets: The bets on all parts.
        alpha: Largest probability of ever raising an alarm while the claim holds.
        n_units: Number of units, samples or groups, that were bet on.
        log_wealth: Logarithm of the capital.
        most_log_wealth: Logarithm of the most capital so far.
        alarm_at: Number of units at which the capital first reached ``1 / alpha``, or None.
        alarm_for: The part whose bets had won the most then, or None.
    """

    def __init__(self, means: Sequence[LimitedMean], *, alpha: float = 0.05) -> None:
        require_alpha(alpha)
        self.bets = Bets.on(means)
        self.alpha = alpha
        self.n_units = 0
        self.log_wealth = self.most_log_wealth = 0.0
        self.alarm_at: int | None = None
        self.alarm_for: LimitedMean | None = None
        self._log_capital = np.zeros(self.bets.stakes.shape)

    @property
    def log_threshold(self) -> float:
        """Logarithm of the capital that is an alarm."""
        return math.log(1 / self.alpha)

    def update(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bet on further units, one after the other.

        Args:
            losses: Loss of each unit in each part, shape (U, P), in the order in which they came; NaN where a part is
                not about a unit.

        Returns:
            Logarithm of the capital after each unit, shape (U,).

        Raises:
            MonitoringError: If a loss is out of range.
        """
        paths = [self._bet(losses[rows]) for rows in row_blocks(len(losses), self.bets.row_size)]
        return np.concatenate(paths) if paths else np.empty(0)

    def _bet(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        log_capital = self._log_capital + np.cumsum(self.bets.log_factors(losses), axis=0)
        path = self.bets.log_total(log_capital)
        reached = np.flatnonzero(path >= self.log_threshold)
        if self.alarm_at is None and reached.size:
            self.alarm_at = self.n_units + int(reached[0]) + 1
            self.alarm_for = self.bets.leading(log_capital[reached[0]])
        self._log_capital = log_capital[-1]
        self.n_units += len(losses)
        self.log_wealth = float(path[-1])
        self.most_log_wealth = max(self.most_log_wealth, float(path.max()))
        return path
