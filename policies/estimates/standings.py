"""How candidates stand to what is required: figures and plain bounds on ``search``, and a look at ``certify``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.estimates.bootstrap_bounds import bootstrap_bounds
from policies.estimates.candidates import Candidate, Family, answers_of
from policies.estimates.mean_bounds import mean_bounds, unit_means
from policies.estimates.quality_bounds import quality_bounds, quality_value
from policies.goals.goal import Goal
from policies.goals.requirements import Requirement
from policies.parents.parent_answers import spent_at
from policies.qualities import CountedQuality, MeanQuality, PooledQuality, Quality, get_quality
from policies.qualities import counted as counted_quality
from policies.tables.classification import ClassLabels
from policies.tables.units import Units


_ROUNDING = 1e-9


@dataclass(frozen=True)
class Standings:
    """Figures of P candidates on ``search``, with a row for each of R requirements.

    Attributes:
        counted: Every quality of the goal and of a drop, and the accuracy, by name as a search counts it, each sample
            alike, shape (P,).
        observed: Value of each required quality, shape (R, P); with groups, shares of samples are means over groups.
        bounds: One-sided bounds of what was observed, uncorrected, shape (R, P).
        objective: Mean of the goal's objective, shape (P,).
    """

    counted: dict[str, NDArray[np.float64]]
    observed: NDArray[np.float64]
    bounds: NDArray[np.float64]
    objective: NDArray[np.float64]


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
        candidates: Policies to measure, in the order of the columns.
        families: Families that the candidates are sorted into.
        goal: Goal whose objective is measured.
        wanted: Requirements whose qualities are measured and bounded.
        level: Probability that the true value is beyond a bound, in (0, 1).
        seed: Seed of the draws; the same seed gives the same bounds.
    """
    shape = (len(wanted), len(candidates))
    observed, bounds = np.empty(shape), np.empty(shape)
    objective = np.empty(len(candidates))
    counted = {name: np.empty(len(candidates)) for name in _counted_names(families, goal, wanted)}
    for family in families:
        members = list(family.members)
        exits = np.array([family.exits(candidates[i].policy) for i in members])
        objective[members] = spent_at(goal.objective_of_exits(family.cost), exits).mean(axis=1)
        for name, values in counted.items():
            values[members] = _counted_singly(get_quality(name), family, exits)
        for row, one in enumerate(wanted):
            quality = one.against(family.references, family.judged.truth)
            observed[row, members], bounds[row, members] = _judged(quality, family, exits, level, seed)
    for row, one in enumerate(wanted):
        if one.reference is not None:
            bounds[row, _are_the_reference(candidates, one.reference)] = 0.0
    return Standings(counted, observed, bounds, objective)


def _counted_names(families: Sequence[Family], goal: Goal, wanted: Sequence[Requirement]) -> tuple[str, ...]:
    """What a goal's policies are judged by, what drops are of, and the accuracy where there is one."""
    is_right_or_wrong = isinstance(families[0].truth, ClassLabels)
    drops = [one.drop.quality for one in wanted if one.drop is not None]
    return tuple(dict.fromkeys([*goal.qualities, *drops, *(["accuracy"] if is_right_or_wrong else [])]))


def _counted_singly(quality: Quality[Any], family: Family, exits: NDArray[np.int64]) -> NDArray[np.float64]:
    """A quality of each policy, shape (P,), as a search counts it: each sample alike."""
    return family.judged.values(quality, exits)


def _judged(
    quality: Quality[Any], family: Family, exits: NDArray[np.int64], level: float, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What each policy shows and its bound, shape (P,) each."""
    if isinstance(quality, MeanQuality):
        return mean_bounds(quality, family, exits, level=level, seed=seed)
    if isinstance(quality, PooledQuality):
        return bootstrap_bounds(quality, family, exits, level=level, seed=seed)
    one = counted_quality(quality)
    marks = marks_at(one, family, exits)
    truth, units = family.judged.truth, family.judged_units
    observed = [quality_value(one, own, truth, units) for own in marks]
    return np.array(observed), quality_bounds(one, marks, truth, units, level=level, seed=seed)


def marks_at(quality: CountedQuality[Any], family: Family, exits: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """What each of the J that are judged adds to by each of P policies, shape (K, J) each.

    Args:
        quality: Quality whose counts are marked.
        family: The candidates, on N samples.
        exits: The exits that P of them take, shape (P, N).
    """
    judged = family.judged
    if family.view.parents is not None:
        return [judged.marks(quality, own) for own in exits]
    marks = quality.marks(family.view, family.truth)
    rows = np.arange(exits.shape[1])
    return [marks[:, rows, own] for own in exits]


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
    references = answers_of(candidate.references, table)
    family = Family(view, table.truth, table.cost, Units.of(table), (0,), references)
    for one in wanted:
        quality = one.against(references, family.judged.truth)
        value = _value(quality, family, exits)
        if one.excess(np.array(value)) < -_ROUNDING:
            return True
    return False


def _value(quality: Quality[Any], family: Family, exits: NDArray[np.int64]) -> float:
    """A quality of one policy that takes exits of shape (N,); shares of samples are means over units."""
    if isinstance(quality, MeanQuality):
        return float(unit_means(quality, family, exits[None]).mean())
    if isinstance(quality, PooledQuality):
        return float(family.judged.judge(quality)(exits[None])[0])
    one = counted_quality(quality)
    (marks,) = marks_at(one, family, exits[None])
    return quality_value(one, marks, family.judged.truth, family.judged_units)
