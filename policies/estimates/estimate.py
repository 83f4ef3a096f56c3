"""Choosing with a margin where nothing is certified: an estimate from ``search``, and a second look at ``certify``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import beta

from policies.certificates.claims import require_delta
from policies.certificates.sample_size import certifiable_accuracy
from policies.estimates.candidates import Candidate
from policies.estimates.estimated_bounds import LEVEL, EstimatedBounds, estimated_bounds
from policies.estimates.rechoice import N_FOLDS
from policies.estimates.standings import is_contradicted
from policies.goals.goal import Goal
from policies.goals.requirements import Requirement, requirements_of
from policies.qualities import MeanQuality, PooledQuality
from policies.qualities.drop import CountedDrop, DropLimit
from policies.tables.units import Units


METHOD = "cross-fitted choice, lower bound over units (an estimate, not a certificate)"
PAIRED = "cross-fitted choice, paired Bayesian bootstrap over units (an estimate, not a certificate)"
BOOTSTRAP = "cross-fitted choice, percentile bootstrap over units (an estimate, not a certificate)"
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Estimate:
    """What is estimated, never certified, of a policy that was chosen with a margin.

    Attributes:
        chosen: Index of the candidate that was chosen.
        meets: Whether its bounds on ``search`` meet the goal and ``certify``, where there is one, does not
            contradict; else it is the most reliable one.
        quality: What is asked for first: the goal's quality, or the drop where nothing else is.
        side: ``at least``, or ``at most`` where less is better.
        limit: Least or largest value of the quality that was asked for.
        observed: Value of the quality on ``search``; with groups, and if it is a share of the samples, the mean over
            groups.
        bound: One-sided bound of the quality at confidence ``1 - level``, with ``optimism`` taken off.
        bounds: Bound of the quality of every candidate, with ``optimism`` taken off.
        optimism: By how much a choice like this one flatters itself.
        level: About how probable it is that the true value is below the bound.
        unit: ``sample``, or ``group`` where samples share an origin, or ``parent`` where answers are about parents.
        n: Number of units of ``search``.
        n_certify: Number of units of ``certify`` that the second look was taken at; 0 without one.
        n_vetoed: Candidates whose bounds meet the goal but that ``certify`` contradicts, up to the chosen one.
        reason: Why nothing meets the goal, as a clause for a person; empty where something does.
        method: How the bound was found, in words.
        by: Column for every value of which something is asked, while the estimate is about all samples; empty where
            there is none.
    """

    chosen: int
    meets: bool
    quality: str
    side: str
    limit: float
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
    by: str = ""

    @property
    def sentence(self) -> str:
        """What is known of the policy, for a person."""
        about = f"; it is about all samples, not about each value of {self.by}" if self.by else ""
        if not self.meets:
            about = f", over all samples and not for each value of {self.by}" if self.by else ""
            return f"no policy has a margin either{about}: {self.reason}; the most reliable one is selected"
        kind = self.unit if self.n == 1 else f"{self.unit}s"
        flattery = f", of which the choice may flatter {self.optimism:.4f}" if self.optimism else ""
        look = "; certify does not contradict it" if self.n_certify else ""
        if self.n_vetoed:
            look += f", as it did {self.n_vetoed} of less objective"
        by = " by bootstrap" if self.method in (BOOTSTRAP, PAIRED) else ""
        return (
            f"estimated{by}, not certified: on new data {self.quality} is {self.side} {self.bound:.4f} with about "
            f"{100 * (1 - self.level):g} % confidence ({self.observed:.4f} on {self.n} {kind} of search"
            f"{flattery}){look}{about}"
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON form, with the sentence, without the bounds of other candidates."""
        told = {name: value for name, value in asdict(self).items() if name not in ("chosen", "bounds")}
        return {**told, "sentence": self.sentence}


def estimated_target(target: float, n_units: int, *, grouped: bool, level: float = LEVEL) -> float | None:
    """The least accuracy that, observed on so many units of ``search``, has its lower bound at the target.

    Exact on samples. With groups of several samples, whose mean need not be a count over their number, it is on the
    safe side, as though groups mostly were right or wrong as a whole. What the choice costs
    (:func:`estimated_choice`) is not in it.

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
    if n_units < 1 or level ** (1 / n_units) < target:
        return None
    if not grouped:
        return certifiable_accuracy(n_units, target=target, delta=level)

    def excess(accuracy: float) -> float:
        lost = n_units * (1 - accuracy)
        return 1 - target - float(beta.ppf(1 - level, lost + 1, n_units - lost))

    return float(brentq(excess, target, 1.0)) if excess(target) < 0 else target


def estimated_choice(
    candidates: Sequence[Candidate],
    goal: Goal,
    *,
    drops: Sequence[DropLimit] = (),
    level: float = LEVEL,
    n_folds: int = N_FOLDS,
    seed: int = 0,
) -> Estimate:
    """Choose the best candidate for the goal of those that are likely to meet it on new data.

    See :func:`~policies.estimates.estimated_bounds.estimated_bounds` and :func:`choose_with_margin`.

    Args:
        candidates: Policies that may be chosen, of one network or several, all on the same samples.
        goal: Goal that the chosen policy should meet.
        drops: The largest drop against each of the candidates' references.
        level: About how probable it may be that a bound does not hold, in (0, 1).
        n_folds: Number of folds of the cross-fitting.
        seed: Seed of draws and folds; same seed, same choice.

    Raises:
        ExitSearchError: If there is no candidate, ``level`` is not in (0, 1), or the tables are of different samples.
    """
    found = estimated_bounds(candidates, goal, drops=drops, level=level, n_folds=n_folds, seed=seed)
    return choose_with_margin(candidates, goal, found, drops=drops)


def choose_with_margin(
    candidates: Sequence[Candidate], goal: Goal, found: EstimatedBounds, *, drops: Sequence[DropLimit] = ()
) -> Estimate:
    """Choose by bounds: least objective first, or under a budget the surest first.

    The bounds of all qualities must meet the goal's limits; its budget counts on ``search`` as it is. Where candidates
    have ``certify`` tables, those that miss a limit there, as observed, are passed over. Where nothing is left the most
    reliable candidate is chosen: the one whose bounds miss the limits by least.

    Args:
        candidates: Policies that may be chosen, in the order of the bounds.
        goal: Goal that the chosen policy should meet.
        found: Bounds of the candidates, for a goal that names the same qualities and the same objective.
        drops: The largest drop against each of the candidates' references, as for the bounds.
    """
    wanted = requirements_of(goal, drops)
    first = wanted[0]
    reliability = first.sign * found.bounds[0]
    slack = np.min([one.excess(own) for one, own in zip(wanted, found.bounds, strict=True)], axis=0)
    is_over = _is_over_budget(goal, found.objective)
    likely = [
        int(i) for i in _best_first(goal, reliability, found.objective) if slack[i] >= -_ROUNDING and not is_over[i]
    ]
    n_vetoed = next((k for k, i in enumerate(likely) if not is_contradicted(candidates[i], wanted)), len(likely))
    meets = n_vetoed < len(likely)
    # Within the budget, if something is, the candidate that exceeds the limits most, or misses them by least.
    most_reliable = int(np.lexsort((found.objective, -reliability, -slack, is_over))[0])
    chosen = likely[n_vetoed] if meets else most_reliable
    certify = candidates[chosen].certify
    return Estimate(
        chosen=chosen,
        meets=meets,
        quality=first.name,
        side=first.side,
        limit=first.limit,
        observed=float(found.observed[0, chosen]),
        bound=float(first.clip(found.bounds[0])[chosen]),
        bounds=tuple(first.clip(found.bounds[0]).tolist()),
        optimism=float(found.optimism[0, chosen]),
        level=found.level,
        unit=found.units.kind,
        n=found.units.n,
        n_certify=0 if certify is None else Units.of(certify).n,
        n_vetoed=n_vetoed,
        method=_method(first),
        reason="" if meets else _why_not(goal, wanted, found, n_vetoed=n_vetoed),
    )


def _method(one: Requirement) -> str:
    """How its bound was found: of counts and of means it is no bootstrap's, unless they are a drop of counts."""
    if isinstance(one.quality, CountedDrop):
        return PAIRED
    return BOOTSTRAP if isinstance(one.quality, PooledQuality) and not isinstance(one.quality, MeanQuality) else METHOD


def _best_first(goal: Goal, reliability: NDArray[np.float64], objective: NDArray[np.float64]) -> NDArray[np.int64]:
    keys = (-reliability, objective)
    return np.lexsort(keys if goal.budget is None else keys[::-1])


def _is_over_budget(goal: Goal, objective: NDArray[np.float64]) -> NDArray[np.bool_]:
    limit = np.inf if goal.budget is None else goal.budget
    return np.asarray(objective > limit * (1 + _ROUNDING))


def _why_not(goal: Goal, wanted: Sequence[Requirement], found: EstimatedBounds, *, n_vetoed: int) -> str:
    """Why no candidate is chosen for meeting the goal."""
    if n_vetoed:
        those = "the only policy" if n_vetoed == 1 else f"all {n_vetoed} policies"
        return f"on certify, {those} with a margin on search missed what is asked for"
    if _is_over_budget(goal, found.objective).all():
        return f"no policy keeps within the budget of {goal.budget:g} on search"
    kind = found.units.kind if found.units.n == 1 else f"{found.units.kind}s"
    for one, own in zip(wanted, found.bounds, strict=True):
        best = own[one.excess(own).argmax()]
        if one.excess(best) < -_ROUNDING:
            return (
                f"{one.name} must be {one.side} {one.limit:g}, but the best bound from {found.units.n} {kind} "
                f"of search is {float(one.clip(best)):.4f}"
            )
    return "no policy has a margin on search in everything that is asked for at once"
