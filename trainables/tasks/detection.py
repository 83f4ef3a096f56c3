"""Boxes with classes and scores for each image, trained with anchors that are matched to the true boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.tables.detection import DetectionTable, TrueBoxes
from trainables.augmentation.boxes import BoxAugmentation
from trainables.augmentation.images import Augmentation
from trainables.data import Split
from trainables.data.boxes.samples import classes_held
from trainables.errors import TrainingError
from trainables.losses.base import BatchLoss
from trainables.tasks.base import TrainingTask
from trainables.tasks.doubts import Doubt


if TYPE_CHECKING:
    from torch import Generator, Tensor

    from trainables.models import MultiExitModel
    from trainables.models.detection.model import DetectorModel
    from trainables.recipes.hyperparameters import TrainingSettings


class DetectionTraining(TrainingTask[DetectionTable]):
    """Each exit finds boxes; rows of boxes are as in :mod:`policies.tables.boxes`."""

    name: ClassVar[str] = "detection"
    exit_figure_names: ClassVar[tuple[str, ...]] = ("map_50", "map", "image_f1")
    moves_targets: ClassVar[bool] = True

    def output_shape(self, model: MultiExitModel, n_classes: int) -> tuple[int, ...]:
        """Offsets of a box, and logits of the background and of all classes, for each anchor."""
        return (len(_detector(model).anchors), 5 + n_classes)

    def truth(self, split: Split, n_classes: int) -> TrueBoxes:
        """The boxes of each image."""
        return TrueBoxes(split.labels, n_classes)

    def memberships(self, split: Split, n_classes: int) -> NDArray[np.bool_]:
        """Of which classes each image has boxes, shape (N, C)."""
        return classes_held(split.labels, n_classes)

    def prepare(self, model: MultiExitModel, train: Split) -> None:
        """Fit the sizes of the anchors to the boxes of ``train``."""
        _detector(model).fit_anchors(train.labels)

    def augmented(
        self, augmentation: Augmentation, images: Tensor, targets: Tensor, generator: Generator
    ) -> tuple[Tensor, Tensor]:
        """Moved images, and their boxes where they have moved to, shape (N, M, 6)."""
        if augmentation.is_none:
            return images, targets
        if not isinstance(augmentation, BoxAugmentation):
            raise TrainingError(
                f"boxes must move with their images but {type(augmentation).__name__} moves images alone; give the "
                f"workload a BoxAugmentation"
            )
        return augmentation.with_boxes(images, targets, generator)

    def require_trainable(self, settings: TrainingSettings) -> None:
        """Class weights, a margin and teachers from outside are for classifiers, positive weights for labels."""
        super().require_trainable(settings)
        if settings.loss.teachers is not None:
            raise TrainingError(
                "distillation must be self or none for a detector but teachers from outside are to teach it; set "
                "space.name to detection"
            )
        if settings.class_weighting != "none":
            raise TrainingError(
                f"class_weighting must be none for a detector but is {settings.class_weighting!r}; its loss chooses "
                f"the hard negatives instead"
            )
        margins = settings.margin_weight.start, settings.margin_weight.end
        if any(margins):
            raise TrainingError(
                f"margin_weight must be 0 for a detector, which learns boxes and classes from its last exit, but is "
                f"{max(margins):.4g}; set space.name to detection, or fix it at 0"
            )

    def targets(self, split: Split) -> NDArray[np.float32]:
        """The boxes of each image, shape (N, M, 6)."""
        return np.asarray(split.labels, dtype=np.float32)

    def loss(self, settings: TrainingSettings, train: Split, *, n_classes: int, model: MultiExitModel) -> BatchLoss:
        """Matched boxes and classes of every exit, and what the last exit teaches the earlier ones."""
        # Here and below, since these imports take seconds, and what figures a task has is known without them.
        from trainables.losses.detection_loss import DetectionLoss

        self.require_trainable(settings)
        return DetectionLoss.of(settings.loss, _detector(model).anchors)

    def table(self, model: MultiExitModel, split: Split, metadata: Mapping[str, Any]) -> DetectionTable:
        """What every exit finds, as the runtime finds it."""
        import torch

        from trainables.models.inference import batches_on

        detector, found, is_finite = _detector(model).eval(), [], []
        with torch.inference_mode():
            for batch in batches_on(detector, split.inputs):
                raw = detector(batch).float()
                is_finite.append(raw.isfinite().flatten(2).all(dim=2).cpu())
                found.append(torch.stack([detector.found(raw[:, k]) for k in range(detector.n_exits)], dim=1).cpu())
        _require_finite(torch.cat(is_finite).numpy(), split.ids)
        fields = self.shared_fields(model, split, metadata)
        return DetectionTable(boxes=torch.cat(found).numpy(), objects=self.targets(split), **fields)

    def exit_report(self, table: DetectionTable, temperatures: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Mean average precision, and F1 of an image at the operating score, of boxes with tempered scores."""
        from policies.calibration.box_temperature import tempered_boxes
        from policies.qualities import get_quality
        from policies.views.view import RuleView

        shape = table.n_samples, table.n_exits
        answers = np.stack([tempered_boxes(table.boxes[:, k], own) for k, own in enumerate(temperatures)], axis=1)
        view = RuleView(np.zeros((*shape, 1)), np.ones(shape, dtype=np.bool_), answers)
        exits = np.repeat(np.arange(table.n_exits)[:, None], table.n_samples, axis=1)
        return {name: get_quality(name).values(view, table.truth, exits) for name in self.exit_figure_names}

    def doubts_before(self, model: MultiExitModel, train: Split) -> list[Doubt]:
        """Boxes from which nothing can be learned, that no anchor matches, or whose x and y seem swapped."""
        from trainables.tasks.detection_doubts import doubts_of_anchors, doubts_of_boxes, doubts_of_order

        objects = self.targets(train)
        anchors = _detector(model).anchors.cpu().numpy()
        return [
            *doubts_of_boxes(objects),
            *doubts_of_order(train.inputs, objects),
            *doubts_of_anchors(anchors, objects),
        ]

    def doubts_after(self, table: DetectionTable) -> list[Doubt]:
        """Objects that are found in the wrong place or as another class, or not at all."""
        from trainables.tasks.detection_doubts import doubts_of_found

        return list(doubts_of_found(table))


def _require_finite(is_finite: NDArray[np.bool_], ids: NDArray[np.str_]) -> None:
    """Refuse outputs of which no box comes, as if nothing were there.

    Args:
        is_finite: Whether all numbers of an image at an exit are, shape (N, E).
        ids: Names of the images, shape (N,).

    Raises:
        ExitTableError: If some are not.
    """
    images, exits = np.nonzero(~is_finite)
    if images.size:
        raise ExitTableError(
            f"outputs must be finite but exit {exits[0] + 1} gives NaN or infinity for {str(ids[images[0]])!r} "
            f"({len(np.unique(images))} such images); train with a smaller learning rate"
        )


def _detector(model: MultiExitModel) -> DetectorModel:
    """A network, which must be a detector.

    Raises:
        TrainingError: If it is not.
    """
    from trainables.models.detection.model import DetectorModel

    if not isinstance(model, DetectorModel):
        raise TrainingError(
            f"a network of task 'detection' must be a DetectorModel but is a {type(model).__name__}; name network ssd "
            f"or ssdlite"
        )
    return model
