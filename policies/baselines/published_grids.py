"""What the grids over which early-exit papers and reports tune by hand come to, by the score that they choose by.

They are baselines: tuned on one split by a weighted sum, without a constraint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
import math

import numpy as np
from numpy.typing import NDArray

from policies.baselines.grid_policies import (
    conformal_grid,
    dual_threshold_grid,
    dual_threshold_sweep,
    evidence_grid,
    greedy_grid,
)
from policies.metrics.classification import macro_f1
from policies.policy import Decision, Policy
from policies.rules import RuleView
from policies.tables.classification import ClassificationTable
from policies.tables.latency import PUBLISHED_BUDGET_MS, stated_latency


_F1_WEIGHT, _ACCURACY_WEIGHT, _DEPTH_WEIGHT = 1.0, 0.10, 0.08


@dataclass(frozen=True)
class GridPoint:
    """One policy of a grid with its figures on ``search``.

    Attributes:
        policy: Policy of the grid, with its thresholds.
        macro_f1: Macro-F1 of the policy, in [0, 1].
        accuracy: Accuracy of the policy, in [0, 1].
        mean_depth: Mean depth of the policy, from 1.
        mean_latency_ms: Mean measured time of the policy in milliseconds; None where none was measured.
    """

    policy: Policy
    macro_f1: float
    accuracy: float
    mean_depth: float
    mean_latency_ms: float | None = None

    @property
    def score(self) -> float:
        """``F1 + 0.10 accuracy - 0.08 mean depth``, maximised."""
        return _F1_WEIGHT * self.macro_f1 + _ACCURACY_WEIGHT * self.accuracy - _DEPTH_WEIGHT * self.mean_depth


@dataclass(frozen=True)
class GridChoice:
    """What a grid comes to.

    Attributes:
        point: The chosen policy with its figures.
        is_fallback: Whether no policy kept to the limits, so that the best of all was taken.
    """

    point: GridPoint
    is_fallback: bool


def choose_by_score(
    points: list[GridPoint],
    *,
    greedy: GridPoint | None = None,
    least_saving: float = 0.0,
    max_drop: float = math.inf,
) -> GridChoice:
    """The policy of the best score; ties go to the first.

    Args:
        points: All policies of a grid, at least one.
        greedy: The greedy policy; where given, only policies that are shallower than it by more than ``least_saving``
            and whose macro-F1 is at least its own less ``max_drop`` are chosen from.
        least_saving: Saving in mean depth against ``greedy`` that a policy must exceed.
        max_drop: Most macro-F1 that a policy may lose against ``greedy``.
    """
    allowed = points
    if greedy is not None:
        allowed = [
            point
            for point in points
            if point.mean_depth < greedy.mean_depth - least_saving and point.macro_f1 >= greedy.macro_f1 - max_drop
        ]
    return GridChoice(max(allowed or points, key=lambda point: point.score), is_fallback=not allowed)


def choose_by_latency(points: list[GridPoint], *, budget_ms: float = PUBLISHED_BUDGET_MS) -> GridChoice:
    """The policy of the best macro-F1 among those whose mean measured time keeps to a budget; ties go to the first.

    Args:
        points: All policies of the grids, at least one.
        budget_ms: Largest mean time in milliseconds.
    """
    allowed = [point for point in points if point.mean_latency_ms is not None and point.mean_latency_ms <= budget_ms]
    return GridChoice(max(allowed or points, key=lambda point: point.macro_f1), is_fallback=not allowed)


def published_choices(table: ClassificationTable, temperatures: NDArray[np.float64]) -> dict[str, GridChoice]:
    """The choice of every grid on a table, by name.

    The dual thresholds are only there with learned stop probabilities, ``grid_f1_under_budget``, which chooses from
    all of the grids, only with measured times.
    """
    points = _measured(table, greedy_grid(table, temperatures))
    greedy = choose_by_score(points)
    grids: dict[str, Callable[[ClassificationTable, NDArray[np.float64]], Iterator[Policy]]] = {
        "grid_conformal": conformal_grid,
        "grid_evidence": evidence_grid,
    }
    if table.stop_prob is not None:
        grids["grid_dual_threshold"] = dual_threshold_grid
        grids["grid_dual_threshold_fixed"] = dual_threshold_sweep
    choices = {"grid_greedy": greedy}
    for name, grid in grids.items():
        own = _measured(table, grid(table, temperatures))
        choices[name] = choose_by_score(own, greedy=greedy.point)
        points += own
    if stated_latency(table) is not None:
        choices["grid_f1_under_budget"] = choose_by_latency(points)
    return choices


def _measured(table: ClassificationTable, policies: Iterator[Policy]) -> list[GridPoint]:
    """Neighbours that differ by their thresholds alone are decided on one view."""
    latency = stated_latency(table)
    return [
        _point(table, policy, policy.decide_on(view), latency)
        for _, alike in groupby(policies, key=lambda policy: (policy.rule, policy.params))
        for view, policy in _on_one_view(list(alike), table)
    ]


def _on_one_view(alike: list[Policy], table: ClassificationTable) -> Iterator[tuple[RuleView, Policy]]:
    view = alike[0].view(table)
    for policy in alike:
        yield view, policy


def _point(
    table: ClassificationTable, policy: Policy, decision: Decision, latency: NDArray[np.float64] | None
) -> GridPoint:
    return GridPoint(
        policy=policy,
        macro_f1=macro_f1(decision.answers, table.labels),
        accuracy=float((decision.answers == table.labels).mean()),
        mean_depth=float(decision.exits.mean() + 1),
        mean_latency_ms=None if latency is None else float(latency[decision.exits].mean()),
    )
