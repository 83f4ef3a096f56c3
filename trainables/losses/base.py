"""What every loss is to the training loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol


if TYPE_CHECKING:
    from torch import Tensor

    from trainables.losses.exit_loss import LossWeights


class BatchLoss(Protocol):
    """Loss of one batch: a mean over its samples, minimised."""

    def __call__(
        self, outputs: Any, targets: Tensor, /, weights: LossWeights = ..., *, teacher_logits: Tensor | None = None
    ) -> Tensor:
        """The loss, a scalar that gradients flow from.

        Args:
            outputs: What :meth:`trainables.models.base.MultiExitModel.outputs` gives for ``N`` samples at ``E`` exits,
                float32; of shape (N, E, ...) unless a network says more.
            targets: Their rows of :meth:`trainables.tasks.base.TrainingTask.targets`, shape (N, ...).
            weights: How much each part of the loss counts in this epoch.
            teacher_logits: Of ``M`` teachers from outside, shape (N, M, C); None where nobody teaches.
        """
