"""Any number of labels for each sample: a logit of every label at every exit, each trained as a question of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.tables.multilabel import LabelSets, MultiLabelTable
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.losses.base import BatchLoss
from trainables.tasks.base import TrainingTask
from trainables.tasks.doubts import Doubt


if TYPE_CHECKING:
    from trainables.models import MultiExitModel
    from trainables.recipes.hyperparameters import TrainingSettings


class MultiLabelTraining(TrainingTask[MultiLabelTable]):
    """Each exit gives a logit of every label; labels of a split are 0 or 1, shape (N, L)."""

    name: ClassVar[str] = "multi-label"
    exit_figure_names: ClassVar[tuple[str, ...]] = (
        "exact_match",
        "label_macro_f1",
        "label_micro_f1",
        "hamming",
        "ece",
        "nll",
    )
    is_taught: ClassVar[bool] = True

    def truth(self, split: Split, n_classes: int) -> LabelSets:
        """The labels of each sample, named by their numbers."""
        return LabelSets(split.labels.astype(np.uint8), tuple(map(str, range(n_classes))))

    def memberships(self, split: Split, n_classes: int) -> NDArray[np.bool_]:
        """Which labels each sample has, shape (N, L)."""
        return split.labels.astype(np.bool_)

    def require_trainable(self, settings: TrainingSettings) -> None:
        """Class weights, and decoupled terms of teachers, are for one class a sample."""
        # Here and below, since these imports take seconds, and what figures a task has is known without them.
        from trainables.losses.labels.label_loss import LabelLoss

        if settings.class_weighting != "none":
            raise TrainingError(
                f"class_weighting must be none where samples have any number of labels but is "
                f"{settings.class_weighting!r}; weigh those that have a rare label by positive_weighting"
            )
        LabelLoss.of(settings.loss)

    def targets(self, split: Split) -> NDArray[np.float32]:
        """Whether each sample has each label, 0 or 1, shape (N, L)."""
        return np.asarray(split.labels, dtype=np.float32)

    def loss(self, settings: TrainingSettings, train: Split, *, n_classes: int, model: MultiExitModel) -> BatchLoss:
        """Binary cross-entropy of every label at every exit, with positive weights where the settings ask for them."""
        from trainables.losses.labels.label_loss import LabelLoss
        from trainables.losses.labels.positive_weights import positive_weights
        from trainables.models.stopping import StoppingModel

        self.require_trainable(settings)
        if isinstance(model, StoppingModel):
            raise TrainingError(
                "a network with stop heads blends the exits' classes, so that it must be trained for one class a "
                "sample, but samples have any number of labels here; name a network without stop heads"
            )
        return LabelLoss.of(settings.loss, positive_weights(settings.positive_weighting, train.labels))

    def table(self, model: MultiExitModel, split: Split, metadata: Mapping[str, Any]) -> MultiLabelTable:
        """The network's logits as they are, before any temperature; classes of the data are the names of labels."""
        from trainables.models.inference import outputs_on

        stated = dict(metadata)
        if "class_names" in stated:
            stated["label_names"] = stated.pop("class_names")
        fields = self.shared_fields(model, split, stated)
        labels = split.labels.astype(np.uint8)
        return MultiLabelTable(logits=outputs_on(model, split.inputs).numpy(), labels=labels, **fields)

    def exit_report(self, table: MultiLabelTable, temperatures: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Sets that are right, F1, wrong labels, calibration error and likelihood of each exit alone.

        They are of samples, or where the table's answers are pooled, of parents.
        """
        from policies.tasks import get_task

        figures = get_task(self.name).exit_figures(table, temperatures)
        return {name: np.array([one[name] for one in figures]) for name in self.exit_figure_names}

    def doubts_after(self, table: MultiLabelTable) -> list[Doubt]:
        """Whether it is no better than always answering one set, the most frequent one or that with fewest wrong."""
        from trainables.tasks.multilabel_doubts import doubts_of_sets

        return list(doubts_of_sets(table))
