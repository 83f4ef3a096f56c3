"""Lower bounds of candidates from ``search``, corrected for having chosen: an estimate, never a certificate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import require_delta
from policies.estimates.candidates import Candidate, families_of
from policies.estimates.rechoice import N_FOLDS, honest_figures
from policies.estimates.standings import Standings, standings
from policies.goals.goal import Goal
from policies.goals.requirements import Requirement, requirements_of
from policies.qualities.drop import DropLimit
from policies.spacing import evenly_spaced
from policies.tables.units import Units


LEVEL = 0.1
_MOST_GOALS = 6


@dataclass(frozen=True)
class EstimatedBounds:
    """What ``search`` says about P candidates, with a row for each of R requirements.

    Attributes:
        qualities: Names of the required qualities.
        observed: Value of each required quality, shape (R, P); with groups, shares of samples are means over groups.
        optimism: By how much the choice flatters each value, shape (R, P); 0 where nothing was chosen.
        bounds: One-sided bounds at confidence ``1 - level``, less the optimism, shape (R, P): lower ones, or upper
            ones of qualities of which less is better; they may lie outside the range of the quality.
        objective: Mean of the goal's objective, shape (P,).
        level: About how probable it is that a true value is beyond its bound.
        units: Independent units of what is judged on ``search``: samples, groups or parents.
    """

    qualities: tuple[str, ...]
    observed: NDArray[np.float64]
    optimism: NDArray[np.float64]
    bounds: NDArray[np.float64]
    objective: NDArray[np.float64]
    level: float
    units: Units


def estimated_bounds(
    candidates: Sequence[Candidate],
    goal: Goal,
    *,
    drops: Sequence[DropLimit] = (),
    level: float = LEVEL,
    n_folds: int = N_FOLDS,
    seed: int = 0,
) -> EstimatedBounds:
    """Bound what candidates do on new data. The limits do not matter, only what they limit.

    The bound of a candidate is the one-sided bound of what it did on ``search``, over groups where there are groups,
    less the optimism of the choice: the largest difference, over the front, between what candidates seem to do and
    what policies do that are chosen alike without the units that they are judged on (cross-fitting). A policy without
    an open gate was not chosen, and its bound is not lowered.

    Args:
        candidates: Policies that are bounded, of one network or several, all on the same samples.
        goal: Names the qualities and the objective.
        drops: The largest drop against each of the candidates' references.
        level: About how probable it may be that a bound does not hold, in (0, 1).
        n_folds: Number of folds of the cross-fitting.
        seed: Seed of draws and folds; same seed, same bounds.

    Raises:
        ExitSearchError: If there is no candidate, ``level`` is not in (0, 1), or the tables are of different samples.
    """
    require_delta(level)
    families = families_of(candidates, seed=seed)
    wanted = requirements_of(goal, drops)
    found = standings(candidates, families, goal, wanted, level=level, seed=seed)
    optimism = np.zeros(found.observed.shape)
    is_tuned = np.array([one.is_tuned for one in candidates])
    if families[0].units.n < 2:
        optimism += is_tuned
    elif is_tuned.any():
        tuned = np.flatnonzero(is_tuned)[np.argsort(found.objective[is_tuned], kind="stable")]
        examples = tuned[evenly_spaced(len(tuned), _MOST_GOALS)]
        goals = [_as_good_as(goal, found, int(i), drops) for i in examples]
        honest = honest_figures(families, goals, wanted, n_folds=n_folds, seed=seed)
        optimism[:, is_tuned] = _flattery(wanted, found.observed[:, examples], honest)[:, None]
    return EstimatedBounds(
        qualities=tuple(one.name for one in wanted),
        observed=found.observed,
        optimism=optimism,
        bounds=found.bounds - np.array([[one.sign] for one in wanted]) * optimism,
        objective=found.objective,
        level=level,
        units=families[0].judged_units,
    )


def _flattery(
    wanted: Sequence[Requirement], observed: NDArray[np.float64], honest: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The largest difference of each requirement, shape (R,), between figures, shape (R, T) each; at least 0."""
    signs = np.array([[one.sign] for one in wanted])
    return np.asarray(np.maximum((signs * (observed - honest)).max(axis=1), 0.0))


def _as_good_as(goal: Goal, found: Standings, place: int, drops: Sequence[DropLimit]) -> Goal:
    """The goal of a choice that would have come to a candidate's figures."""
    bounds = {name: float(found.counted[name][place]) for name in goal.bounds}
    if goal.budget is None:
        alike = replace(goal, target=float(found.counted[goal.quality][place]), bounds=bounds)
    else:
        alike = replace(goal, target=None, bounds=bounds, budget=float(found.objective[place]))
    for drop in drops:
        alike = alike.with_limit(drop.quality, float(found.counted[drop.quality][place]))
    return alike
