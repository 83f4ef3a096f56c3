"""What policies of a front did with each sample of ``search``, where they were chosen, as if it were new."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.cross_fitted import chosen_view, judged_table
from policies.goals.front import FrontPoint
from policies.judging.judged import Judged
from policies.metrics.policy import depth_and_cost_figures
from policies.parents.parent_answers import UNREAD
from policies.policy import Decision, Policy
from policies.qualities.detection.images import ImageF1
from policies.spacing import evenly_spaced
from policies.tables.base import ExitTable, Truth
from policies.tables.detection import TrueBoxes
from policies.tables.multilabel import MultiLabelTable
from policies.views.view import RuleView


MOST_POLICIES = 60
_LEAST_POLICIES = 5
LEAST_GAIN = 0.1
"""By how much the F1 of an image differs from the full network's where it counts as saved or lost."""
_MOST_NUMBERS = 1_000_000_000
"""So many outputs are read for all policies together: of large tables fewer policies are told of."""

TableOf = Callable[[str], ExitTable | None]
"""The ``search`` table of a network of the front; None where it is not kept."""


@dataclass(frozen=True)
class Outcome:
    """What one policy did with J samples, or where answers are pooled with J parents.

    Attributes:
        table: The ``search`` table.
        decision: What the policy decided there.
        full_worth: What the full network's answer about each of the J is worth, as :attr:`worth`.
    """

    table: ExitTable
    decision: Decision
    full_worth: NDArray[np.float64] | None

    @cached_property
    def judged(self) -> Judged:
        """The answers, as they are judged."""
        return Judged(self.decision.view, self.table.truth)

    @property
    def truth(self) -> Truth:
        """What is true of the J."""
        return self.judged.truth

    @cached_property
    def answers(self) -> NDArray[Any]:
        """What is answered, shape (J, ...)."""
        return self.judged.answers(self.decision.exits)

    @cached_property
    def worth(self) -> NDArray[np.float64] | None:
        """1 where an answer is right and 0 where it is wrong, or of boxes their F1; None of other kinds; shape (J,)."""
        return _worth(self.truth, self.answers)

    @property
    def right(self) -> NDArray[np.bool_] | None:
        """Whether each answer is right; None where answers are not right or wrong."""
        return None if self.worth is None or not _is_right_or_wrong(self.truth) else self.worth == 1

    @property
    def is_pooled(self) -> bool:
        """Whether answers are pooled, so that the J are parents."""
        return self.judged.view.parents is not None

    @cached_property
    def exits(self) -> NDArray[np.int64]:
        """The exit at which each of the J left, of a parent the deepest of its samples; shape (J,)."""
        return self.judged.deepest(self.decision.exits)

    @property
    def ids(self) -> NDArray[np.str_]:
        """The sample that stands for each of the J, of a parent its first; shape (J,)."""
        parents = self.judged.view.parents
        return self.table.ids if parents is None else self.table.ids[parents.parents.first_rows]

    @property
    def exit_mix(self) -> list[float]:
        """Share of the samples that left at each exit, as in ``summary.json``."""
        mix: list[float] = depth_and_cost_figures(self.decision.exits, self.table.cost)["exit_mix"]
        return mix

    @property
    def n_unread(self) -> int:
        """Number of samples that were not looked at, since their parent's answer was sure before."""
        return int((self.decision.exits == UNREAD).sum())

    @property
    def saved(self) -> NDArray[np.bool_] | None:
        """Which of the J are right here and wrong by the full network, or have an F1 that is higher by a tenth."""
        return None if self._gain is None else self._gain >= LEAST_GAIN

    @property
    def lost(self) -> NDArray[np.bool_] | None:
        """Which of the J are wrong here and right by the full network, or have an F1 that is lower by a tenth."""
        return None if self._gain is None else self._gain <= -LEAST_GAIN

    @property
    def _gain(self) -> NDArray[np.float64] | None:
        return None if self.worth is None or self.full_worth is None else self.worth - self.full_worth


def outcomes(points: Sequence[FrontPoint], table_of: TableOf, *, seed: int) -> Iterator[tuple[int, Outcome]]:
    """What the policies of a front did, each with its place on the front; those of one rule and network together.

    Of a long front, or of large tables, evenly spaced policies are taken, the selected one among them. Policies whose
    tables are not kept are left out.

    Args:
        points: The front.
        table_of: The ``search`` table of a network.
        seed: Seed of the search that chose the policies.
    """
    taken = _taken(points, table_of)
    for network in dict.fromkeys(points[place].network for place in taken):
        table = table_of(network)
        if table is not None:
            own = [place for place in taken if points[place].network == network]
            yield from _of_network(points, own, table, seed)


def _of_network(
    points: Sequence[FrontPoint], places: Sequence[int], table: ExitTable, seed: int
) -> Iterator[tuple[int, Outcome]]:
    # Policies of a network answer by the same label thresholds: they are cross-fitted once for all.
    table = judged_table(points[places[0]].policy, table, seed=seed)
    views: dict[str, list[int]] = {}
    for place in places:
        views.setdefault(points[place].policy.kind, []).append(place)
    full: dict[str, NDArray[np.float64] | None] = {}
    for alike in views.values():
        # Thresholds aside these policies are one: what their rule sees is made once.
        view: RuleView = chosen_view(points[alike[0]].policy, table, seed=seed)
        for place in alike:
            policy = points[place].policy
            decision = policy.decide_on(view)
            key = policy.full_network.policy_hash
            if key not in full:
                full[key] = _full_worth(decision, policy, table)
            yield place, Outcome(table, decision, full[key])


def _full_worth(decision: Decision, policy: Policy, table: ExitTable) -> NDArray[np.float64] | None:
    full = decision.full_network(table) if decision.policy is not None else policy.full_network.decide(table)
    judged = Judged(full.view, table.truth)
    return _worth(judged.truth, judged.answers(full.exits))


def _worth(truth: Truth, answers: NDArray[Any]) -> NDArray[np.float64] | None:
    if isinstance(truth, TrueBoxes):
        return ImageF1().of_answers(answers, truth)
    return truth.right(answers).astype(np.float64) if _is_right_or_wrong(truth) else None


def _is_right_or_wrong(truth: Truth) -> bool:
    return type(truth).right is not Truth.right


def _taken(points: Sequence[FrontPoint], table_of: TableOf) -> list[int]:
    known = [place for place, point in enumerate(points) if table_of(point.network) is not None]
    if not known:
        return []
    largest = max(_size(table_of(name)) for name in {points[place].network for place in known})
    limit = int(np.clip(_MOST_NUMBERS // max(largest, 1), _LEAST_POLICIES, MOST_POLICIES))
    chosen = {known[row] for row in evenly_spaced(len(known), limit)}
    return sorted(chosen | {place for place in known if points[place].selected})


def _size(table: ExitTable | None) -> int:
    return 0 if table is None else table.n_samples * table.n_exits * (table.n_classes or _n_labels(table))


def _n_labels(table: ExitTable) -> int:
    return len(table.truth.names) if isinstance(table, MultiLabelTable) else 1
