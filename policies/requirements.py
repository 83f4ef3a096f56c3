"""What a goal requires of a policy, quality by quality, and how candidates stand to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.candidates import Candidate, Family
from policies.goal import Goal
from policies.policy import Policy, first_open_exit
from policies.quality import Quality, get_quality
from policies.quality_bounds import quality_bounds, quality_value
from policies.rules import get_rule
from policies.units import Units


_ROUNDING = 1e-9


@dataclass(frozen=True)
class Requirement:
    """A quality and its limit: the least value, or the largest where less is better."""

    quality: Quality
    limit: float

    @property
    def sign(self) -> float:
        """1 where more is better, else -1."""
        return 1.0 if self.quality.is_maximised else -1.0

    def excess(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """By how much values meet the limit; negative where they miss it."""
        return np.asarray(self.sign * (values - self.limit))


@dataclass(frozen=True)
class Standings:
    """Figures of candidates on ``search``, one row per requirement, shape (R, P).

    Attributes:
        counted: As a search counts them: every sample alike.
        observed: With groups, shares of samples as means over groups; else the same.
        bounds: One-sided bounds of what was observed, uncorrected.
        effort: The goal's effort, shape (P,).
    """

    counted: NDArray[np.float64]
    observed: NDArray[np.float64]
    bounds: NDArray[np.float64]
    effort: NDArray[np.float64]


def requirements_of(goal: Goal) -> list[Requirement]:
    """What a goal requires, the quality that it maximises first."""
    limits = [(goal.quality, goal.target), *goal.bounds.items()]
    return [Requirement(get_quality(name), limit) for name, limit in limits]


def standings(
    candidates: Sequence[Candidate],
    families: Sequence[Family],
    goal: Goal,
    wanted: Sequence[Requirement],
    *,
    level: float,
    seed: int,
) -> Standings:
    """Measure candidates on ``search``.

    Args:
        candidates: The candidates.
        families: The same, sorted into families.
        goal: Says what effort is.
        wanted: The requirements.
        level: Of the bounds.
        seed: Of the draws.
    """
    first = families[0]
    singly = Units("sample", np.arange(len(first.labels)), len(first.labels))
    effort = np.empty(len(candidates))
    marks: list[list[NDArray[np.bool_]]] = [[np.empty(0, dtype=bool)] * len(candidates) for _ in wanted]
    for family in families:
        effort_of_exits = goal.effort_of_exits(family.cost)
        at_exits = [family.marks(one.quality.name) for one in wanted]
        for i in family.members:
            exits = family.exits(candidates[i].policy)
            effort[i] = effort_of_exits[exits].mean()
            for own, all_marks in zip(marks, at_exits, strict=True):
                own[i] = all_marks[:, np.arange(len(exits)), exits]
    values = [
        [
            [quality_value(one.quality, seen, first.labels, units, n_classes=first.n_classes) for seen in own]
            for one, own in zip(wanted, marks, strict=True)
        ]
        for units in (singly, first.units)
    ]
    bounds = [
        quality_bounds(one.quality, own, first.labels, first.units, n_classes=first.n_classes, level=level, seed=seed)
        for one, own in zip(wanted, marks, strict=True)
    ]
    return Standings(np.array(values[0]), np.array(values[1]), np.array(bounds), effort)


def is_contradicted(candidate: Candidate, wanted: Sequence[Requirement]) -> bool:
    """Whether what the candidate does on ``certify`` misses a requirement; False where there is no such table."""
    table = candidate.certify
    if table is None:
        return False
    policy: Policy = candidate.policy
    view = get_rule(policy.rule).view(table, np.asarray(policy.temperatures), **policy.params)
    exits = first_open_exit(view, np.asarray(policy.thresholds).reshape(-1, view.n_columns))
    units = Units.of(table)
    for one in wanted:
        marks = one.quality.marks(view, table.labels)[:, np.arange(len(exits)), exits]
        value = quality_value(one.quality, marks, table.labels, units, n_classes=table.n_classes)
        if one.excess(np.array(value)) < -_ROUNDING:
            return True
    return False
