"""Which figures of a summary a person is shown, by task. A further kind of answers is one file and one line."""

from policies.registry import Registry
from search.reporting.shown.base import COST, DEPTH, ShownFigure, TaskFigures


TASK_FIGURES: Registry[TaskFigures] = Registry(
    {
        "classification": "search.reporting.shown.classification:ClassificationFigures",
        "detection": "search.reporting.shown.detection:DetectionFigures",
        "multi-label": "search.reporting.shown.multilabel:MultiLabelFigures",
    }
)


def figures_shown(task: str, quality: str) -> TaskFigures:
    """What is shown of answers of a kind; of kinds that are not registered, what all have.

    Args:
        task: Name of the kind of answers, as ``summary.json`` states it.
        quality: Name of the task's own quality.
    """
    return TASK_FIGURES[task] if task in TASK_FIGURES else TaskFigures(quality)


__all__ = ["COST", "DEPTH", "TASK_FIGURES", "ShownFigure", "TaskFigures", "figures_shown"]
