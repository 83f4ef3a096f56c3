"""What is told of detectors: alarms, files by class, by size and by kind of error, and a contact sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibration.box_temperature import tempered_boxes
from policies.goals.goal import Goal
from policies.metrics.collapse.detection import detection_alarms
from policies.metrics.detection.oracle import oracle_figures
from policies.policy import Decision
from policies.qualities import get_quality
from policies.selection.select import Selection
from policies.tables.detection import DetectionTable
from search.figures.contact_sheet import draw_contact_sheet
from search.figures.detection import draw_class_precisions, draw_errors
from search.reporting.shown.detection import ORACLE_BY_F1
from search.reporting.tasks.base import TaskReport
from search.reporting.tasks.detection_files import BoxAnswers, class_table, error_table, size_table
from search.reporting.tasks.detection_sheet import sheet_images
from search.run_folder.answers import PolicyAnswers
from search.run_folder.result_files import ResultFiles, write_csv
from search.run_folder.summary import SPLITS, PolicyFigures


class DetectionReport(TaskReport[DetectionTable]):
    """What is told of detectors."""

    measures_latency: ClassVar[bool] = True

    def findings(
        self,
        selection: Selection,
        goal: Goal,
        tables: Mapping[str, DetectionTable],
        decisions: Mapping[str, Decision],
        baselines: Mapping[str, PolicyFigures],
    ) -> dict[str, Any]:
        """``alarms``, and by split what the exit of the best F1 of each image would give."""
        alarms = detection_alarms(
            tables["search"],
            decisions["search"],
            selection.policy,
            is_feasible=selection.feasible,
            **_judged_by(goal),
        )
        return {
            "alarms": [alarm.text for alarm in alarms],
            ORACLE_BY_F1: {
                split: oracle_figures(_tempered(table, selection.network.temperatures))
                for split, table in tables.items()
            },
        }

    def write(
        self,
        files: ResultFiles,
        search: DetectionTable,
        temperatures: NDArray[np.float64],
        answered: Sequence[PolicyAnswers[DetectionTable]],
    ) -> None:
        """Figures by class, by size and by kind of error, and two pictures of them on the last split."""
        boxes = [BoxAnswers.of(own, temperatures) for own in answered]
        classes, errors = class_table(boxes), error_table(boxes)
        write_csv(files.detection_classes_csv, classes)
        write_csv(files.detection_sizes_csv, size_table(boxes))
        write_csv(files.detection_errors_csv, errors)
        split = [name for name in SPLITS if any(own.split == name for own in answered)][-1]
        score = search.truth.operating_score
        draw_class_precisions(
            _exits_and_policy(classes, split), files.detection_classes_png, title=f"AP@.5 of each class on {split}"
        )
        draw_errors(
            _exits_and_policy(errors, split),
            files.detection_errors_png,
            title=f"Errors on {split}, of boxes from score {score:g} on",
        )

    def draw_samples(
        self,
        files: ResultFiles,
        inputs: Mapping[str, NDArray[Any]],
        temperatures: NDArray[np.float64],
        answered: Sequence[PolicyAnswers[DetectionTable]],
    ) -> None:
        """A contact sheet of images with the boxes of every exit."""
        (selected,) = (own for own in answered if (own.name, own.split) == ("selected", "test"))
        if selected.exits is None:
            return
        table = _tempered(selected.table, temperatures)
        score = table.truth.operating_score
        draw_contact_sheet(
            sheet_images(table, selected.exits, inputs),
            files.contact_sheet_png,
            class_names=[str(name) for name in table.meta["class_names"]],
            operating_score=score,
            title=f"{files.path.name}: images of test, boxes from score {score:g} on",
        )


def _judged_by(goal: Goal) -> dict[str, Any]:
    """The quality and the target that alarms are about: what was asked for, where that is a share."""
    quality = get_quality(goal.quality)
    if quality.task == "detection" and quality.is_maximised:
        return {"quality": goal.quality, "target": goal.target}
    return {}


def _exits_and_policy(table: Any, split: str) -> Any:
    """The rows of the exits alone and then of the selected policy, named for a person."""
    own = table[(table["split"] == split) & (table["policy"].str.startswith("exit_") | (table["policy"] == "selected"))]
    is_policy = own["policy"] == "selected"
    own = own.assign(who=own["policy"].str.replace("_", " ").where(~is_policy, "policy"))
    return own.loc[[*own.index[~is_policy], *own.index[is_policy]]]


def _tempered(table: DetectionTable, temperatures: NDArray[np.float64]) -> DetectionTable:
    """The table with the scores that rules see."""
    boxes = [tempered_boxes(table.boxes[:, k], temperature) for k, temperature in enumerate(temperatures)]
    return replace(table, boxes=np.stack(boxes, axis=1))
