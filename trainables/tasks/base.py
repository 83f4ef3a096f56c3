"""What differs by the kind of answers that a network gives, where it is trained and reported of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.tables.base import ASSUMED, ExitTable, Truth
from policies.tables.classification import ClassLabels
from trainables.augmentation.images import Augmentation
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.losses.base import BatchLoss
from trainables.tasks.doubts import Doubt


if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.models import MultiExitModel
    from trainables.recipes.hyperparameters import TrainingSettings

TableT = TypeVar("TableT", bound=ExitTable)


class TrainingTask(ABC, Generic[TableT]):
    """A kind of answers: what is trained towards, what is minimised, and what a trained network is known by.

    Attributes:
        name: Of the same kind in :mod:`policies.tasks`: as registered there, or ``module:attribute``.
        exit_figure_names: The figures that a trial reports of each exit alone, the task's own quality first.
        moves_targets: Whether what is to be answered moves with an image, as boxes do: :meth:`augmented` then moves
            both, and there are no fixed views, of which only the images are kept.
        is_taught: Whether teachers from outside can teach networks of the task, by logits.
    """

    name: ClassVar[str]
    exit_figure_names: ClassVar[tuple[str, ...]]
    moves_targets: ClassVar[bool] = False
    is_taught: ClassVar[bool] = False

    def n_outputs(self, n_classes: int) -> int:
        """How many numbers each exit of a network gives for a sample, for data of so many classes."""
        return n_classes

    def output_shape(self, model: MultiExitModel, n_classes: int) -> tuple[int, ...]:
        """Shape of what each exit of a network gives for a sample, for data of so many classes."""
        return (self.n_outputs(n_classes),)

    def truth(self, split: Split, n_classes: int) -> Truth:
        """What answers about a split's samples are judged by."""
        return ClassLabels(split.labels, n_classes)

    def memberships(self, split: Split, n_classes: int) -> NDArray[np.bool_]:
        """Which classes each sample of a split holds, shape (N, C)."""
        return np.asarray(split.labels[:, None] == np.arange(n_classes))

    def prepare(self, model: MultiExitModel, train: Split) -> None:
        """Give an untrained network what is counted on the training split, beside how inputs are standardised."""
        return

    def augmented(
        self, augmentation: Augmentation, images: Tensor, targets: Tensor, generator: Generator
    ) -> tuple[Tensor, Tensor]:
        """Moved copies of training images, and what is to be answered of these.

        Args:
            augmentation: How images may be moved.
            images: In 0..1, shape (N, channels, height, width).
            targets: Their rows of :meth:`targets`, shape (N, ...).
            generator: What the moves are drawn with.

        Raises:
            TrainingError: If targets move with images, and the augmentation cannot move them.
        """
        return augmentation(images, generator), targets

    def require_trainable(self, settings: TrainingSettings) -> None:
        """Refuse settings that no network with such answers can be trained with; by default those of sets of labels.

        Args:
            settings: What a trial may vary.

        Raises:
            TrainingError: If they ask for what the loss does not have, whatever the network and the data are.
        """
        if settings.positive_weighting != "none":
            raise TrainingError(
                f"positive_weighting must be none but where samples have any number of labels, but is "
                f"{settings.positive_weighting!r}; leave it out"
            )

    @abstractmethod
    def targets(self, split: Split) -> NDArray[Any]:
        """What the network is to answer, in the order of a split's samples, shape (N, ...); asked for once."""

    @abstractmethod
    def loss(self, settings: TrainingSettings, train: Split, *, n_classes: int, model: MultiExitModel) -> BatchLoss:
        """What is minimised.

        Args:
            settings: What a trial may vary.
            train: The training split, for what must be counted on it.
            n_classes: Number of classes of the data.
            model: The network that is to be trained, for what it costs and whether it has stop heads.

        Raises:
            TrainingError: If the settings ask for what this loss does not have.
        """

    @abstractmethod
    def table(self, model: MultiExitModel, split: Split, metadata: Mapping[str, Any]) -> TableT:
        """Run the whole network on a split, without augmentation.

        Args:
            model: The network, on its own device; it is left in evaluation mode.
            split: The samples that the network is run on.
            metadata: What the table is to state beside the model hash: workload, split name, class names; JSON values.

        Raises:
            ExitTableError: If the network gives NaN or infinity.
        """

    @abstractmethod
    def exit_report(self, table: TableT, temperatures: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Figures of every exit alone, by :attr:`exit_figure_names`, shape (E,) each.

        Args:
            table: What the network says on ``search``, as :meth:`table` makes it.
            temperatures: The divisor of the outputs of each exit, as the policies' task fits them, shape (E,).
        """

    def doubts_before(self, model: MultiExitModel, train: Split) -> list[Doubt]:
        """What speaks against a training before it begins; by default nothing.

        Args:
            model: The network that is to be trained, on its own device.
            train: The samples that it is to be trained on.
        """
        return []

    def doubts_after(self, table: TableT) -> list[Doubt]:
        """Why a network may have learned too little, as far as the answers of its last exit tell; by default nothing.

        Args:
            table: What a network that does not do what it must says on the split that it was judged on.
        """
        return []

    def shared_fields(self, model: MultiExitModel, split: Split, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a table that do not depend on the kind of answers; arguments as of :meth:`table`."""
        # Importing torch takes seconds, and what figures a task has is known without it.
        from trainables.models import relative_cost
        from trainables.models.inference import model_hash

        assumed = {ASSUMED: ["cost"]} if model.cost_model == "exits" else {}
        return {
            "cost": relative_cost(model, split.inputs.shape[1:]),
            "ids": split.ids,
            **split.origins,
            "columns": split.columns,
            "meta": {**metadata, "model_hash": model_hash(model), **assumed},
        }
