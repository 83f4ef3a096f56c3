"""The boxes of the objects that are in an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.goals.goal import Goal
from policies.policy import Decision
from policies.qualities import get_quality
from policies.rules import BASELINE_RULES, DETECTION_RULES
from policies.tables.base import ExitTable
from policies.tables.detection import DetectionTable
from policies.tasks.base import Task


if TYPE_CHECKING:
    from policies.calibration.temperature import Method


class Detection(Task[DetectionTable]):
    """Boxes at every exit; an answer is the boxes of an image, and more or less good."""

    name: ClassVar[str] = "detection"
    table_type: ClassVar[type[ExitTable]] = DetectionTable
    quality: ClassVar[str] = "map_50"
    rules: ClassVar[tuple[str, ...]] = DETECTION_RULES
    baseline_rule: ClassVar[str] = BASELINE_RULES[name]
    oracle_name: ClassVar[str] = "exits by image F1, objects known"

    def fit_temperatures(self, table: DetectionTable, method: Method = "lbfgs") -> NDArray[np.float64]:
        """Scaling of scores; see :func:`~policies.calibration.box_temperature.fit_box_temperatures`."""
        # Here and below, since these imports take seconds, and tables are read and checked without them.
        from policies.calibration.box_temperature import fit_box_temperatures

        return fit_box_temperatures(table, method)

    def oracle_mean_depth(self, table: DetectionTable, goal: Goal, temperatures: NDArray[np.float64]) -> float | None:
        """What knowing the objects would give; see :func:`~policies.metrics.detection.oracle.oracle_mean_depth`."""
        from policies.calibration.box_temperature import tempered_table
        from policies.metrics.detection.oracle import oracle_mean_depth

        if goal.target is None or not get_quality(goal.quality).is_maximised:
            return None
        return oracle_mean_depth(tempered_table(table, temperatures), goal.quality, goal.target)

    def exit_figures(self, table: DetectionTable, temperatures: NDArray[np.float64]) -> list[dict[str, Any]]:
        """Average precisions by class and size, F1 of images and errors by kind of every exit."""
        from policies.metrics.detection.figures import exit_figures

        return exit_figures(table, temperatures)

    def policy_figures(self, table: DetectionTable, decision: Decision) -> dict[str, Any]:
        """The same of a policy, what it loses against the last exit, and what it spends."""
        from policies.metrics.detection.figures import policy_figures

        return policy_figures(table, decision)
