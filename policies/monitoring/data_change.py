"""Whether new data are like those that certified a policy, as far as its answers tell; nothing here takes labels.

A change says nothing about accuracy: other shares of the classes alone change the answers, and do no harm. Nor does the
absence of a change prove anything: it may be too small for so few samples, or such that the answers do not show it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.monitoring.answers import AnsweredSamples
from policies.monitoring.data_tally import DataTally
from policies.monitoring.groups import unit_codes
from policies.monitoring.levels import require_alpha
from policies.monitoring.reference import LEVELS, ReferenceStatistics
from policies.monitoring.two_samples import deviation_p_value, holm, homogeneity_p_value, largest_deviation


LEAST_UNITS = 20
FIRST_LOOK = 50
"""Units that the first of several looks takes."""


@dataclass(frozen=True)
class Comparison:
    """One thing that may have changed.

    Attributes:
        name: ``exit mix``, ``confidence`` or ``predicted classes``.
        p_value: How likely a difference as large is where nothing has changed.
        adjusted_p_value: The same, to be compared with the level of all comparisons together (Holm).
        has_moved: Whether the adjusted p-value is at most that level.
        difference: Where the difference is largest, as a clause for a person.
    """

    name: str
    p_value: float
    adjusted_p_value: float
    has_moved: bool
    difference: str


@dataclass(frozen=True)
class DataChange:
    """What a comparison of new data with the reference found.

    Attributes:
        unit: What counts as one of the new data: ``sample`` or ``group``.
        n_units: Number of new units that were compared.
        last: Number of new units that had come by then: those that were compared are the last of them.
        n_reference: Number of units of the reference.
        alpha: Largest probability of saying that something has changed where nothing has.
        comparisons: What was compared; empty where there are too few units.
    """

    unit: str
    n_units: int
    last: int
    n_reference: int
    alpha: float
    comparisons: tuple[Comparison, ...]

    @property
    def has_changed(self) -> bool:
        """Whether anything has moved."""
        return any(one.has_moved for one in self.comparisons)

    @property
    def sentence(self) -> str:
        """What was found, for a person."""
        which = f"in {self.unit}s {self.last - self.n_units + 1} to {self.last}"
        moved = "; ".join(f"{one.name}: {one.difference}" for one in self.comparisons if one.has_moved)
        if moved:
            return f"data changed: {moved}, {which}"
        if self.comparisons:
            return f"no change of the data seen {which}, against {self.n_reference} of certify"
        return (
            f"too few to tell whether data changed: {self.n_units} new {self.unit}s against {self.n_reference} of "
            f"certify, and a comparison takes {LEAST_UNITS} of each, where data are followed {FIRST_LOOK} new ones"
        )


def data_change(reference: ReferenceStatistics, tally: DataTally, *, alpha: float = 0.05) -> DataChange:
    """Compare all new data at once with the reference: two samples, either of them by chance.

    Exit mix and predicted classes are compared by chi-square, the confidence at the exit taken by Kolmogorov and
    Smirnov's test, and Holm's correction keeps the level of the three together.

    Args:
        reference: What the policy did on ``certify``.
        tally: What it did on the new data.
        alpha: Largest probability of saying that something has changed where nothing has, in (0, 1).

    Raises:
        MonitoringError: If ``alpha`` is not in (0, 1).
    """
    require_alpha(alpha)
    comparisons = () if min(tally.n_units, reference.n_units) < LEAST_UNITS else _compare(reference, tally, alpha)
    return DataChange(tally.unit, tally.n_units, tally.n_units, reference.n_units, alpha, comparisons)


def _compare(reference: ReferenceStatistics, tally: DataTally, alpha: float) -> tuple[Comparison, ...]:
    found = (_exit_mix(reference, tally), _confidence(reference, tally), _predicted_classes(reference, tally))
    adjusted = holm(np.array([p_value for _, p_value, _ in found]))
    return tuple(
        Comparison(name, p_value, float(own), bool(own <= alpha), difference)
        for (name, p_value, difference), own in zip(found, adjusted, strict=True)
    )


class WholeDataChange:
    """Compares all new data with the reference once.

    Args:
        reference: What the policy did on ``certify``.
        alpha: Largest probability of saying that something has changed where nothing has, in (0, 1).

    Raises:
        MonitoringError: If ``alpha`` is not in (0, 1).
    """

    def __init__(self, reference: ReferenceStatistics, *, alpha: float = 0.05) -> None:
        require_alpha(alpha)
        self._reference, self._alpha = reference, alpha
        self._tally = DataTally.nothing(reference)

    def update(self, samples: AnsweredSamples) -> None:
        """Count further samples, each group's together."""
        self._tally += DataTally.of(samples, self._reference)

    @property
    def has_changed(self) -> bool:
        """Whether anything has moved."""
        return self.verdict.has_changed

    @property
    def verdict(self) -> DataChange:
        """What the comparison of all data finds."""
        return data_change(self._reference, self._tally, alpha=self._alpha)


class SequentialDataChange:
    """Compares new data with the reference again and again, as they come.

    It looks when 50, 100, 200, 400, ... units are there, each time at those that came since the last look: the latest
    half. Look ``i`` has the level ``alpha / 2 ** i``, so that together they say that something has changed where
    nothing has with probability at most ``alpha``, however long one goes on (Bonferroni).

    Args:
        reference: What the policy did on ``certify``.
        alpha: Largest probability of ever saying that something has changed where nothing has, in (0, 1).

    Raises:
        MonitoringError: If ``alpha`` is not in (0, 1).

    Attributes:
        n_units: Number of new units so far.
        looks: What each look found.
    """

    def __init__(self, reference: ReferenceStatistics, *, alpha: float = 0.05) -> None:
        require_alpha(alpha)
        self.n_units = 0
        self.looks: list[DataChange] = []
        self._reference, self._alpha = reference, alpha
        self._since = DataTally.nothing(reference)

    @property
    def has_changed(self) -> bool:
        """Whether any look has seen a change."""
        return any(look.has_changed for look in self.looks)

    @property
    def verdict(self) -> DataChange:
        """What the first look found that saw a change, or else the latest; before the first look that it is too few."""
        changed = next((look for look in self.looks if look.has_changed), None)
        too_few = DataChange(self._since.unit, self.n_units, self.n_units, self._reference.n_units, self._alpha, ())
        return changed or (self.looks[-1] if self.looks else too_few)

    def update(self, samples: AnsweredSamples) -> None:
        """Count further samples, each group's together, and look where it is due."""
        codes = unit_codes(samples)
        while len(codes):
            n_taken = int(np.searchsorted(codes, codes[0] + self._next_look - self.n_units))
            self._count(DataTally.of(samples.take(slice(0, n_taken)), self._reference))
            samples, codes = samples.take(slice(n_taken, None)), codes[n_taken:]

    @property
    def _next_look(self) -> int:
        """Number of units at which the next look takes place."""
        return FIRST_LOOK << len(self.looks)

    def _count(self, tally: DataTally) -> None:
        self._since += tally
        self.n_units += tally.n_units
        if self.n_units == self._next_look:
            found = data_change(self._reference, self._since, alpha=self._alpha / 2 ** (len(self.looks) + 1))
            self.looks.append(replace(found, last=self.n_units))
            self._since = DataTally.nothing(self._reference)


def _exit_mix(reference: ReferenceStatistics, tally: DataTally) -> tuple[str, float, str]:
    k, difference = _largest_change(np.array(reference.exit_counts), tally.exit_counts)
    return (
        "exit mix",
        homogeneity_p_value(np.array(reference.exit_counts), tally.exit_counts),
        f"depth {k + 1} is taken by {difference}",
    )


def _predicted_classes(reference: ReferenceStatistics, tally: DataTally) -> tuple[str, float, str]:
    label, difference = _largest_change(np.array(reference.class_counts), tally.class_counts)
    return (
        "predicted classes",
        homogeneity_p_value(np.array(reference.class_counts), tally.class_counts),
        f"{reference.class_name(label)} is answered for {difference}",
    )


def _confidence(reference: ReferenceStatistics, tally: DataTally) -> tuple[str, float, str]:
    quantiles = np.array(reference.confidence_quantiles)
    found = largest_deviation(LEVELS, quantiles, tally.below / tally.n_units, tally.at_most / tally.n_units)
    side = "at most" if found.is_at_most else "below"
    return (
        "confidence",
        deviation_p_value(found, reference.n_units, tally.n_units),
        f"it is {side} {found.at:g} for {found.second:.1%} ({found.first:.0%} on certify)",
    )


def _largest_change(reference: NDArray[np.float64], counts: NDArray[np.float64]) -> tuple[int, str]:
    """Which share has changed most, and from what to what."""
    before, now = reference / reference.sum(), counts / counts.sum()
    i = int(np.abs(now - before).argmax())
    return i, f"{now[i]:.1%} ({before[i]:.1%} on certify)"
