"""Policies among which one is chosen, and what each of them does with the units of the ``search`` split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.evaluation.cross_fitted import chosen_view
from policies.judging.judged import Judged
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.rules import RuleView
from policies.tables.base import ExitTable, Truth
from policies.tables.units import Units


@dataclass(frozen=True)
class Candidate:
    """A policy that may be chosen.

    Attributes:
        policy: Policy that may be chosen.
        search: Exit table of the policy's network on ``search``, on which the policy was found.
        certify: Exit table of the policy's network on ``certify``, or None where there is none.
        references: Policies of the same network that drops are counted from; the same ones for all
            candidates of a network.
    """

    policy: Policy
    search: ExitTable
    certify: ExitTable | None = None
    references: tuple[Policy, ...] = ()

    @property
    def is_tuned(self) -> bool:
        """Whether some gate is open, or not all is read: else no threshold was chosen, and nothing flatters it."""
        return self.policy.leaves_early


@dataclass(frozen=True)
class Family:
    """Candidates that differ in nothing but their thresholds, on samples that are sorted by name.

    Attributes:
        view: What the candidates' rule sees, cross-fitted where it learns.
        truth: What answers are judged by, of N samples.
        cost: Relative cost of each exit, shape (E,).
        units: Independent units that the samples belong to.
        members: Indices of the candidates that the family holds.
        references: What each of the candidates' references answers about what is judged, shape (J, ...) each.
        answering: How the candidates answer, if they read everything.
    """

    view: RuleView
    truth: Truth
    cost: NDArray[np.float64]
    units: Units
    members: tuple[int, ...]
    references: tuple[NDArray[Any], ...] = ()
    answering: Answering = field(default_factory=Answering)

    @property
    def judged(self) -> Judged:
        """The answers of the candidates, as they are judged."""
        return Judged(self.view, self.truth)

    @property
    def judged_units(self) -> Units:
        """The independent units that what is judged belongs to."""
        return self.judged.units(self.units)

    def of_answers(self, answers: NDArray[Any]) -> Family:
        """What is judged, as samples with a single exit at which given answers, shape (J, ...), are given."""
        shape = (len(answers), 1)
        view = RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=bool), answers[:, None])
        return Family(view, self.judged.truth, self.cost, self.judged_units, self.members, self.references)

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which of the J that are judged some samples are behind, of each parent all of its samples or none."""
        return rows if self.view.parents is None else self.view.parents.parents.take(rows)[1]

    def exits(self, policy: Policy) -> NDArray[np.int64]:
        """The exit that each sample takes, shape (N,)."""
        return policy.decide_on(self.view).exits

    def take(self, rows: NDArray[np.int64]) -> Family:
        """The same candidates on some of the samples; units keep their numbers."""
        units = Units(self.units.kind, self.units.of_sample[rows], self.units.n)
        references = tuple(answers[self.places(rows)] for answers in self.references)
        return replace(self, view=self.view.take(rows), truth=self.truth.take(rows), units=units, references=references)


def families_of(candidates: Sequence[Candidate], *, seed: int = 0) -> list[Family]:
    """Sort candidates by network, rule and the rule's parameters, in the order of their first member.

    Args:
        candidates: Policies to sort, at least one; all ``search`` tables are of the same samples, in any order.
        seed: Seed of cross-fitting, the one that the search used.

    Raises:
        ExitSearchError: If there is no candidate, or the tables are of different samples.
    """
    if not candidates:
        raise ExitSearchError("a choice needs at least one candidate but has none")
    tables = {id(one.search): one.search for one in candidates}
    if len({table.split_hash for table in tables.values()}) > 1:
        raise ExitSearchError("the candidates' search tables must be of the same samples but are not")
    members: dict[tuple[int, str], list[int]] = {}
    for i, one in enumerate(candidates):
        members.setdefault((id(one.search), one.policy.kind), []).append(i)
    return [_family(candidates[own[0]], tuple(own), seed) for own in members.values()]


def _family(first: Candidate, members: tuple[int, ...], seed: int) -> Family:
    table = first.search.answered(first.policy.answering)
    order = np.argsort(table.ids)
    units = Units.of(table)
    sorted_units = Units(units.kind, units.of_sample[order], units.n)
    sorted_view = chosen_view(first.policy, table, seed=seed).take(order)
    is_by_sample = sorted_view.parents is None
    references = tuple(answers[order] if is_by_sample else answers for answers in answers_of(first.references, table))
    answering, truth = first.policy.answering.reading_all, table.truth.take(order)
    return Family(sorted_view, truth, table.cost, sorted_units, members, references, answering)


def answers_of(policies: Sequence[Policy], table: ExitTable) -> tuple[NDArray[Any], ...]:
    """What each policy answers about the samples of a table, or about their parents, shape (J, ...) each."""
    decisions = [policy.decide(table) for policy in policies]
    return tuple(Judged(one.view, table.truth).answers(one.exits) for one in decisions)
