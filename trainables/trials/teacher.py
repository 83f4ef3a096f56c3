"""Training a teacher: one network, one configuration, the epoch with the best last exit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from policies.qualities import get_quality
from policies.tables.base import ExitTable
from policies.tasks import get_task
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.models import MultiExitModel
from trainables.tasks import TrainingTask
from trainables.training.best_epoch import BestEpoch
from trainables.training.determinism import deterministic_operations
from trainables.trials.spec import TrialSpec


@dataclass(frozen=True)
class TrainedTeacher:
    """A network and how well it does.

    Attributes:
        network: Of the best epoch, on the CPU, in evaluation mode.
        epoch: The epoch that the network is of, counted from 1.
        qualities: The task's own quality of each of its exits on ``search``: of classifiers the accuracy.
    """

    network: MultiExitModel
    epoch: int
    qualities: tuple[float, ...]


def train_teacher(
    spec: TrialSpec,
    params: Mapping[str, Any],
    train: Split,
    search: Split,
    *,
    on_epoch: Callable[[int, float, float], None] = lambda epoch, loss, quality: None,
) -> TrainedTeacher:
    """Train a network and keep the epoch whose last exit is the best on ``search``, by the task's own quality.

    Args:
        spec: Which network, and how long; with its patience it may end earlier.
        params: Training parameters by name, as a trial has them.
        train: Weights are fitted on it.
        search: The split that the best epoch is chosen on.
        on_epoch: Told epoch, loss and quality after each epoch.

    Raises:
        TrainingError: If a parameter is wrong, networks of the task cannot be taught, the training diverges, or the
            network is no better than always giving one answer.
    """
    task = spec.task
    require_taught(task)
    if not spec.recipe.epochs:
        raise TrainingError("a teacher must be trained for at least one epoch but training.epochs is 0")
    training = spec.training(params, train)
    best = BestEpoch(spec.recipe.patience or spec.recipe.epochs, "lack")
    sign = get_quality(get_task(task.name).quality).sign
    is_over = False
    while not is_over and training.epoch < spec.recipe.epochs:
        with deterministic_operations(enabled=spec.recipe.deterministic):
            loss = training.train_epoch()
        if not math.isfinite(loss):
            raise TrainingError(f"the loss is {loss} in epoch {training.epoch}; try a smaller learning rate")
        qualities = exit_qualities(task, spec.table(training.network, search, "search"))
        on_epoch(training.epoch, loss, qualities[-1])
        report = {"epoch": training.epoch, "lack": -sign * qualities[-1], "qualities": qualities}
        is_over = best.tell(report, training.network)
    network = training.model.cpu()
    network.load_state_dict(best.weights)
    require_knowledge(task, spec.table(network, search, "search"))
    return TrainedTeacher(network.eval(), best.report["epoch"], best.report["qualities"])


def exit_qualities(task: TrainingTask[Any], table: ExitTable) -> tuple[float, ...]:
    """The task's own quality of each exit alone, length E."""
    report = task.exit_report(table, np.ones(table.n_exits))
    return tuple(report[get_task(task.name).quality].tolist())


def require_taught(task: TrainingTask[Any]) -> None:
    """Refuse to make a teacher that could teach nobody.

    Raises:
        TrainingError: If networks of the task have no teachers from outside.
    """
    if not task.is_taught:
        raise TrainingError(
            f"a teacher must be a network that answers with classes or sets of labels but the task is {task.name!r}, "
            f"whose networks are taught by their last exit alone; say distillation: self"
        )


def require_knowledge(task: TrainingTask[Any], table: ExitTable) -> None:
    """Refuse a teacher whose last exit is no better than always giving one answer.

    Args:
        task: What the table was made by.
        table: What the teacher says on ``search``.

    Raises:
        TrainingError: With what it does, and what the one answer would.
    """
    doubts = task.doubts_after(table)
    if doubts:
        raise TrainingError(
            f"a teacher must know more than one answer for all of search but {doubts[0].reason}; train it longer, or "
            f"with another learning rate, or check the image size of its weights"
        )
