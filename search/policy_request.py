"""What ``exitsearch policy`` is asked for, and what that means on a table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from policies.baselines import baseline_evaluator, baseline_policy
from policies.calibrate import fit_temperatures
from policies.claims import Claim, aim_of
from policies.errors import ExitSearchError
from policies.evolve import EvolveSettings
from policies.exit_metrics import exit_accuracies
from policies.exit_table import ExitTable
from policies.goal import Goal
from policies.latency import KEY as LATENCY_KEY
from policies.latency import checked_latency
from policies.rules import DEFAULT_RULES
from policies.units import Units
from search.network_search import PolicySearch


@dataclass(frozen=True)
class PolicyRequest:
    """The options of the command; what is None was not given.

    Attributes:
        search: File of the table that policies are chosen on.
        certify: File of the table that certifies.
        test: File of the table that is only reported.
        target: Least value of ``quality``.
        max_drop: Largest accuracy lost against the full network.
        max_drop_greedy: Largest accuracy lost against the greedy shared threshold, as tuned for the other limits.
        quality: What is maximised.
        objective: What is minimised: ``depth``, ``cost`` or ``latency``.
        budget: Largest mean effort; the best policy is then the one of best quality.
        bounds: Further qualities and their bounds.
        latency_ms: Measured time up to each exit; where empty, the table's ``meta["latency_ms"]``.
        rules: Names of the rules; the default ones where empty.
        settings: How hard to search.
        delta: Largest probability of a wrong certificate.
        seed: Same seed, same front.
        islands: Populations that evolve apart, as Ray tasks.
        calibration: How temperatures are found.
        out: Folder for the results; a numbered one below ``runs`` where None.
    """

    search: Path
    certify: Path | None = None
    test: Path | None = None
    target: float | None = None
    max_drop: float | None = None
    max_drop_greedy: float | None = None
    quality: str = "accuracy"
    objective: str = "depth"
    budget: float | None = None
    bounds: dict[str, float] = field(default_factory=dict)
    latency_ms: tuple[float, ...] = ()
    rules: tuple[str, ...] = ()
    settings: EvolveSettings = field(default_factory=EvolveSettings)
    delta: float = 0.05
    seed: int = 0
    islands: int = 1
    calibration: Literal["lbfgs", "grid"] = "lbfgs"
    out: Path | None = None

    def goal(self, search: ExitTable) -> Goal:
        """What to search for; drops are counted from the full network's and the greedy policy's accuracy on ``search``.

        Raises:
            ExitSearchError: If nothing was asked for, or something that cannot be.
        """
        limits = (self.target, self.max_drop, self.max_drop_greedy, self.budget)
        if all(limit is None for limit in limits):
            raise ExitSearchError(
                "a search needs --target, --max-drop, --max-drop-greedy or --budget but none was given; "
                "try --target 0.94"
            )
        goal = Goal(
            target=self.target or 0.0,
            quality=self.quality,
            effort=self.objective,
            budget=self.budget,
            bounds=self.bounds,
            latency_ms=self._latency_ms(search),
        )
        goal.effort_of_exits(search.cost)
        if self.max_drop is not None:
            goal = _with_floor(goal, _full_accuracy(search) - _checked_drop("--max-drop", self.max_drop))
        if self.max_drop_greedy is not None:
            drop = _checked_drop("--max-drop-greedy", self.max_drop_greedy)
            goal = _with_floor(goal, _greedy_accuracy(goal, search) - drop)
        return goal

    def _latency_ms(self, search: ExitTable) -> tuple[float, ...]:
        """What was typed, else what the table states; none where it is not needed."""
        times = self.latency_ms or (search.meta.get(LATENCY_KEY) if self.objective == "latency" else None)
        return () if not times else tuple(checked_latency(times, search.n_exits).tolist())

    def claim(self) -> Claim | None:
        """What can be certified of that; None where there is no ``certify`` table.

        Raises:
            ExitSearchError: If there is one but nothing that can be certified.
        """
        if self.certify is None:
            return None
        target = self.target if self.quality == "accuracy" else self.bounds.get("accuracy")
        if not target and self.max_drop is None:
            raise ExitSearchError(
                "--certify needs something that can be certified: a --target for accuracy, or --max-drop; there is "
                "no certificate for macro-F1, a budget or a drop against the greedy policy alone; leave --certify out"
            )
        return Claim(target=target or None, max_drop=self.max_drop, class_floor=self.bounds.get("worst_class_recall"))

    def aim(self, goal: Goal, search: ExitTable, certify: ExitTable | None) -> Goal:
        """The goal with the margin that a certificate on ``certify`` needs; the goal itself where none is wanted."""
        claim = self.claim()
        if claim is None or certify is None:
            return goal
        units = Units.of(certify)
        smallest = None if units.hold_several else int(np.bincount(certify.labels, minlength=certify.n_classes).min())
        aimed = aim_of(claim, n_units=units.n, delta=self.delta, grouped=units.hold_several, smallest_class=smallest)
        if aimed is None:
            return goal
        floors = [0.0 if aimed.target is None else aimed.target]
        if aimed.max_drop is not None:
            floors.append(_full_accuracy(search) - aimed.max_drop)
        goal = _with_floor(goal, max(floors))
        floor = {} if aimed.class_floor is None else {"worst_class_recall": aimed.class_floor}
        return replace(goal, bounds={**goal.bounds, **floor})

    def how(self, goal: Goal) -> PolicySearch:
        """How policies are searched."""
        return PolicySearch(goal, self.rules or DEFAULT_RULES, self.settings, self.seed, self.calibration, self.islands)


def _with_floor(goal: Goal, accuracy: float) -> Goal:
    """The goal with a least accuracy, where it does not have a larger one."""
    accuracy = min(max(accuracy, 0.0), 1.0)
    if goal.quality == "accuracy":
        return replace(goal, target=max(goal.target, accuracy))
    return replace(goal, bounds={**goal.bounds, "accuracy": max(goal.bounds.get("accuracy", 0.0), accuracy)})


def _full_accuracy(search: ExitTable) -> float:
    return float(exit_accuracies(search)[-1])


def _greedy_accuracy(goal: Goal, search: ExitTable) -> float:
    temperatures = fit_temperatures(search)
    evaluator = baseline_evaluator(search, temperatures, goal)
    greedy = baseline_policy("greedy_shared_threshold", evaluator, temperatures, goal)
    return 0.0 if greedy is None else float((greedy.decide(search).answers == search.labels).mean())


def _checked_drop(option: str, drop: float) -> float:
    if not 0 <= drop < 1:
        raise ExitSearchError(f"{option} must be at least 0 and below 1 but is {drop:g}; 0.01 is one point")
    return drop
