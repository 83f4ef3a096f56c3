"""What is told of a search beside what is told of all, by task. A further kind of answers is one file and one line."""

from typing import Any

from policies.registry import Registry
from policies.tables.base import ExitTable
from search.reporting.tasks.base import TaskReport


TASK_REPORTS: Registry[TaskReport[Any]] = Registry(
    {
        "classification": "search.reporting.tasks.classification:ClassificationReport",
        "detection": "search.reporting.tasks.detection:DetectionReport",
        "multi-label": "search.reporting.tasks.multilabel:MultiLabelReport",
    }
)


def report_of(table: ExitTable) -> TaskReport[Any]:
    """What is told of answers of a table's kind; of kinds that are not registered, no more than of all."""
    return TASK_REPORTS[table.task] if table.task in TASK_REPORTS else TaskReport()


__all__ = ["TASK_REPORTS", "TaskReport", "report_of"]
