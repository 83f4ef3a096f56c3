"""What a policy search is for: what is maximised, what is minimised, and what must hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.goals.objectives import get_objective
from policies.goals.pareto import nondominated
from policies.qualities import get_quality


if TYPE_CHECKING:
    from policies.evaluation.evaluator import PopulationOutcome


@dataclass(frozen=True)
class Goal:
    """The axes of the front, and the constraints.

    Without a budget the best policy is the one of least objective that meets the target; with one it is the one of
    best quality within the budget.

    Attributes:
        target: Least value of ``quality``, or largest where less is better; None constrains nothing.
        quality: What is wanted most of: ``accuracy`` or another quality, or least of where less is better.
        objective: What is minimised: ``depth``, ``cost`` or ``latency``.
        budget: Largest mean objective (depth from 1, cost relative to the full network, milliseconds), or None.
        bounds: Further qualities and their bounds: least values, or largest where less is better.
        latency_ms: Measured time up to each exit in milliseconds, length E; needed for the objective ``latency``.

    Raises:
        ExitSearchError: If a name is unknown or a number is out of range.

    Example:
        >>> goal = Goal(target=0.9, objective="cost", bounds={"worst_class_recall": 0.8})
        >>> goal.qualities, goal.objective_column
        (('accuracy', 'worst_class_recall'), 'mean_cost')
    """

    target: float | None = None
    quality: str = "accuracy"
    objective: str = "depth"
    budget: float | None = None
    bounds: Mapping[str, float] = field(default_factory=dict)
    latency_ms: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        judged_by = get_quality(self.quality)
        if self.target is not None:
            judged_by.check(self.target, "target")
        needs_latency = get_objective(self.objective).needs_latency
        if self.budget is not None and not (math.isfinite(self.budget) and self.budget > 0):
            raise ExitSearchError(f"budget must be a positive number but is {self.budget}")
        for name, bound in self.bounds.items():
            get_quality(name).check(bound, f"the bound of {name}")
        if needs_latency and not self.latency_ms:
            raise ExitSearchError(f"objective {self.objective!r} needs latency_ms: the measured time up to each exit")

    @property
    def qualities(self) -> tuple[str, ...]:
        """Names of all qualities that policies are judged by, the main one first."""
        return tuple(dict.fromkeys([self.quality, *self.bounds]))

    @property
    def objective_column(self) -> str:
        """The column of a front that holds the objective."""
        return get_objective(self.objective).column

    @property
    def least_accuracy(self) -> float | None:
        """The accuracy that must be reached; None where none is asked for."""
        return (self.target if self.quality == "accuracy" else self.bounds.get("accuracy")) or None

    def with_limit(self, name: str, value: float) -> Goal:
        """The same goal with a limit of a quality, where it does not have a stricter one; within the quality's range.

        Args:
            name: Name of the quality.
            value: Its least value, or its largest where less is better.
        """
        quality = get_quality(name)
        known = self.target if name == self.quality else self.bounds.get(name)
        stricter = value if known is None else (max if quality.is_maximised else min)(value, known)
        limit = min(max(stricter, quality.lowest), quality.highest)
        if name == self.quality:
            return replace(self, target=limit)
        return replace(self, bounds={**self.bounds, name: limit})

    def objective_of_exits(self, cost: NDArray[np.float64]) -> NDArray[np.float64]:
        """What leaving at each exit takes, shape (E,).

        Raises:
            ExitSearchError: If the number of measured times is not the number of exits, or they decrease.
        """
        return get_objective(self.objective).of_exits(cost, self.latency_ms)

    def assess(self, outcome: PopulationOutcome) -> Assessment:
        """Judge what policies did."""
        objective = outcome.exit_counts @ self.objective_of_exits(outcome.cost) / outcome.n_samples
        return self._judged(outcome.qualities, objective)

    def objective_at_target(self, assessment: Assessment, cost: NDArray[np.float64]) -> NDArray[np.float64]:
        """One number per policy, minimised, by which any that is feasible beats any that is not; shape (P,).

        The objective of a feasible policy; else the objective of the full network and the violation. Under a budget,
        where the best quality is wanted, what a feasible policy lacks of the best possible one, brought to [0, 1]; else
        1 and the violation.

        Args:
            assessment: The policies as :meth:`assess` judges them.
            cost: Compute up to each exit relative to the full network, shape (E,).
        """
        if self.budget is not None:
            wanted, worst = get_quality(self.quality).lack(self._sign * assessment.quality), 1.0
        else:
            wanted, worst = assessment.objective, float(self.objective_of_exits(cost)[-1])
        return np.where(assessment.violation <= 0, wanted, worst + assessment.violation)

    def violation(self, figures: Mapping[str, float]) -> float:
        """By how much one policy misses what is asked for, given its qualities and its objective by column."""
        qualities = {name: np.array([figures[name]]) for name in self.qualities}
        return float(self._judged(qualities, np.array([figures[self.objective_column]])).violation[0])

    def is_met(self, figures: Mapping[str, float]) -> bool:
        """Whether one policy does what is asked for; arguments as for :meth:`violation`."""
        return self.violation(figures) <= 0

    @property
    def _sign(self) -> float:
        return get_quality(self.quality).sign

    def _judged(self, qualities: Mapping[str, NDArray[np.float64]], objective: NDArray[np.float64]) -> Assessment:
        violation = np.zeros(len(objective))
        for name, bound in self.bounds.items():
            violation += np.maximum(get_quality(name).sign * (bound - qualities[name]), 0.0)
        found = Assessment(self._sign * qualities[self.quality], objective, violation)
        return found.with_limits(None if self.target is None else self._sign * self.target, self.budget)

    def best(self, assessment: Assessment) -> int:
        """Index of the best policy: least violation, then best quality under a budget, else least objective."""
        return assessment.best(prefers_quality=self.budget is not None)


@dataclass(frozen=True)
class Assessment:
    """Policies as a goal sees them.

    Attributes:
        quality: Maximised, shape (P,): the goal's quality, or its negative where less is better.
        objective: Mean objective of each policy, minimised, shape (P,).
        violation: By how much constraints are missed, added up, shape (P,); 0 is feasible.
    """

    quality: NDArray[np.float64]
    objective: NDArray[np.float64]
    violation: NDArray[np.float64]

    def with_limits(self, target: float | None, budget: float | None) -> Assessment:
        """Count a least quality and a largest objective among the constraints too; None is no constraint."""
        violation = self.violation
        if target is not None:
            violation = violation + np.maximum(target - self.quality, 0.0)
        if budget is not None:
            violation = violation + np.maximum(self.objective / budget - 1.0, 0.0)
        return Assessment(self.quality, self.objective, violation)

    def best(self, *, prefers_quality: bool) -> int:
        """Index of the policy of least violation, then of best quality or least objective, then of the other."""
        first, second = (-self.quality, self.objective) if prefers_quality else (self.objective, -self.quality)
        left = np.flatnonzero(self.violation == self.violation.min())
        left = left[first[left] == first[left].min()]
        return int(left[second[left].argmin()])

    def front(self) -> NDArray[np.int64]:
        """Indices of the feasible non-dominated policies, least objective first; if none is feasible, the nearest."""
        feasible = np.flatnonzero(self.violation <= 0)
        if feasible.size:
            return feasible[nondominated(self.quality[feasible], self.objective[feasible])]
        return np.array([self.best(prefers_quality=False)], dtype=np.int64)
