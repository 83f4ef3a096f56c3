"""Comparing ``search`` with ``certify`` before anything is claimed: a certificate holds, but choices may not transfer.

A difference does not touch what is certified, which is about data like ``certify``. It tells why policies that were
chosen on ``search`` fail there, and that one of the two may not be what the network will meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.judging.judged import Judged
from policies.levels.seen import Seen
from policies.monitoring.two_samples import holm
from policies.policy import Decision, Policy
from policies.rules import get_rule
from policies.tables.base import ExitTable, Truth
from policies.tables.classification import ClassLabels
from policies.tables.multilabel import LabelSets
from policies.tables.units import Units
from policies.tasks import get_task


LEAST_UNITS = 20
"""Of fewer units on either side nothing is said."""
ALPHA = 0.05


@dataclass(frozen=True)
class SplitDifference:
    """One thing in which two splits may differ.

    Attributes:
        name: What was compared: ``quality of the full network``, ``prevalence``, ``stop rate`` or ``scores``.
        search: Its mean over the units of ``search``.
        certify: Its mean over the units of ``certify``.
        p_value: How likely a difference as large is where both are of one kind, corrected for all that was compared
            (Holm).
        what: What the means are of, for a person.
    """

    name: str
    search: float
    certify: float
    p_value: float
    what: str


@dataclass(frozen=True)
class SplitComparison:
    """How alike ``search`` and ``certify`` are.

    Attributes:
        differences: What was compared; empty where there are too few units.
        n_search: Number of independent units of ``search``.
        n_certify: Number of independent units of ``certify``.
        unit: What counts as one.
        alpha: Largest probability of saying that they differ where both are of one kind.
    """

    differences: tuple[SplitDifference, ...]
    n_search: int
    n_certify: int
    unit: str
    alpha: float

    @property
    def found(self) -> tuple[SplitDifference, ...]:
        """In what they differ."""
        return tuple(one for one in self.differences if one.p_value <= self.alpha)

    @property
    def sentence(self) -> str:
        """What was found, for a person."""
        sizes = f"{self.n_search} {self.unit}s of search and {self.n_certify} of certify"
        if not self.differences:
            return f"{sizes} are too few to tell whether they are of one kind: {LEAST_UNITS} of each are needed"
        if not self.found:
            return f"no difference seen between {sizes} (full network, prevalence, stop rate, scores)"
        told = "; ".join(
            f"{one.what} {one.search:.4g} on search and {one.certify:.4g} on certify (p = {one.p_value:.2g})"
            for one in self.found
        )
        return f"search and certify are of different kinds: {told}; what was chosen on search may not hold"


def compare_splits(
    search: ExitTable, certify: ExitTable, policy: Policy, *, alpha: float = ALPHA, seed: int = 0
) -> SplitComparison:
    """Compare two splits of one network in what broke choices before: quality, prevalence, stop rate and scores.

    Means over independent units are compared by Welch's t-test, scores by Kolmogorov and Smirnov's, prevalences label
    by label with Bonferroni's correction, and all of it together with Holm's.

    Args:
        search: Table that policies were chosen on, answered as they answer.
        certify: Table that is to certify, answered alike.
        policy: A policy that was chosen on ``search``, whose stop rate and scores are compared.
        alpha: Largest probability of saying that they differ where both are of one kind, in (0, 1).
        seed: Seed of the search: a rule that learns sees ``search`` cross-fitted, as though that were new too.
    """
    first = _Side.of(search, cross_fitted_decision(policy, search, seed=seed), policy)
    second = _Side.of(certify, policy.decide(certify), policy)
    sizes = first.units.n, second.units.n, first.units.kind, alpha
    if min(sizes[:2]) < LEAST_UNITS:
        return SplitComparison((), *sizes)
    found = [*_compared(first, second)]
    adjusted = holm(np.array([one.p_value for one in found]))
    differences = [
        SplitDifference(one.name, one.search, one.certify, float(own), one.what)
        for one, own in zip(found, adjusted, strict=True)
    ]
    return SplitComparison(tuple(differences), *sizes)


@dataclass(frozen=True)
class _Side:
    """What is compared of one split, each a mean over what is judged within an independent unit."""

    units: Units
    full_quality: NDArray[np.float64] | None
    memberships: NDArray[np.float64]
    names: tuple[str, ...]
    left_early: NDArray[np.float64]
    score: NDArray[np.float64]

    @classmethod
    def of(cls, table: ExitTable, decision: Decision, policy: Policy) -> _Side:
        judged = Judged(decision.view, table.truth)
        units = judged.units(Units.of(table))
        of_samples = _units_of_samples(table, decision)
        members, names = _memberships(judged.truth, table)
        prevalent = [_means(own, units) for own in members.T]
        return cls(
            units=units,
            full_quality=_full_quality(table, decision, units),
            memberships=np.stack(prevalent, axis=1) if names else np.empty((units.n, 0)),
            names=names,
            left_early=_means((decision.exits < table.n_exits - 1).astype(float), of_samples),
            score=_means(_scores(table, policy), of_samples),
        )


def _compared(first: _Side, second: _Side) -> Iterator[SplitDifference]:
    # Here, since the import takes a second.
    from scipy.stats import ks_2samp, ttest_ind_from_stats

    def difference(
        name: str, one: NDArray[np.float64], other: NDArray[np.float64], what: str, *, times: int = 1
    ) -> SplitDifference:
        (mean, sd, n), (other_mean, other_sd, other_n) = _moments(one), _moments(other)
        p_value = float(mean == other_mean)
        if sd or other_sd:
            welch = ttest_ind_from_stats(mean, sd, n, other_mean, other_sd, other_n, equal_var=False)
            p_value = float(welch.pvalue)
        return SplitDifference(name, mean, other_mean, min(p_value * times, 1.0), what)

    if first.full_quality is not None and second.full_quality is not None:
        yield difference(
            "quality of the full network", first.full_quality, second.full_quality, "the full network's quality is"
        )
    if first.names:
        n = len(first.names)
        every = [
            difference("prevalence", one, other, f"the share of {name!r} is", times=n)
            for one, other, name in zip(first.memberships.T, second.memberships.T, first.names, strict=True)
        ]
        yield min(every, key=lambda one: one.p_value)
    yield difference("stop rate", first.left_early, second.left_early, "the share that leaves early is")
    p_value = float(ks_2samp(first.score, second.score).pvalue)
    yield SplitDifference(
        "scores", float(first.score.mean()), float(second.score.mean()), p_value, "the rule's mean score at depth 1 is"
    )


def _moments(values: NDArray[np.float64]) -> tuple[float, float, int]:
    return float(values.mean()), float(values.std(ddof=1)), len(values)


def _full_quality(table: ExitTable, decision: Decision, units: Units) -> NDArray[np.float64] | None:
    """Whether the full network is right, a mean over each unit; None where answers are not right or wrong."""
    full = decision.full_network(table)
    judged = Judged(full.view, table.truth)
    try:
        right = judged.truth.right(judged.answers(full.exits))
    except ExitTableError:
        return None
    return _means(right.astype(float), units)


def _memberships(truth: Truth, table: ExitTable) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Which classes or labels are true of what is judged, shape (J, C), and their names; none of other kinds."""
    if isinstance(truth, LabelSets):
        return truth.labels, truth.names
    if isinstance(truth, ClassLabels):
        names = table.class_names or tuple(map(str, range(truth.n_classes)))
        return truth.labels[:, None] == np.arange(truth.n_classes), names
    return np.empty((truth.n_samples, 0)), ()


def _scores(table: ExitTable, policy: Policy) -> NDArray[np.float64]:
    """What the task's simplest rule says of each sample at the first exit, shape (N,)."""
    seen = Seen.of(table, np.asarray(policy.temperatures))
    view = seen.lift(get_rule(get_task(table.task).baseline_rule).view(seen.table, seen.temperatures))
    return np.nan_to_num(view.scores[:, 0, 0], neginf=0.0)


def _units_of_samples(table: ExitTable, decision: Decision) -> Units:
    """The independent units of single samples: their groups, else the parents that their answers are pooled to."""
    if table.groups is not None or decision.parents is None:
        return Units.of(table)
    own = decision.parents.parents
    return Units("parent", own.of_sample, own.n)


def _means(values: NDArray[np.float64], units: Units) -> NDArray[np.float64]:
    return units.mean(np.asarray(values, dtype=np.float64), np.ones(len(values), dtype=bool))
