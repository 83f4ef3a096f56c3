"""The loss of a multi-exit network: weighted cross-entropy, self-distillation, and teachers from outside."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
import torch.nn.functional as F

from trainables.errors import TrainingError
from trainables.losses.distillation import distillation, margins
from trainables.losses.teacher_loss import TeacherLoss


COMBINATIONS = ("convex", "additive")


@dataclass(frozen=True)
class LossWeights:
    """How much each part of the loss counts in one epoch.

    Attributes:
        alpha: Weight of the last exit as the earlier exits' teacher; in [0, 1] for ``convex``; 0 is off.
        margin: Weight of the margin term towards the last exit, not negative; 0 is off.
        kd_alpha: Weight of the teachers from outside; in [0, 1] for ``convex``; 0 is off.
        kd_beta: Weight of the NCKD term of the teachers from outside, not negative; 0 is off.
        kd_margin: Weight of the margin term towards the teachers from outside, not negative; 0 is off.
        cost: ``lambda``, weight of the expected cost of a network with stop heads, not negative; 0 is off.
        perturbation: ``mu``, weight of what an architecture is moved by for an input, not negative; 0 is off.
    """

    alpha: float = 0.0
    margin: float = 0.0
    kd_alpha: float = 0.0
    kd_beta: float = 0.0
    kd_margin: float = 0.0
    cost: float = 0.0
    perturbation: float = 0.0


CROSS_ENTROPY_ALONE = LossWeights()
"""Nothing but the cross-entropy."""


@dataclass(frozen=True)
class ExitLoss:
    """Loss of a multi-exit network with ``E`` exits. All terms are means over the batch, to be minimised.

    With ``S_k`` the self-distillation and ``A_k``, ``B_k`` the terms of teachers from outside, an exit k costs

    ``convex`` (visual wake words): ``w_k {(1 - kd_alpha) [(1 - alpha) CE_k + alpha v_k S_k] + kd_alpha A_k +
    kd_beta B_k}``.

    ``additive`` (audio network): ``w_k CE_k + alpha v_k S_k + kd_alpha A_k + kd_beta B_k``.

    The last exit has no ``S``, and its alpha is 0; so is kd_alpha at exits that the teachers do not teach. To both,
    ``margin v_k MSE(m_k, m_E)`` is added per earlier exit, and ``kd_margin MSE(m_k, m_teacher)`` per taught one.

    ``S_k = mean_i[c_i T^2 KL(p_T^E || p_T^k)]`` with ``c_i = (max_c p_T^E)^gamma``; gamma 0 weighs all samples
    alike. The last exit is detached. ``m`` is the logit of the true class minus the largest other logit. alpha weighs
    the teacher: with all of :class:`LossWeights` 0 the loss is plain weighted cross-entropy.

    Attributes:
        exit_weights: ``w``, length E, not negative.
        teacher_weights: ``v``, length E - 1, not negative.
        temperature: ``T`` of the self-distillation, positive.
        gamma: Exponent of the last exit's confidence, not negative.
        label_smoothing: Of every cross-entropy, in [0, 1).
        combination: How cross-entropy and teachers are joined: ``convex`` or ``additive``, as above.
        teachers: The terms of teachers from outside, or None.
        class_weights: Of the samples of each class in every cross-entropy, length C, not negative; None weighs all
            classes alike. A batch's mean is over the weights.

    Raises:
        TrainingError: If a number is out of range.
    """

    exit_weights: tuple[float, ...]
    teacher_weights: tuple[float, ...]
    temperature: float = 2.0
    gamma: float = 0.0
    label_smoothing: float = 0.0
    combination: str = "convex"
    teachers: TeacherLoss | None = None
    class_weights: tuple[float, ...] | None = None

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
        weights: LossWeights = CROSS_ENTROPY_ALONE,
        *,
        teacher_logits: Tensor | None = None,
    ) -> Tensor:
        """Loss of one batch, a scalar.

        Args:
            logits: What the network gives at every exit, shape (N, E, C).
            labels: True class of each sample, shape (N,).
            weights: How much each part of the loss counts in this epoch.
            teacher_logits: Of the teachers from outside, shape (N, M, C), or None. No gradient flows into them.
        """
        mixed = torch.stack([self._error(logits[:, k], labels) for k in range(logits.shape[1])])
        exit_weights = logits.new_tensor(self.exit_weights)
        is_convex = self.combination == "convex"
        if not is_convex:
            mixed = exit_weights * mixed
        total = mixed.new_zeros(())
        if weights.alpha:
            mixed = _mix(mixed, weights.alpha if is_convex else 0.0, self._pull_of_last(logits, weights), slice(0, -1))
        if weights.margin:
            total = total + weights.margin * self._margin_gap(logits, labels)
        if self.teachers is not None and teacher_logits is not None:
            taught = self.teachers.taught_exits
            first, second = self.teachers.terms(logits[:, taught], labels, teacher_logits)
            pull = weights.kd_alpha * first + weights.kd_beta * second
            mixed = _mix(mixed, weights.kd_alpha if is_convex else 0.0, pull, taught)
            if weights.kd_margin:
                gap = self.teachers.margin_gap(logits[:, taught], labels, teacher_logits)
                total = total + weights.kd_margin * gap.sum()
        if is_convex:
            mixed = exit_weights * mixed
        return total + mixed.sum()

    def _error(self, logits: Tensor, labels: Tensor) -> Tensor:
        """``CE_k`` of one exit with these logits, shape (N, C)."""
        classes = None if self.class_weights is None else logits.new_tensor(self.class_weights)
        return F.cross_entropy(logits, labels, weight=classes, label_smoothing=self.label_smoothing)

    def _distillation(self, student: Tensor, teacher: Tensor) -> Tensor:
        """``S_k`` of exits, shape (K,), from their logits, (N, K, C), and those of their teacher, (N, C)."""
        return distillation(student, teacher, temperature=self.temperature, gamma=self.gamma)

    def _margins(self, logits: Tensor, labels: Tensor) -> Tensor:
        """``m`` of each sample, shape (N, K), for logits (N, K, C)."""
        return margins(logits, labels)

    def _pull_of_last(self, logits: Tensor, weights: LossWeights) -> Tensor:
        """``alpha v_k S_k`` of the earlier exits, shape (E - 1,)."""
        last, early = logits[:, -1].detach(), logits[:, :-1]
        pull = self._distillation(early, last)
        return weights.alpha * logits.new_tensor(self.teacher_weights) * pull

    def _margin_gap(self, logits: Tensor, labels: Tensor) -> Tensor:
        """``v_k MSE(m_k, m_E)``, summed over the earlier exits."""
        last, early = logits[:, -1:].detach(), logits[:, :-1]
        gaps = (self._margins(early, labels) - self._margins(last, labels)) ** 2
        return (logits.new_tensor(self.teacher_weights) * gaps.mean(dim=0)).sum()


def _mix(losses: Tensor, share: float, pull: Tensor, exits: slice) -> Tensor:
    """``(1 - share) losses + pull`` at some of the exits."""
    keep, added = torch.ones_like(losses), torch.zeros_like(losses)
    keep[exits] = 1 - share
    added[exits] = pull
    return keep * losses + added
