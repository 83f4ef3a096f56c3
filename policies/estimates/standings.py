"""How candidates stand to what is required: figures and plain bounds on ``search``, and a look at ``certify``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.estimates.candidates import Candidate, Family, rightness
from policies.estimates.quality_bounds import quality_bounds, quality_value
from policies.goals.goal import Goal
from policies.goals.requirements import Requirement
from policies.qualities.quality import get_quality
from policies.tables.units import Units


_ROUNDING = 1e-9


@dataclass(frozen=True)
class Standings:
    """Figures of P candidates on ``search``, with a row for each of R requirements.

    Attributes:
        counted: Every quality of the goal by name as a search counts it, each sample alike, shape (P,).
        observed: Shape (R, P); with groups, shares of samples are means over groups.
        bounds: One-sided bounds of what was observed, uncorrected, shape (R, P).
        effort: The goal's effort, shape (P,).
    """

    counted: dict[str, NDArray[np.float64]]
    observed: NDArray[np.float64]
    bounds: NDArray[np.float64]
    effort: NDArray[np.float64]


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
    labels, units, n_classes = families[0].labels, families[0].units, families[0].n_classes
    singly = Units("sample", np.arange(len(labels)), len(labels))
    effort = np.empty(len(candidates))
    counted = {name: np.empty(len(candidates)) for name in goal.qualities}
    marks: list[list[NDArray[np.int64]]] = [[np.empty(0, dtype=np.int64)] * len(candidates) for _ in wanted]
    rows = np.arange(len(labels))
    for family in families:
        effort_of_exits = goal.effort_of_exits(family.cost)
        plain = {name: get_quality(name).marks(family.view, labels) for name in goal.qualities}
        at_exits = [family.marks(one) for one in wanted]
        for i in family.members:
            exits = family.exits(candidates[i].policy)
            effort[i] = effort_of_exits[exits].mean()
            for name, all_marks in plain.items():
                own = all_marks[:, rows, exits]
                counted[name][i] = quality_value(get_quality(name), own, labels, singly, n_classes=n_classes)
            for of_candidates, all_marks in zip(marks, at_exits, strict=True):
                of_candidates[i] = all_marks[:, rows, exits]
    observed = [
        [quality_value(one.quality, seen, labels, units, n_classes=n_classes) for seen in own]
        for one, own in zip(wanted, marks, strict=True)
    ]
    bounds = [
        quality_bounds(one.quality, own, labels, units, n_classes=n_classes, level=level, seed=seed)
        for one, own in zip(wanted, marks, strict=True)
    ]
    for one, of_policies in zip(wanted, bounds, strict=True):
        if one.reference is not None:
            of_policies[_are_the_reference(candidates, one.reference)] = 0.0
    return Standings(counted, np.array(observed), np.array(bounds), effort)


def _are_the_reference(candidates: Sequence[Candidate], reference: int) -> list[bool]:
    """Which candidates are the policy that they are compared with: they lose nothing against it, on any data."""
    return [one.policy.policy_hash == one.references[reference].policy_hash for one in candidates]


def is_contradicted(candidate: Candidate, wanted: Sequence[Requirement]) -> bool:
    """Whether what the candidate does on ``certify`` misses a requirement; False where there is no such table."""
    table = candidate.certify
    if table is None:
        return False
    view = candidate.policy.view(table)
    exits = candidate.policy.decide_on(view).exits
    units, references = Units.of(table), rightness(candidate.references, table)
    for one in wanted:
        marks = one.counted_against(references).marks(view, table.labels)[:, np.arange(len(exits)), exits]
        value = quality_value(one.quality, marks, table.labels, units, n_classes=table.n_classes)
        if one.excess(np.array(value)) < -_ROUNDING:
            return True
    return False
