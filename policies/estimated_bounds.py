"""Lower bounds of candidates from ``search``, corrected for having chosen: an estimate, never a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.bounds import require_delta
from policies.candidates import Candidate, Family, families_of
from policies.goal import Goal
from policies.levels import thin
from policies.rechoice import N_FOLDS, honest_figures
from policies.requirements import Requirement, Standings, requirements_of, standings
from policies.units import Units


LEVEL = 0.1
_MOST_GOALS = 6


@dataclass(frozen=True)
class EstimatedBounds:
    """What ``search`` says about candidates, one row for each quality that a goal names, its own first.

    Attributes:
        qualities: Names of the qualities, R of them.
        observed: Shape (R, P); with groups, shares of samples are means over groups.
        optimism: By how much the choice flatters each, shape (R, P); 0 where nothing was chosen.
        bounds: One-sided bounds at confidence ``1 - level``, less the optimism, shape (R, P): lower ones, or upper
            ones of qualities of which less is better; they may lie outside [0, 1].
        effort: The goal's effort, shape (P,).
        level: About how probable it is that a true value is beyond its bound.
        units: Samples or groups of ``search``.
    """

    qualities: tuple[str, ...]
    observed: NDArray[np.float64]
    optimism: NDArray[np.float64]
    bounds: NDArray[np.float64]
    effort: NDArray[np.float64]
    level: float
    units: Units


def estimated_bounds(
    candidates: Sequence[Candidate], goal: Goal, *, level: float = LEVEL, n_folds: int = N_FOLDS, seed: int = 0
) -> EstimatedBounds:
    """Bound what candidates do on new data. The limits of the goal do not matter, only what it names.

    The bound of a candidate is the one-sided bound of what it did on ``search``, over groups where there are groups,
    less the optimism of the choice: the largest difference, over the front, between what candidates seem to do and
    what policies do that are chosen alike without the units that they are judged on (cross-fitting). A policy without
    an open gate was not chosen, and its bound is not lowered.

    Args:
        candidates: Of one network or several, all on the same samples.
        goal: Names the qualities and the effort.
        level: About how probable it may be that a bound does not hold, in (0, 1).
        n_folds: Folds of the cross-fitting.
        seed: Of draws and folds; same seed, same bounds.

    Raises:
        ExitSearchError: If there is no candidate, ``level`` is not in (0, 1), or the tables are of different samples.
    """
    require_delta(level)
    families = families_of(candidates, seed=seed)
    wanted = requirements_of(goal)
    found = standings(candidates, families, goal, wanted, level=level, seed=seed)
    optimism = _optimism(candidates, families, goal, wanted, found, n_folds=n_folds, seed=seed)
    return EstimatedBounds(
        qualities=tuple(one.quality.name for one in wanted),
        observed=found.observed,
        optimism=optimism,
        bounds=found.bounds - np.array([[one.sign] for one in wanted]) * optimism,
        effort=found.effort,
        level=level,
        units=families[0].units,
    )


def _optimism(
    candidates: Sequence[Candidate],
    families: Sequence[Family],
    goal: Goal,
    wanted: Sequence[Requirement],
    found: Standings,
    *,
    n_folds: int,
    seed: int,
) -> NDArray[np.float64]:
    """By how much the choice flatters each quality of each candidate, shape (R, P); 0 where nothing was chosen."""
    is_tuned = np.array([one.is_tuned for one in candidates])
    tuned = np.flatnonzero(is_tuned)[np.argsort(found.effort[is_tuned], kind="stable")]
    optimism = np.zeros(found.observed.shape)
    if not tuned.size:
        return optimism
    if families[0].units.n < 2:
        return np.asarray(optimism + is_tuned)
    examples = tuned[thin(len(tuned), _MOST_GOALS)]
    goals = [_as_good_as(goal, wanted, found.counted[:, i], float(found.effort[i])) for i in examples]
    honest = honest_figures(families, goals, n_folds=n_folds, seed=seed)
    for row, one in enumerate(wanted):
        flattery = one.sign * (found.observed[row, examples] - honest[one.quality.name])
        optimism[row, is_tuned] = max(float(flattery.max()), 0.0)
    return optimism


def _as_good_as(goal: Goal, wanted: Sequence[Requirement], values: NDArray[np.float64], effort: float) -> Goal:
    """The goal of a choice that would have come to a policy of these figures."""
    bounds = {one.quality.name: float(value) for one, value in zip(wanted[1:], values[1:], strict=True)}
    if goal.budget is None:
        return replace(goal, target=float(values[0]), bounds=bounds)
    return replace(goal, target=0.0, bounds=bounds, budget=effort)
