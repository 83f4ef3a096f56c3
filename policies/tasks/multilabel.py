"""Any number of labels for each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.goals.goal import Goal
from policies.policy import Decision
from policies.rules import BASELINE_RULES, MULTILABEL_RULES
from policies.tables.base import ExitTable
from policies.tables.multilabel import MultiLabelTable
from policies.tasks.base import Task


if TYPE_CHECKING:
    from policies.calibration.temperature import Method


class MultiLabel(Task[MultiLabelTable]):
    """Logits of labels at every exit; an answer is a set of labels, and right if it is so in every label."""

    name: ClassVar[str] = "multi-label"
    table_type: ClassVar[type[ExitTable]] = MultiLabelTable
    quality: ClassVar[str] = "exact_match"
    rules: ClassVar[tuple[str, ...]] = MULTILABEL_RULES
    baseline_rule: ClassVar[str] = BASELINE_RULES[name]
    pooling: ClassVar[str | None] = "mean"
    oracle_name: ClassVar[str] = "least depth, labels known (parents whole)"

    def fit_temperatures(self, table: MultiLabelTable, method: Method = "lbfgs") -> NDArray[np.float64]:
        """Scaling by likelihood; see :func:`~policies.calibration.label_temperature.fit_label_temperatures`."""
        # Here and below, since these imports take seconds, and tables are read and checked without them.
        from policies.calibration.label_temperature import fit_label_temperatures

        return fit_label_temperatures(table, method)

    def oracle_mean_depth(self, table: MultiLabelTable, goal: Goal, temperatures: NDArray[np.float64]) -> float | None:
        """The least mean depth at the least exact match; see :func:`~policies.metrics.oracle.oracle_mean_depth`."""
        from policies.metrics.oracle import oracle_mean_depth

        least = goal.target if goal.quality == self.quality else goal.bounds.get(self.quality)
        return oracle_mean_depth(table, least, temperatures) if least else None

    def exit_figures(self, table: MultiLabelTable, temperatures: NDArray[np.float64]) -> list[dict[str, Any]]:
        """Exact match, Hamming loss, F1 by label, calibration and likelihood of every exit."""
        from policies.metrics.multilabel.figures import exit_figures

        return exit_figures(table, temperatures)

    def policy_figures(self, table: MultiLabelTable, decision: Decision) -> dict[str, Any]:
        """The same of a policy, what it loses against the full network, what it spends, and how its exits agree."""
        from policies.metrics.multilabel.figures import policy_figures

        return policy_figures(table, decision)
