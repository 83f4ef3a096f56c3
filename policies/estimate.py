"""Choosing with a margin where nothing is certified: an estimate from ``search``, and a second look at ``certify``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from policies.bounds import certifiable_accuracy, require_delta
from policies.candidates import Candidate, Family, families_of
from policies.goal import Goal
from policies.levels import thin
from policies.rechoice import N_FOLDS, honest_figures
from policies.requirements import Requirement, Standings, is_contradicted, requirements_of, standings
from policies.units import Units


LEVEL = 0.05
METHOD = "cross-fitted choice, lower bound over units (an estimate, not a certificate)"
_MOST_GOALS = 6
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Estimate:
    """What is estimated, never certified, of a policy that was chosen with a margin.

    Attributes:
        chosen: Which of the candidates was chosen.
        meets: Whether its bounds on ``search`` meet the goal and ``certify``, where there is one, does not
            contradict; else it is the most reliable one.
        quality: What the goal asks for.
        target: Its least value.
        observed: Its value on ``search``; with groups, and if it is a share of the samples, the mean over groups.
        bound: Its lower bound at confidence ``1 - level``, less ``optimism``.
        bounds: The same of every candidate.
        optimism: By how much a choice like this one flatters itself.
        level: About how probable it is that the true value is below the bound.
        unit: ``sample``, or ``group`` where samples share an origin.
        n: Number of units of ``search``.
        n_certify: Number of units of ``certify`` that the second look was taken at; 0 without one.
        n_vetoed: Candidates whose bounds meet the goal but that ``certify`` contradicts, up to the chosen one.
        reason: Why nothing meets the goal, as a clause for a person; empty where something does.
    """

    chosen: int
    meets: bool
    quality: str
    target: float
    observed: float
    bound: float
    bounds: tuple[float, ...]
    optimism: float
    level: float
    unit: str
    n: int
    n_certify: int
    n_vetoed: int
    reason: str
    method: str = METHOD


def estimated_target(target: float, n_units: int, *, grouped: bool, level: float = LEVEL) -> float | None:
    """The least accuracy that, observed on so many units of ``search``, has its lower bound at the target.

    Exact on samples. With groups of several samples it is on the safe side, as though groups were right or wrong as a
    whole. What the choice costs (:func:`estimated_choice`) is not in it.

    Args:
        target: Least accuracy, in [0, 1].
        n_units: Samples of ``search``, or its groups.
        grouped: Whether some unit is a group of several samples.
        level: Probability that the true value is below the bound, in (0, 1).

    Returns:
        None where even a perfect score would not do.

    Raises:
        ClaimError: If ``level`` is not in (0, 1).
    """
    require_delta(level)
    if n_units < 1:
        return None
    return certifiable_accuracy(n_units, target=target, delta=level)


def estimated_choice(
    candidates: Sequence[Candidate], goal: Goal, *, level: float = LEVEL, n_folds: int = N_FOLDS, seed: int = 0
) -> Estimate:
    """Choose the best candidate for the goal of those whose quality is likely to meet it on new data.

    The bound of a candidate is the one-sided bound of what it did on ``search``, over groups where there are groups,
    less the optimism of the choice: the largest difference, over the front, between what candidates seem to do and
    what policies do that are chosen alike without the units that they are judged on. What has no open gate was not
    chosen, and its bound is not lowered. The goal's bounds of other qualities are met with the same margin; its
    budget counts on ``search`` as it is.

    Where candidates have ``certify`` tables, those whose quality there is below what is asked for are passed over.
    Where nothing is left the most reliable candidate is chosen: the one whose bounds miss the goal by least.

    Args:
        candidates: Least effort first; of one network or several, all on the same samples.
        goal: What is wanted.
        level: About how probable it may be that a bound does not hold, in (0, 1).
        n_folds: Folds of the cross-fitting.
        seed: Of draws and folds; same seed, same choice.

    Raises:
        ExitSearchError: If there is no candidate, ``level`` is not in (0, 1), or the tables are of different samples.
    """
    require_delta(level)
    families = families_of(candidates, seed=seed)
    wanted = requirements_of(goal)
    found = standings(candidates, families, goal, wanted, level=level, seed=seed)
    optimism = _optimism(candidates, families, goal, wanted, found, n_folds=n_folds, seed=seed)
    bounds = found.bounds - np.array([[one.sign] for one in wanted]) * optimism
    slack = np.min([one.excess(own) for one, own in zip(wanted, bounds, strict=True)], axis=0)
    order = _best_first(goal, found.effort, bounds[0])
    likely = [int(i) for i in order if slack[i] >= -_ROUNDING and _is_affordable(goal, found.effort[i])]
    n_vetoed = next((k for k, i in enumerate(likely) if not is_contradicted(candidates[i], wanted)), len(likely))
    meets = n_vetoed < len(likely)
    chosen = likely[n_vetoed] if meets else _most_reliable(goal, found.effort, slack, bounds[0])
    units, certify = families[0].units, candidates[chosen].certify
    return Estimate(
        chosen=chosen,
        meets=meets,
        quality=goal.quality,
        target=goal.target,
        observed=float(found.observed[0, chosen]),
        bound=float(max(bounds[0, chosen], 0.0)),
        bounds=tuple(np.maximum(bounds[0], 0.0).tolist()),
        optimism=float(optimism[0, chosen]),
        level=level,
        unit=units.kind,
        n=units.n,
        n_certify=0 if certify is None else Units.of(certify).n,
        n_vetoed=n_vetoed,
        reason="" if meets else _why_not(goal, found.effort, wanted, bounds, units, n_vetoed=n_vetoed),
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
        return optimism + is_tuned
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


def _best_first(goal: Goal, effort: NDArray[np.float64], bounds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Candidates in the order in which they are wanted: least effort first, or under a budget the surest first."""
    return np.lexsort((-bounds, effort) if goal.budget is None else (effort, -bounds))


def _is_affordable(goal: Goal, effort: float) -> bool:
    return goal.budget is None or effort <= goal.budget * (1 + _ROUNDING)


def _most_reliable(
    goal: Goal, effort: NDArray[np.float64], slack: NDArray[np.float64], bounds: NDArray[np.float64]
) -> int:
    """The candidate within the budget, if there is one, that exceeds the limits most, or misses them by least."""
    over = np.array([not _is_affordable(goal, float(own)) for own in effort])
    return int(np.lexsort((effort, -bounds, -slack, over))[0])


def _why_not(
    goal: Goal,
    effort: NDArray[np.float64],
    wanted: Sequence[Requirement],
    bounds: NDArray[np.float64],
    units: Units,
    *,
    n_vetoed: int,
) -> str:
    """Why no candidate is chosen for meeting the goal."""
    if n_vetoed:
        those = "the only policy" if n_vetoed == 1 else f"all {n_vetoed} policies"
        return f"on certify, {those} with a margin on search missed what is asked for"
    if not any(_is_affordable(goal, float(own)) for own in effort):
        return f"no policy keeps within the budget of {goal.budget:g} on search"
    kind = units.kind if units.n == 1 else f"{units.kind}s"
    for one, own in zip(wanted, bounds, strict=True):
        best = float(own[one.excess(own).argmax()])
        if one.excess(np.array(best)) < -_ROUNDING:
            side = "least" if one.quality.is_maximised else "most"
            return (
                f"{one.quality.name} must be at {side} {one.limit:g}, but of what {units.n} {kind} of search can tell "
                f"it is at {side} {min(max(best, 0.0), 1.0):.4f}"
            )
    return "no policy has a margin on search in everything that is asked for at once"
