"""What differs by the kind of answers that a network gives, where it is trained, by the name of the kind.

A new kind is one new file and one line here, beside its tables, rules and qualities: see :mod:`policies.tasks`.
"""

from typing import Any

from policies.registry import Registry, resolve
from trainables.tasks.base import TrainingTask


TRAINING_TASKS: Registry[TrainingTask[Any]] = Registry(
    {
        "classification": "trainables.tasks.classification:ClassificationTraining",
        "detection": "trainables.tasks.detection:DetectionTraining",
        "multi-label": "trainables.tasks.multilabel:MultiLabelTraining",
    }
)


def get_training_task(name: str) -> TrainingTask[Any]:
    """Return the training task registered under ``name``, or a user's own named as ``module:attribute``.

    Raises:
        ExitSearchError: If there is none.
    """
    task: TrainingTask[Any] = resolve("training task", name, TRAINING_TASKS, TrainingTask)
    return task


__all__ = ["TRAINING_TASKS", "TrainingTask", "get_training_task"]
