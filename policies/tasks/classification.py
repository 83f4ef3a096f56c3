"""One class for each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.goals.goal import Goal
from policies.policy import Decision
from policies.rules import BASELINE_RULES, DEFAULT_RULES
from policies.tables.base import ExitTable
from policies.tables.classification import ClassificationTable
from policies.tasks.base import Task


if TYPE_CHECKING:
    from policies.calibration.temperature import Method


class Classification(Task[ClassificationTable]):
    """Logits at every exit; an answer is a class, and right or wrong."""

    name: ClassVar[str] = "classification"
    table_type: ClassVar[type[ExitTable]] = ClassificationTable
    quality: ClassVar[str] = "accuracy"
    rules: ClassVar[tuple[str, ...]] = DEFAULT_RULES
    baseline_rule: ClassVar[str] = BASELINE_RULES[name]
    pooling: ClassVar[str | None] = "evidence"

    def fit_temperatures(self, table: ClassificationTable, method: Method = "lbfgs") -> NDArray[np.float64]:
        """Temperature scaling; see :func:`~policies.calibration.temperature.fit_temperatures`."""
        # Here and below, since these imports take seconds, and tables are read and checked without them.
        from policies.calibration.temperature import fit_temperatures

        return fit_temperatures(table, method)

    def oracle_mean_depth(
        self, table: ClassificationTable, goal: Goal, temperatures: NDArray[np.float64]
    ) -> float | None:
        """The least mean depth at the least accuracy; see :func:`~policies.metrics.oracle.oracle_mean_depth`."""
        from policies.metrics.oracle import oracle_mean_depth

        return None if goal.least_accuracy is None else oracle_mean_depth(table, goal.least_accuracy, temperatures)

    def exit_figures(self, table: ClassificationTable, temperatures: NDArray[np.float64]) -> list[dict[str, Any]]:
        """Accuracy, F1, calibration and likelihood of every exit."""
        from policies.metrics.exits import exit_figures

        return exit_figures(table, temperatures)

    def policy_figures(self, table: ClassificationTable, decision: Decision) -> dict[str, Any]:
        """Accuracy, F1, calibration and likelihood of a policy, what it spends, and how its exits hang together."""
        from policies.metrics.policy import policy_figures

        return policy_figures(table, decision)
