"""Fronts: the policies that a search found, with their figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.errors import ExitSearchError
from policies.goals.goal import Assessment, Goal
from policies.names import list_some
from policies.policy import Policy
from policies.qualities import get_quality
from policies.spacing import evenly_spaced


@dataclass(frozen=True)
class FrontPoint:
    """A policy of a front.

    Attributes:
        policy: Policy that the point stands for.
        figures: What it did on ``search``, by name: ``accuracy``, ``mean_depth``, ``mean_cost``, and the other
            qualities and the objective that were asked for.
        violation: By how much the policy misses what was asked for; 0 misses nothing.
        network: Name of the network that it is for; empty where it has no name.
        certified: Whether the policy was certified; None before that was tried.
        selected: Whether the policy is the one that was chosen; None before one was.
    """

    policy: Policy
    figures: Mapping[str, float]
    violation: float
    network: str = ""
    certified: bool | None = None
    selected: bool | None = None

    @property
    def rule(self) -> str:
        """Name of the policy's rule."""
        return self.policy.rule

    @property
    def feasible(self) -> bool:
        """Whether the policy does what was asked for."""
        return self.violation <= 0

    def to_dict(self) -> dict[str, Any]:
        """Figures, ``violation``, ``feasible``, ``rule``, ``policy``, and of the others what is known."""
        others = {"network": self.network or None, "certified": self.certified, "selected": self.selected}
        return {
            **self.figures,
            "violation": self.violation,
            "feasible": self.feasible,
            "rule": self.rule,
            "policy": self.policy,
            **{name: value for name, value in others.items() if value is not None},
        }


@dataclass(frozen=True)
class Front:
    """Policies of which none beats another, least objective first; where none is feasible, the nearest alone.

    Attributes:
        points: The policies with what is known of each.
    """

    points: tuple[FrontPoint, ...]

    @classmethod
    def merged(cls, fronts: Sequence[Front], goal: Goal, *, front_size: int) -> Front:
        """The policies of several fronts that no other beats.

        Args:
            fronts: Fronts to merge, at least one, each with the ``violation`` of the goal that it was searched for: of
                two networks the drops are counted from accuracies of their own.
            goal: Goal whose quality and objective are those of all fronts.
            front_size: Most policies; evenly spaced ones are kept, both ends among them. Where there is room for one,
                it is the goal's best, which always is an end.
        """
        every = cls(tuple(point for front in fronts for point in front))
        front = every._take(every.assessment(goal).front())
        if front_size == 1:
            return cls((front.best(goal),))
        return front._take(evenly_spaced(len(front), front_size))

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[FrontPoint]:
        return iter(self.points)

    @property
    def policies(self) -> tuple[Policy, ...]:
        """The policies alone."""
        return tuple(point.policy for point in self)

    @property
    def is_feasible(self) -> bool:
        """Whether some policy does what was asked for."""
        return any(point.feasible for point in self)

    @property
    def violation(self) -> NDArray[np.float64]:
        """By how much each policy misses what was asked for, shape (P,); 0 misses nothing."""
        return np.array([point.violation for point in self], dtype=float)

    def figure(self, name: str) -> NDArray[np.float64]:
        """One figure of every policy, shape (P,).

        Raises:
            ExitSearchError: If it is no figure of every policy.
        """
        try:
            return np.array([point.figures[name] for point in self], dtype=float)
        except KeyError:
            known = list_some(self.points[0].figures)
            raise ExitSearchError(
                f"a figure must be one that the whole front has, such as {known}, but is {name!r}"
            ) from None

    def assessment(self, goal: Goal) -> Assessment:
        """Policies as they were judged, by their figures and ``violation``; the goal says which is better of two."""
        quality = get_quality(goal.quality).sign * self.figure(goal.quality)
        return Assessment(quality, self.figure(goal.objective_column), self.violation)

    def best(self, goal: Goal) -> FrontPoint:
        """What the goal wants most; where nothing is feasible, the policy that misses by least."""
        return self.points[goal.best(self.assessment(goal))]

    def of_network(self, network: str) -> Front:
        """The same policies, named as those of a network."""
        return Front(tuple(replace(point, network=network) for point in self))

    def to_frame(self) -> pd.DataFrame:
        """A row for each policy, with the columns of :meth:`FrontPoint.to_dict`."""
        return pd.DataFrame([point.to_dict() for point in self])

    def _take(self, rows: Sequence[int] | NDArray[np.int64]) -> Front:
        return Front(tuple(self.points[row] for row in rows))
