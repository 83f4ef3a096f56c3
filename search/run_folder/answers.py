"""What policies answered on every split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.judging.judged import Judged
from policies.levels.answers import parents_table
from policies.levels.seen import judged_table
from policies.policy import Decision
from policies.tables.base import ExitTable


TableT = TypeVar("TableT", bound=ExitTable)


@dataclass(frozen=True)
class PolicyAnswers(Generic[TableT]):
    """What one policy, or one exit alone, answered on one split, as it is judged: of samples, or of parents.

    Attributes:
        name: Name of the policy: ``selected``, ``full_network``, ``exit_1``.
        split: Name of the split that the table is of.
        table: Exit table of what was answered, J rows: the samples, or where their answers are pooled their parents.
        answers: Answer to each of the J, shape (J,) for classes, else (J, ...).
        exits: Index of the exit that each of the J took, shape (J,), of parents the deepest that any of their samples
            took; None of one exit alone.
    """

    name: str
    split: str
    table: TableT
    answers: NDArray[Any]
    exits: NDArray[np.int64] | None = None


def answers_of(
    name: str, tables: Mapping[str, TableT], decisions: Mapping[str, Decision]
) -> list[PolicyAnswers[TableT]]:
    """What one policy answers on every split, from what it did there."""
    return [_answers(name, split, table, decisions[split]) for split, table in tables.items()]


def answers_of_exits(tables: Mapping[str, TableT], temperatures: NDArray[np.float64]) -> list[PolicyAnswers[TableT]]:
    """What each exit alone answers on every split.

    Args:
        tables: Exit tables by split.
        temperatures: Temperature of each exit, shape (E,), on which pooled answers and those of labels depend.
    """
    judged = {split: judged_table(table, temperatures) for split, table in tables.items()}
    return [
        PolicyAnswers(f"exit_{k + 1}", split, table, answers)
        for split, (table, divisors) in judged.items()
        for k, answers in enumerate(np.moveaxis(table.answers_at(divisors), 1, 0))
    ]


def _answers(name: str, split: str, table: TableT, decision: Decision) -> PolicyAnswers[TableT]:
    if decision.parents is None:
        return PolicyAnswers(name, split, table, decision.answers, decision.exits)
    judged = Judged(decision.view, table.truth)
    of_parents = parents_table(table, decision.parents)
    return PolicyAnswers(name, split, of_parents, judged.answers(decision.exits), judged.deepest(decision.exits))
