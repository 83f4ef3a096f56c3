"""What a kind of answers may have to tell beside what is told of all: nothing, unless a task says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.goals.goal import Goal
from policies.policy import Decision, Policy
from policies.selection.select import Selection
from policies.tables.base import ExitTable
from search.run_folder.answers import PolicyAnswers
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import PolicyFigures


TableT = TypeVar("TableT", bound=ExitTable)


@dataclass(frozen=True)
class BaselinePolicy:
    """A policy that is told beside the selected one.

    Attributes:
        policy: Policy that is told beside the selected one.
        notes: JSON values that are told of the policy beside its figures.
    """

    policy: Policy
    notes: Mapping[str, Any] = field(default_factory=dict)


class TaskReport(Generic[TableT]):
    """What is told beside what is told of all.

    Attributes:
        measures_latency: Whether the selected policy of a sweep is timed unless somebody says otherwise.
    """

    measures_latency: ClassVar[bool] = False

    def baselines(self, search: TableT, temperatures: NDArray[np.float64]) -> dict[str, BaselinePolicy]:
        """Further policies to compare with, by name.

        Args:
            search: The table that policies were chosen on.
            temperatures: Temperature of each exit, shape (E,).
        """
        return {}

    def findings(
        self,
        selection: Selection,
        goal: Goal,
        tables: Mapping[str, TableT],
        decisions: Mapping[str, Decision],
        baselines: Mapping[str, PolicyFigures],
    ) -> dict[str, Any]:
        """Further fields of a :class:`~search.run_folder.summary.Summary`, or keys that it has beside its fields.

        Args:
            selection: Policy that was chosen, with its network and front.
            goal: What was searched for, without a margin.
            tables: The selected network's tables by split.
            decisions: What the selected policy did on each split.
            baselines: Figures of the baselines, by name.
        """
        return {}

    def write(
        self,
        files: ResultFiles,
        search: TableT,
        temperatures: NDArray[np.float64],
        answered: Sequence[PolicyAnswers[TableT]],
    ) -> None:
        """Write further files and figures.

        Args:
            files: Files of the results, in their folder.
            search: Exit table that policies were chosen on.
            temperatures: Temperature of each exit, shape (E,).
            answered: What the selected policy, each exit and each baseline answered on every split.
        """

    def draw_samples(
        self,
        files: ResultFiles,
        inputs: Mapping[str, NDArray[Any]],
        temperatures: NDArray[np.float64],
        answered: Sequence[PolicyAnswers[TableT]],
    ) -> None:
        """Draw samples with their answers, where a person can see whether these are right.

        Args:
            files: Files of the results, in their folder.
            inputs: The samples of ``test`` by their ids, each of shape (channels, height, width).
            temperatures: Temperature of each exit, shape (E,).
            answered: What the selected policy, each exit and each baseline answered on every split.
        """
