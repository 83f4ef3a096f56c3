"""Fronts: the policies that a search found, with their figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.errors import ExitSearchError
from policies.goals.front_point import FrontPoint
from policies.goals.front_words import front_html
from policies.goals.goal import Assessment, Goal
from policies.names import list_some
from policies.policy import Policy
from policies.qualities import get_quality
from policies.spacing import evenly_spaced


if TYPE_CHECKING:
    import plotly.graph_objects as go


__all__ = ["Front", "FrontPoint"]


@dataclass(frozen=True)
class Front:
    """Policies of which none beats another, least objective first; where none is feasible, the nearest alone.

    A selection adds the policy that it chose, which others may beat.

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

    def with_point(self, point: FrontPoint, goal: Goal) -> Front:
        """The same policies and another one, which others may beat, in its place by its objective.

        Args:
            point: The other policy; where it is one of these already, none is added.
            goal: Goal whose objective orders the front.
        """
        if any((own.network, own.policy.policy_hash) == (point.network, point.policy.policy_hash) for own in self):
            return self
        spent = point.figures[goal.objective_column]
        place = int(np.searchsorted(self.figure(goal.objective_column), spent, side="right"))
        return Front((*self.points[:place], point, *self.points[place:]))

    def line(self, quality: str, objective: str) -> Front:
        """What a line through the front leads through: all but a selected policy that another beats.

        Args:
            quality: Name of the figure on the one axis.
            objective: Name of the figure on the other axis, minimised.
        """
        worth, spent = get_quality(quality).sign * self.figure(quality), self.figure(objective)
        no_worse = (worth >= worth[:, None]) & (spent <= spent[:, None])
        is_better = (worth > worth[:, None]) | (spent < spent[:, None])
        beaten = np.any(no_worse & is_better, axis=1).tolist()
        return self._take([row for row, point in enumerate(self) if not (point.selected and beaten[row])])

    def to_frame(self) -> pd.DataFrame:
        """A row for each policy, with the columns of :meth:`FrontPoint.to_dict`."""
        return pd.DataFrame([point.to_dict() for point in self])

    def plot(
        self, *, target: float | None = None, quality: str | None = None, objective: str | None = None
    ) -> go.Figure:
        """Draw it with plotly: quality against what is minimised, certified and selected policies told apart.

        Pointing at a policy tells its rule, network, figures and thresholds.

        Args:
            target: The bound of the quality that was asked for, drawn as a line; None draws none.
            quality: Name of the figure on the vertical axis; None takes the one that the front trades.
            objective: ``depth``, ``cost`` or ``latency``; None takes the one that the front trades.

        Raises:
            ExitSearchError: If the front has no policies or no such figure.

        Example:
            >>> front = search_front(search, fit_temperatures(search), Goal(target=0.9), seed=0)
            >>> front.plot(target=0.9).layout.xaxis.title.text
            'mean depth (1 = first exit)'
        """
        # Plotly takes half a second that a search has no use for.
        from policies.goals.front_plot import front_plot

        return front_plot(self.points, target=target, quality=quality, objective=objective)

    def _repr_html_(self) -> str:
        """What a notebook shows: how far it reaches, and its policies."""
        return front_html(self.points)

    def _take(self, rows: Sequence[int] | NDArray[np.int64]) -> Front:
        return Front(tuple(self.points[row] for row in rows))
