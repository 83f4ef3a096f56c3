"""Whether a claim has stopped holding at some time: a detector that forgets how good the time before was."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np
from numpy.typing import NDArray

from policies.errors import MonitoringError
from policies.monitoring.bets import Bets, LimitedMean


_BLOCK = 1024


class EDetector:
    """The sum of tests that began at each unit, which an alarm sets back to nothing.

    Each bet has ``M = (M + 1) factor``: a process of capital 1 is begun at every unit, and all of them bet alike (Shin,
    Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change detection", NEJSDS 2024; for
    likelihood ratios it is the procedure of Shiryaev, 1963, and Roberts, 1966). While the claim holds ``M`` less the
    number of units is a supermartingale, so that from the start, or from an alarm, to the next false alarm it is
    ``average_run_length`` units or more on average. Each part of a claim counts those units that it is about.

    Unlike :class:`~policies.monitoring.certificate_test.CertificateTest` it will raise a false alarm sooner or later.

    Args:
        means: The parts of the claim, at least one.
        average_run_length: Least mean number of units to a false alarm, above 1.

    Raises:
        MonitoringError: If ``average_run_length`` is not above 1.

    Attributes:
        bets: The bets on all parts.
        average_run_length: Least mean number of units to a false alarm.
        n_units: Number of units, samples or groups, that were seen.
        alarms: Number of units at which there was an alarm, ascending.
        alarms_for: The part whose bets had won the most at each alarm.
    """

    def __init__(self, means: Sequence[LimitedMean], *, average_run_length: float = 1000.0) -> None:
        require_run_length(average_run_length)
        self.bets = Bets.on(means)
        self.average_run_length = average_run_length
        self.n_units = 0
        self.alarms: list[int] = []
        self.alarms_for: list[LimitedMean] = []
        self._log_sums = self._nothing()

    @property
    def log_threshold(self) -> float:
        """Logarithm of the sum that is an alarm."""
        return math.log(self.average_run_length)

    def update(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Look at further units, one after the other.

        Args:
            losses: Loss of each unit in each part, shape (U, P), in the order in which they came; NaN where a part is
                not about a unit.

        Returns:
            Logarithm of the sum after each unit, shape (U,); minus infinity before any part has seen a unit.

        Raises:
            MonitoringError: If a loss is out of range.
        """
        paths = [np.empty(0)]
        start = 0
        while start < len(losses):
            paths.append(self._until_alarm(losses[start : start + _BLOCK]))
            start += len(paths[-1])
        return np.concatenate(paths)

    def _until_alarm(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """The path over the units up to the first alarm, which is the last of them, or over all."""
        log_sums = self._sums(losses)
        path = self.bets.log_total(log_sums)
        reached = np.flatnonzero(path >= self.log_threshold)
        n_seen = int(reached[0]) + 1 if reached.size else len(losses)
        self.n_units += n_seen
        self._log_sums = log_sums[n_seen - 1]
        if reached.size:
            self.alarms.append(self.n_units)
            self.alarms_for.append(self.bets.leading(self._log_sums))
            self._log_sums = self._nothing()
        return path[:n_seen]

    def _sums(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Logarithm of each bet's sum after each unit, shape (U, P, A)."""
        log_factors = self.bets.log_factors(losses)
        log_products = np.cumsum(log_factors, axis=0)
        is_begun = ~np.isnan(losses)[:, :, None]
        # A process that begins at a unit has the product of the factors from there on.
        log_begun = np.where(is_begun, log_factors - log_products, -np.inf)
        log_begun[0] = np.logaddexp(log_begun[0], self._log_sums)
        return np.asarray(log_products + np.logaddexp.accumulate(log_begun, axis=0))

    def _nothing(self) -> NDArray[np.float64]:
        return np.full(self.bets.stakes.shape, -np.inf)


def require_run_length(average_run_length: float) -> None:
    """Refuse a mean number of units to a false alarm that no detector can keep.

    Raises:
        MonitoringError: If it is not a finite number above 1.
    """
    if not (math.isfinite(average_run_length) and average_run_length > 1):
        raise MonitoringError(
            f"average_run_length must be above 1 and finite but is {average_run_length:g}; usual is 1000 or more"
        )
