"""What policies answered on every split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.policy import Decision
from policies.tables.base import ExitTable


TableT = TypeVar("TableT", bound=ExitTable)


@dataclass(frozen=True)
class PolicyAnswers(Generic[TableT]):
    """What one policy, or one exit alone, answered on one split.

    Attributes:
        name: Name of the policy: ``selected``, ``full_network``, ``exit_1``.
        split: Name of the split that the table is of.
        table: Exit table of N samples that was answered.
        answers: Answer to each sample, shape (N,) for classes, else (N, ...).
        exits: Index of the exit that each sample took, shape (N,); None of one exit alone.
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
    return [
        PolicyAnswers(name, split, table, decisions[split].answers, decisions[split].exits)
        for split, table in tables.items()
    ]


def answers_of_exits(tables: Mapping[str, TableT]) -> list[PolicyAnswers[TableT]]:
    """What each exit alone answers on every split."""
    return [
        PolicyAnswers(f"exit_{k + 1}", split, table, answers)
        for split, table in tables.items()
        for k, answers in enumerate(np.moveaxis(table.exit_answers, 1, 0))
    ]
