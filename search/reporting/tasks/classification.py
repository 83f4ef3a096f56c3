"""What is told of classifiers: published grids, alarms, soft networks, reliability, files by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.baselines.full_network import recalibrated_full_network
from policies.baselines.published_grids import published_choices
from policies.calibration.reliability import reliability_curves
from policies.goals.goal import Goal
from policies.metrics.collapse import collapse_alarms
from policies.metrics.undertrained import undertrained_note
from policies.policy import Decision
from policies.selection.select import Selection
from policies.tables.classification import ClassificationTable
from search.figures.confusion import draw_confusion
from search.figures.reliability import draw_reliability
from search.reporting.tasks.base import BaselinePolicy, TaskReport
from search.reporting.tasks.soft_network import soft_networks
from search.run_folder.answers import PolicyAnswers
from search.run_folder.class_files import ClassAnswers, write_class_files
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import SPLITS, PolicyFigures


_RECALIBRATED = "full_network_recalibrated"


class ClassificationReport(TaskReport[ClassificationTable]):
    """What is told of classifiers."""

    def baselines(self, search: ClassificationTable, temperatures: NDArray[np.float64]) -> dict[str, BaselinePolicy]:
        """The full network recalibrated, and where samples answer for themselves the choices of published grids."""
        grids = {} if search.answering.pooling is not None else published_choices(search, temperatures)
        return {
            _RECALIBRATED: BaselinePolicy(recalibrated_full_network(search, temperatures)),
            **{
                name: BaselinePolicy(choice.point.policy, {"is_fallback": choice.is_fallback})
                for name, choice in grids.items()
            },
        }

    def findings(
        self,
        selection: Selection,
        goal: Goal,
        tables: Mapping[str, ClassificationTable],
        decisions: Mapping[str, Decision],
        baselines: Mapping[str, PolicyFigures],
    ) -> dict[str, Any]:
        """``undertrained``, ``alarms``, and ``soft`` where there are stop probabilities."""
        undertrained = undertrained_note(
            *(baselines[name].by_split["search"]["accuracy"] for name in ("full_network", _RECALIBRATED))
        )
        if decisions["search"].parents is not None:
            # What follows is about answers that samples give for themselves.
            return {"undertrained": undertrained}
        alarms = collapse_alarms(
            tables["search"],
            decisions["search"],
            selection.policy,
            target=goal.least_accuracy,
            is_feasible=selection.feasible,
        )
        soft = soft_networks(tables, decisions)
        return {
            "undertrained": undertrained,
            "alarms": [alarm.text for alarm in alarms],
            **({"soft": soft} if soft else {}),
        }

    def write(
        self,
        files: ResultFiles,
        search: ClassificationTable,
        temperatures: NDArray[np.float64],
        answered: Sequence[PolicyAnswers[ClassificationTable]],
    ) -> None:
        """Reliability curves, figures of each class, and confusion matrices."""
        curves = reliability_curves(search, temperatures)
        draw_reliability(curves, files.reliability_png, title="Reliability of each exit on search")
        by_class = [ClassAnswers.of(own) for own in answered]
        write_class_files(files, by_class)
        draw_confusion(_shown(by_class), files.confusion_png)


def _shown(answered: Sequence[ClassAnswers]) -> ClassAnswers:
    """Those of the selected policy on the last of its splits."""
    by_split = {own.split: own for own in answered if own.name == "selected"}
    return [by_split[split] for split in SPLITS if split in by_split][-1]
