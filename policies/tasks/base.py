"""What differs by the kind of answers that a network gives, where policies are searched and told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.goals.goal import Goal
from policies.policy import Decision
from policies.tables.base import ExitTable


TableT = TypeVar("TableT", bound=ExitTable)


class Task(ABC, Generic[TableT]):
    """A kind of answers: its tables, its rules, and the figures that exits and policies are told by.

    Attributes:
        name: Name by which tables name the task: as registered, or ``module:attribute``.
        table_type: Class of the task's exit tables.
        quality: The quality that is asked for where nobody says otherwise, and that every front and report tells.
        rules: Names of the rules that are searched where nobody says otherwise.
        baseline_rule: The rule of the baselines; it has one score per exit.
        pooling: How what is said of the samples of a parent is pooled where it must be and nobody says how; None where
            answers of the kind cannot be pooled.
        oracle_name: What a person calls :meth:`oracle_mean_depth`.
    """

    name: ClassVar[str]
    table_type: ClassVar[type[ExitTable]]
    quality: ClassVar[str]
    rules: ClassVar[tuple[str, ...]]
    baseline_rule: ClassVar[str]
    pooling: ClassVar[str | None] = None
    oracle_name: ClassVar[str] = "least depth with the exits' own answers, labels known"

    def qualities(self, asked: Sequence[str]) -> tuple[str, ...]:
        """Names of what policies are judged by: the task's own quality, then what is asked for."""
        return tuple(dict.fromkeys([self.quality, *asked]))

    def fit_temperatures(self, table: TableT, method: Any = "lbfgs") -> NDArray[np.float64]:
        """The divisor of the outputs of each exit, shape (E,), by which they mean what they say; 1 by default.

        Args:
            table: Exit table of the ``search`` split, on which policies are chosen.
            method: How temperatures are fitted, ``lbfgs`` or ``grid``.
        """
        return np.ones(table.n_exits)

    def oracle_mean_depth(self, table: TableT, goal: Goal, temperatures: NDArray[np.float64]) -> float | None:
        """How deep samples must go on average for a goal, if their exits are chosen by who knows the truth.

        Args:
            table: Outputs of E exits.
            goal: What is asked for.
            temperatures: Temperature of each exit, shape (E,).

        Returns:
            None where it is out of reach, or the goal asks for nothing of which that is known; as by default.
        """
        return None

    @abstractmethod
    def exit_figures(self, table: TableT, temperatures: NDArray[np.float64]) -> list[dict[str, Any]]:
        """The figures of every exit alone, first exit first, as JSON values.

        Args:
            table: Outputs of E exits.
            temperatures: Temperature of each exit, shape (E,).

        Returns:
            One mapping per exit, with ``depth``, ``cost`` and the task's quality among its keys.
        """

    @abstractmethod
    def policy_figures(self, table: TableT, decision: Decision) -> dict[str, Any]:
        """The figures of a policy on a table, as JSON values.

        Args:
            table: Exit table that the policy decided on.
            decision: Exits and answers of the policy on the table.

        Returns:
            The task's quality and what :func:`~policies.metrics.policy.spent_figures` gives, among others.
        """
