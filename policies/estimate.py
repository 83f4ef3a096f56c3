"""What the table that a policy was chosen on tells about new data: an estimate, never a certificate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.claim_parts import ClaimPart, measure
from policies.claims import Claim
from policies.exit_table import ExitTable
from policies.goal import Goal
from policies.policy import Policy
from policies.quality import Quality, get_quality
from policies.request import Request
from policies.rules import RuleView
from policies.units import Units


_N_RESAMPLES = 500
_OF_CLAIMS = ("accuracy", "worst_class_recall")


@dataclass(frozen=True)
class Estimate:
    """A one-sided bound, read where the policy was chosen, of what it does on new data of the same kind.

    Attributes:
        figure: What was bounded: the first of what was asked for, such as ``accuracy`` or ``drop``.
        required: What was asked for: a least value, or the largest drop.
        observed: On ``search``, over units.
        bound: At confidence ``1 - delta``, after what the choice flatters itself by: lower, or upper for a drop.
        optimism: That.
        slack: By how much everything that was asked for is met by its bound; negative where something is not.
        delta: One less the nominal confidence.
        n: Number of units.
        unit: ``sample`` or ``group``.
    """

    figure: str
    required: float
    observed: float
    bound: float
    optimism: float
    slack: float
    delta: float
    n: int
    unit: str

    @property
    def is_met(self) -> bool:
        """Whether everything that was asked for has its margin."""
        return self.slack >= 0


def estimate_policy(
    policy: Policy, view: RuleView, table: ExitTable, asked: Request, *, optimism: float = 0.0, seed: int = 0
) -> Estimate | None:
    """Bound what was asked for on the table that a policy was chosen on; None where no quality was asked for.

    Accuracies, recalls and drops have the bounds of a certificate, as if the table were new, and then give up the
    optimism. Other qualities have a percentile bootstrap over units (Efron, 1979), give up the optimism too, and never
    reach above what a perfect score on so many units would show.

    Args:
        policy: As a search on the table gave it.
        view: What its rule sees there, cross-fitted (:func:`~policies.crossfit.chosen_view`).
        table: The ``search`` table.
        asked: What was asked for.
        optimism: What the choice flatters itself by, as :func:`~policies.optimism.choice_optimism` tells.
        seed: Of the bootstrap.
    """
    units, decision = Units.of(table), policy.decide_on(view)
    goal, claim = asked.goal(table), _claim_of(asked, table)
    bounds = []
    if claim is not None:
        bounds += [_bound_of(part, asked.delta, optimism) for part in measure(claim, table, decision)]
    exits = decision.exits
    for name, required in _other_qualities(goal).items():
        observed, bound = _bootstrap_bound(get_quality(name), view, exits, table, units, asked.delta, seed)
        bounds.append(_bounded(name, required, observed, bound, optimism, get_quality(name).is_maximised))
    if not bounds:
        return None
    figure, required, observed, bound, _ = bounds[0]
    slack = min(slack for *_, slack in bounds)
    return Estimate(figure, required, observed, bound, optimism, slack, asked.delta, units.n, units.kind)


_Bound = tuple[str, float, float, float, float]


def _claim_of(asked: Request, table: ExitTable) -> Claim | None:
    """What has the bounds of a certificate; a drop against the greedy policy counts from its accuracy here."""
    if asked.max_drop_greedy is None:
        return asked.claim
    return Claim(target=asked.goal(table).least_accuracy, class_floor=asked.bounds.get("worst_class_recall"))


def _other_qualities(goal: Goal) -> dict[str, float]:
    """What else must hold, by name, with its bound."""
    least = {**({goal.quality: goal.target} if goal.target else {}), **goal.bounds}
    return {name: bound for name, bound in least.items() if name not in _OF_CLAIMS}


def _bound_of(part: ClaimPart, delta: float, optimism: float) -> _Bound:
    # Nobody chose by the recall of one class: its own flattery is small beside the width of its bound.
    own = optimism if part.family == "main" else 0.0
    observed = part.bound(delta) if part.observed is None else part.observed
    return _bounded(part.name, part.required, observed, part.bound(delta), own, part.is_accuracy)


def _bounded(name: str, required: float, observed: float, bound: float, optimism: float, is_least: bool) -> _Bound:
    bound = bound - optimism if is_least else bound + optimism
    return name, required, observed, bound, (bound - required if is_least else required - bound)


def _bootstrap_bound(
    quality: Quality,
    view: RuleView,
    exits: NDArray[np.int64],
    table: ExitTable,
    units: Units,
    delta: float,
    seed: int,
) -> tuple[float, float]:
    """A quality on all samples, and its bound on the side that matters, by drawing units anew."""
    marks = quality.marks(view, table.labels)[:, np.arange(table.n_samples), exits].astype(np.float64)
    tallies = np.stack([np.bincount(units.of_sample, weights=row, minlength=units.n) for row in marks], axis=1)
    labels = np.zeros((units.n, table.n_classes))
    np.add.at(labels, (units.of_sample, table.labels), 1.0)
    draws = np.random.default_rng(seed).multinomial(units.n, np.full(units.n, 1 / units.n), _N_RESAMPLES)

    def value(counts: NDArray[np.int64]) -> float:
        drawn, of_class = counts @ tallies, counts @ labels
        return float(quality.value(drawn[None].astype(np.int64), of_class.astype(np.int64))[0])

    observed = value(np.ones(units.n, dtype=np.int64))
    values = [value(counts) for counts in draws]
    perfect = delta ** (1 / units.n)
    if quality.is_maximised:
        return observed, min(float(np.quantile(values, delta)), perfect)
    return observed, max(float(np.quantile(values, 1 - delta)), 1 - perfect)
