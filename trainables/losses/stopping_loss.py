"""The loss of a network that learns when to stop: the blend of its exits, its expected cost, and how far it bends.

Equations are numbered as in the document on input-adaptive hard-exit DARTS (see docs/sources.md).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor
import torch.nn.functional as F

from trainables.errors import TrainingError
from trainables.losses.exit_loss import CROSS_ENTROPY_ALONE, ExitLoss, LossWeights
from trainables.models.stopping import StoppingOutputs


@dataclass(frozen=True)
class StoppingLoss:
    """``CE(y, sum_i q_i y_i) + a mean_{i<E} CE(y, y_i) + lambda sum_i q_i C_i + mu ||Delta alpha||^2``, minimised.

    That is equation (20), of the parts (18) and (19), with the auxiliary loss of the earlier exits; the last exit may
    have a cross-entropy of its own beside it. All terms are means over the batch, which stand for the expectation of
    (21). With lambda and mu zero, (25), it is the cross-entropy of the blend, (26), and the auxiliary loss; its minimum
    without a perturbation is (27), standard DARTS.

    Attributes:
        cost: ``C``, equation (15): compute up to each exit relative to the last, length E.
        label_smoothing: Of the cross-entropy of the blend, in [0, 1).
        class_weights: Of the samples of each class in the cross-entropy of the blend, length C; None weighs all alike.
        auxiliary: The exits' own losses, with weights ``a / (E - 1)`` and that of the last, and whatever teaches them;
            None is none.

    Raises:
        TrainingError: If costs are not positive.
    """

    cost: tuple[float, ...]
    label_smoothing: float = 0.0
    class_weights: tuple[float, ...] | None = None
    auxiliary: ExitLoss | None = None

    def __post_init__(self) -> None:
        if not all(cost > 0 for cost in self.cost):
            raise TrainingError(f"the cost of every exit must be positive but they are {self.cost}")

    @classmethod
    def of(
        cls, exit_loss: ExitLoss, cost: tuple[float, ...], *, auxiliary_weight: float, final_exit_weight: float = 0.0
    ) -> Self:
        """With what an exit loss says of smoothing, class weights, the earlier exits and who teaches them.

        Args:
            exit_loss: Its exit weights share out the auxiliary loss of the earlier exits.
            cost: ``C``, length E, the last 1.
            auxiliary_weight: ``a``, not negative.
            final_exit_weight: Weight of the last exit's own cross-entropy, not negative; 0 in the document.

        Raises:
            TrainingError: If teachers from outside are to teach and no exit has a loss of its own for them to be in.
        """
        *early, _ = exit_loss.exit_weights
        shares = tuple(auxiliary_weight * weight / len(early) for weight in early)
        own = (*shares, final_exit_weight)
        auxiliary = replace(exit_loss, exit_weights=own) if sum(own) > 0 else None
        if auxiliary is None and exit_loss.teachers is not None:
            raise TrainingError(
                "teachers teach exits that have a loss of their own, but here none has; set auxiliary_weight, where "
                "there are earlier exits, or final_exit_weight above 0"
            )
        return cls(cost, exit_loss.label_smoothing, exit_loss.class_weights, auxiliary)

    def __call__(
        self,
        outputs: StoppingOutputs,
        labels: Tensor,
        weights: LossWeights = CROSS_ENTROPY_ALONE,
        *,
        teacher_logits: Tensor | None = None,
    ) -> Tensor:
        """Loss of one batch, a scalar.

        Args:
            outputs: What the network gives, float32.
            labels: True class of each sample, shape (N,).
            weights: How much each part counts in this epoch; ``lambda`` is ``cost`` and ``mu`` is ``perturbation``.
            teacher_logits: Of the teachers from outside, shape (N, M, C), or None.
        """
        shares = exit_distribution(outputs.stop_logits)
        classes = None if self.class_weights is None else outputs.logits.new_tensor(self.class_weights)
        blended = blend(shares, outputs.logits)
        total = F.cross_entropy(blended, labels, weight=classes, label_smoothing=self.label_smoothing)
        if self.auxiliary is not None:
            total = total + self.auxiliary(outputs.logits, labels, weights, teacher_logits=teacher_logits)
        if weights.cost:
            total = total + weights.cost * self.expected_cost(shares).mean()
        if weights.perturbation and outputs.perturbation is not None:
            total = total + weights.perturbation * squared_norm(outputs.perturbation).mean()
        return total

    def expected_cost(self, shares: Tensor) -> Tensor:
        """``F(x) = sum_i q_i(x) C_i``: equation (16), shape (N,), for shares of shape (N, E)."""
        return shares @ shares.new_tensor(self.cost)


def exit_distribution(stop_logits: Tensor) -> Tensor:
    """``q``, the probability that a sample stops at each exit: equations (12) to (14).

    Computed from logarithms, so that no gradient is lost where a probability is near 0 or 1.

    Args:
        stop_logits: ``beta_i`` of every exit but the last, shape (N, E - 1).

    Returns:
        Shape (N, E); each row sums to 1.
    """
    # Before the first exit all are there, and at the last all stop.
    certain = stop_logits.new_zeros(len(stop_logits), 1)
    stops = torch.cat([F.logsigmoid(stop_logits), certain], dim=1)
    has_come = torch.cat([certain, F.logsigmoid(-stop_logits).cumsum(dim=1)], dim=1)
    return (has_come + stops).exp()


def blend(shares: Tensor, logits: Tensor) -> Tensor:
    """``sum_i q_i y_i``: equation (9), shape (N, C), for shares (N, E) and logits (N, E, C)."""
    return (shares[:, :, None] * logits).sum(dim=1)


def squared_norm(perturbation: Tensor) -> Tensor:
    """``R(x) = ||Delta alpha(x)||^2``: equation (17), shape (N,), for perturbations (N, edges, K)."""
    return perturbation.square().sum(dim=(1, 2))
