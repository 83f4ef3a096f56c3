"""Training a teacher: one network, one configuration, the epoch with the best last exit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from policies.metrics.exits import exit_accuracies
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.models import MultiExitModel
from trainables.training.best_epoch import BestEpoch
from trainables.training.determinism import deterministic_operations
from trainables.trials.spec import TrialSpec


@dataclass(frozen=True)
class TrainedTeacher:
    """A network and how well it does.

    Attributes:
        network: Of the best epoch, on the CPU, in evaluation mode.
        epoch: The epoch that the network is of, counted from 1.
        accuracies: Accuracy of each of its exits on ``search``, in [0, 1].
    """

    network: MultiExitModel
    epoch: int
    accuracies: tuple[float, ...]


def train_teacher(
    spec: TrialSpec,
    params: Mapping[str, Any],
    train: Split,
    search: Split,
    *,
    on_epoch: Callable[[int, float, float], None] = lambda epoch, loss, accuracy: None,
) -> TrainedTeacher:
    """Train a network and keep the epoch whose last exit errs least on ``search``.

    Args:
        spec: Which network, and how long; with its patience it may end earlier.
        params: Training parameters by name, as a trial has them.
        train: Weights are fitted on it.
        search: The split that the best epoch is chosen on.
        on_epoch: Told epoch, loss and accuracy after each epoch.

    Raises:
        TrainingError: If a parameter is wrong, the training diverges, or the network is no better than always naming
            the largest class.
    """
    if not spec.recipe.epochs:
        raise TrainingError("a teacher must be trained for at least one epoch but training.epochs is 0")
    training = spec.training(params, train)
    best = BestEpoch(spec.recipe.patience or spec.recipe.epochs, "error")
    is_over = False
    while not is_over and training.epoch < spec.recipe.epochs:
        with deterministic_operations(enabled=spec.recipe.deterministic):
            loss = training.train_epoch()
        if not math.isfinite(loss):
            raise TrainingError(f"the loss is {loss} in epoch {training.epoch}; try a smaller learning rate")
        accuracies = tuple(exit_accuracies(spec.table(training.network, search, "search")).tolist())
        on_epoch(training.epoch, loss, accuracies[-1])
        report = {"epoch": training.epoch, "error": 1 - accuracies[-1], "accuracies": accuracies}
        is_over = best.tell(report, training.network)
    require_knowledge(best.report["accuracies"][-1], search)
    network = training.model.cpu()
    network.load_state_dict(best.weights)
    return TrainedTeacher(network.eval(), best.report["epoch"], best.report["accuracies"])


def require_knowledge(accuracy: float, search: Split) -> None:
    """Refuse a teacher that is no better on ``search`` than always naming the largest class.

    Raises:
        TrainingError: With both accuracies.
    """
    largest = np.bincount(search.labels).max() / len(search.labels)
    if accuracy <= largest:
        raise TrainingError(
            f"a teacher must be more often right than always naming the largest class, {largest:.4f} on search, but is "
            f"{accuracy:.4f}; train it longer, or with another learning rate, or check the image size of its weights"
        )
