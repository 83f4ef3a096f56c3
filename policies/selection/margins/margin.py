"""How much less than what may be lost a search looks for: the margin of a certificate, and that of an estimate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from policies.certificates.power import (
    loss_rate_at_power,
    mean_loss_at_power,
    ratio_at_power,
    summed_loss_at_power,
)
from policies.certificates.sample_size import certifiable_accuracy, certifiable_mean, certifiable_ratio
from policies.estimates.estimate import estimated_target


def power_of_each(power: float, n_parts: int) -> float:
    """The power of each of several parts of a claim, so that all of them pass together with about the power asked for.

    It is the power to 1 / n. A policy that is just at the limit of every part is then certified with that probability
    where the parts are about different units, as those of different values of a column, and at least so often where
    what is bad for one part is bad for the others. A policy that has more than it needs of some parts is certified more
    often.

    Args:
        power: Probability that all parts pass together, in (0, 1).
        n_parts: Number of parts, at least 1.
    """
    return float(power ** (1 / n_parts))


class Margin(ABC):
    """From what is allowed on new data to what is looked for where policies are searched; None where nothing would do.

    A number of units is that of the split that the margin is for.
    """

    @abstractmethod
    def rate(self, limit: float, n: int) -> float | None:
        """The largest rate of losses to look for, of units that lose as a whole or not at all."""

    @abstractmethod
    def share(self, limit: float, n: int) -> float | None:
        """The largest mean loss to look for, of units whose losses are shares in [0, 1]."""

    @abstractmethod
    def mean(self, limit: float, n: int, *, least: float = 0.0, size: float = 1.0) -> float | None:
        """The largest mean to look for of losses in [least, 1], if they are 0 or one size."""

    @abstractmethod
    def ratio(self, value: float, n: int, *, weight: int, positives: float, n_labels: int) -> float | None:
        """The least ratio of counts of labels to look for; arguments as of ``ratio_at_power``."""


@dataclass(frozen=True)
class CertificateMargin(Margin):
    """What must be true of a policy, so that it is certified with a stated probability.

    Attributes:
        delta: Largest probability of certifying what does not hold, in (0, 1).
        power: Probability of being certified, in (0, 1).
    """

    delta: float
    power: float

    def rate(self, limit: float, n: int) -> float | None:
        """As the exact binomial test needs it."""
        return loss_rate_at_power(n, limit=limit, delta=self.delta, power=self.power)

    def share(self, limit: float, n: int) -> float | None:
        """As betting or the sum of losses needs it, whichever leaves more."""
        by_sum = summed_loss_at_power(n, limit=limit, delta=self.delta, power=self.power)
        return max((one for one in (self.mean(limit, n), by_sum) if one is not None), default=None)

    def mean(self, limit: float, n: int, *, least: float = 0.0, size: float = 1.0) -> float | None:
        """As betting needs it."""
        return mean_loss_at_power(n, limit=limit, delta=self.delta, power=self.power, least=least, size=size)

    def ratio(self, value: float, n: int, *, weight: int, positives: float, n_labels: int) -> float | None:
        """As betting needs it."""
        return ratio_at_power(
            n,
            value=value,
            delta=self.delta,
            power=self.power,
            weight=weight,
            positives=positives,
            n_labels=n_labels,
        )


@dataclass(frozen=True)
class EstimateMargin(Margin):
    """What must be seen on ``search``, so that a bound on it is what was asked for; there is no further draw to pass.

    Attributes:
        level: About how probable it may be that the bound does not hold, in (0, 1).
    """

    level: float

    def rate(self, limit: float, n: int) -> float | None:
        """As the exact binomial bound has it."""
        accuracy = certifiable_accuracy(n, target=1 - limit, delta=self.level) if n else None
        return None if accuracy is None else 1 - accuracy

    def share(self, limit: float, n: int) -> float | None:
        """As an estimate over groups has it."""
        accuracy = estimated_target(1 - limit, n, grouped=True, level=self.level)
        return None if accuracy is None else 1 - accuracy

    def mean(self, limit: float, n: int, *, least: float = 0.0, size: float = 1.0) -> float | None:
        """As betting has it in half of all orders."""
        return certifiable_mean(n, limit=limit, delta=self.level, least=least, size=size) if n else None

    def ratio(self, value: float, n: int, *, weight: int, positives: float, n_labels: int) -> float | None:
        """As betting has it in half of all orders."""
        if not n:
            return None
        return certifiable_ratio(
            n, value=value, delta=self.level, weight=weight, positives=positives, n_labels=n_labels
        )
