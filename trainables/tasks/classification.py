"""One class for each sample: logits at every exit, trained with cross-entropy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.tables.classification import ClassificationTable
from trainables.data import Split
from trainables.losses.base import BatchLoss
from trainables.tasks.base import TrainingTask
from trainables.tasks.doubts import Doubt


if TYPE_CHECKING:
    from trainables.models import MultiExitModel
    from trainables.recipes.hyperparameters import TrainingSettings


class ClassificationTraining(TrainingTask[ClassificationTable]):
    """Each exit gives a logit of every class.

    Calibration error and likelihood of an exit are those after temperature scaling, and ``raw`` ones those before.
    """

    name: ClassVar[str] = "classification"
    exit_figure_names: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1", "ece", "nll", "raw_ece", "raw_nll")
    is_taught: ClassVar[bool] = True

    def targets(self, split: Split) -> NDArray[np.int64]:
        """The class of each sample, shape (N,)."""
        return split.labels

    def loss(self, settings: TrainingSettings, train: Split, *, n_classes: int, model: MultiExitModel) -> BatchLoss:
        """The settings' exit loss, with class weights where they ask for them; of a network with stop heads its own."""
        # Here and below, since these imports take seconds, and what figures a task has is known without them.
        from trainables.losses.class_weights import weighted
        from trainables.losses.stopping_loss import StoppingLoss
        from trainables.models import relative_cost
        from trainables.models.stopping import StoppingModel

        loss = weighted(settings.loss, settings.class_weighting, train.labels, n_classes=n_classes)
        if not isinstance(model, StoppingModel):
            return loss
        cost = tuple(relative_cost(model, train.inputs.shape[1:]).tolist())
        stopping = settings.stopping
        return StoppingLoss.of(
            loss, cost, auxiliary_weight=stopping.auxiliary_weight, final_exit_weight=stopping.final_exit_weight
        )

    def table(self, model: MultiExitModel, split: Split, metadata: Mapping[str, Any]) -> ClassificationTable:
        """The network's logits as they are, before any temperature, and its stop probabilities where it gives them."""
        from trainables.models.inference import classifier_outputs_on

        said = classifier_outputs_on(model, split.inputs)
        fields = self.shared_fields(model, split, metadata)
        return ClassificationTable(logits=said.logits, stop_prob=said.stop_prob, labels=split.labels, **fields)

    def exit_report(
        self, table: ClassificationTable, temperatures: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Accuracy, F1, calibration error and likelihood."""
        from policies.calibration.reliability import exit_samples
        from policies.metrics.classification import macro_f1
        from policies.metrics.exits import exit_accuracies

        answers = table.exit_answers
        calibrated, raw = (exit_samples(table, divisors) for divisors in (temperatures, np.ones(table.n_exits)))
        return {
            "accuracy": exit_accuracies(table),
            "macro_f1": np.array([macro_f1(answers[:, k], table.labels) for k in range(table.n_exits)]),
            "ece": np.array([one.ece() for one in calibrated]),
            "nll": np.array([one.nll() for one in calibrated]),
            "raw_ece": np.array([one.ece() for one in raw]),
            "raw_nll": np.array([one.nll() for one in raw]),
        }

    def doubts_after(self, table: ClassificationTable) -> list[Doubt]:
        """Whether it is no better than always naming the largest class."""
        answers, labels = table.exit_answers[:, -1], table.labels
        accuracy, largest = (answers == labels).mean(), np.bincount(labels).max() / len(labels)
        if accuracy > largest:
            return []
        return [
            Doubt(
                f"accuracy {accuracy:.4f} is no better than chance: always naming the largest class gives "
                f"{largest:.4f}; {len(np.unique(answers))} of {len(np.unique(labels))} classes are ever answered",
                "look whether labels belong to their samples, and try another learning rate",
            )
        ]
