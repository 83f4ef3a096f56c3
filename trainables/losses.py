"""Exit losses: weighted cross-entropy, and distillation from the last exit to the earlier ones."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
import torch.nn.functional as F

from trainables.errors import TrainingError


COMBINATIONS = ("convex", "additive")


@dataclass(frozen=True)
class ExitLoss:
    """Loss of a multi-exit network with ``E`` exits. All terms are means over the batch, to be minimised.

    ``convex`` (visual wake words): an earlier exit k costs ``w_k [(1 - alpha) CE_k + alpha v_k KD_k]``.
    ``additive`` (audio network): it costs ``w_k CE_k + alpha v_k KD_k``.
    The last exit costs ``w_E CE_E``. To both, ``margin_weight v_k MSE(m_k, m_teacher)`` is added per earlier exit.

    ``KD_k = mean_i[c_i T^2 KL(p_T^teacher || p_T^k)]`` with ``c_i = (max_c p_T^teacher)^gamma``; gamma 0 weighs
    all samples alike. ``m`` is the logit of the true class minus the largest other logit. The teacher is
    the last exit, detached, unless another is given. alpha weighs the teacher: with alpha 0 and
    margin weight 0 the loss is plain weighted cross-entropy.

    Attributes:
        exit_weights: ``w``, length E, not negative.
        teacher_weights: ``v``, length E - 1, not negative.
        temperature: ``T``, positive.
        gamma: Exponent of the teacher's confidence, not negative.
        label_smoothing: Of every cross-entropy, in [0, 1).
        combination: ``convex`` or ``additive``.

    Raises:
        TrainingError: If a number is out of range.
    """

    exit_weights: tuple[float, ...]
    teacher_weights: tuple[float, ...]
    temperature: float = 2.0
    gamma: float = 0.0
    label_smoothing: float = 0.0
    combination: str = "convex"

    def __post_init__(self) -> None:
        if len(self.teacher_weights) != len(self.exit_weights) - 1:
            raise TrainingError(
                f"there must be one teacher weight per exit but the last, {len(self.exit_weights) - 1}, "
                f"but there are {len(self.teacher_weights)}"
            )
        if min(*self.exit_weights, *self.teacher_weights, 0.0) < 0 or sum(self.exit_weights) <= 0:
            raise TrainingError("exit and teacher weights must not be negative, nor the exit weights all zero")
        if self.temperature <= 0:
            raise TrainingError(f"temperature must be positive but is {self.temperature}")
        if self.gamma < 0:
            raise TrainingError(f"gamma must not be negative but is {self.gamma}")
        if not 0 <= self.label_smoothing < 1:
            raise TrainingError(f"label_smoothing must lie in [0, 1) but is {self.label_smoothing}")
        if self.combination not in COMBINATIONS:
            raise TrainingError(f"combination must be one of {COMBINATIONS} but is {self.combination!r}")

    def __call__(
        self,
        logits: Tensor,
        labels: Tensor,
        *,
        alpha: float = 0.0,
        margin_weight: float = 0.0,
        teacher_logits: Tensor | None = None,
    ) -> Tensor:
        """Loss of one batch, a scalar.

        Args:
            logits: Shape (N, E, C).
            labels: Shape (N,).
            alpha: Weight of the teacher, in [0, 1] for ``convex``.
            margin_weight: Weight of the margin term.
            teacher_logits: Shape (N, C); the last exit where None. No gradient flows into it.
        """
        losses = torch.stack(
            [
                F.cross_entropy(logits[:, k], labels, label_smoothing=self.label_smoothing)
                for k in range(logits.shape[1])
            ]
        )
        weights = losses.new_tensor(self.exit_weights)
        if alpha == 0.0 and margin_weight == 0.0:
            return (weights * losses).sum()
        teacher = (logits[:, -1] if teacher_logits is None else teacher_logits).detach()
        student = logits[:, :-1]
        teacher_weights = losses.new_tensor(self.teacher_weights)
        pull = teacher_weights * distillation(student, teacher, temperature=self.temperature, gamma=self.gamma)
        early = weights[:-1] * losses[:-1]
        if self.combination == "convex":
            early = (1 - alpha) * early + alpha * weights[:-1] * pull
        else:
            early = early + alpha * pull
        total = early.sum() + weights[-1] * losses[-1]
        if margin_weight == 0.0:
            return total
        gaps = (margins(student, labels) - margins(teacher[:, None], labels)) ** 2
        return total + margin_weight * (teacher_weights * gaps.mean(dim=0)).sum()


def distillation(student: Tensor, teacher: Tensor, *, temperature: float, gamma: float = 0.0) -> Tensor:
    """``mean_i[c_i T^2 KL(p_T^teacher || p_T^student)]`` for each exit, shape (K,) (Hinton et al., 2015).

    Args:
        student: Logits, shape (N, K, C).
        teacher: Logits, shape (N, C).
        temperature: ``T``; T^2 keeps the gradient's size independent of it.
        gamma: Exponent of the teacher's confidence at T; 0 is off.
    """
    log_teacher = F.log_softmax(teacher / temperature, dim=-1)[:, None]
    log_student = F.log_softmax(student / temperature, dim=-1)
    divergence = (log_teacher.exp() * (log_teacher - log_student)).sum(dim=-1)
    confidence = log_teacher.exp().amax(dim=-1) ** gamma
    return temperature**2 * (confidence * divergence).mean(dim=0)


def margins(logits: Tensor, labels: Tensor) -> Tensor:
    """Logit of the true class minus the largest other logit, shape (N, K), for logits (N, K, C)."""
    true_class = F.one_hot(labels, logits.shape[-1]).bool()[:, None].expand_as(logits)
    others = logits.masked_fill(true_class, -torch.inf).amax(dim=-1)
    return logits[true_class].view(logits.shape[:-1]) - others
