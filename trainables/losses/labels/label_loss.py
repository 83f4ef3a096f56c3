"""The loss of a multi-exit network that answers with sets of labels."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from torch import Tensor
import torch.nn.functional as F

from trainables.errors import TrainingError
from trainables.losses.exit_loss import ExitLoss
from trainables.losses.labels.distillation import fused_logits, label_distillation, set_margins
from trainables.losses.teacher_loss import TeacherLoss


@dataclass(frozen=True)
class LabelTeacherLoss(TeacherLoss):
    """What ``M`` teachers add where each of ``L`` labels is answered by itself; see :class:`TeacherLoss`.

    ``A = T^2 KL`` of Bernoulli distributions, a mean over samples and labels, each weighed with ``max(p_T, 1 -
    p_T)^gamma``; ``B = 0``. What ``fused`` averages are the probabilities of each label.

    Raises:
        TrainingError: If the form is another than ``kd``: decoupled terms set one true class against the others.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.form != "kd":
            raise TrainingError(
                f"kd_form must be kd for sets of labels but is {self.form!r}, which sets one true class against the "
                f"others; fix it in space.overrides, or set space.name to multi-label"
            )

    def _term(self, student: Tensor, labels: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
        pull = label_distillation(student, teacher, temperature=self.temperature, gamma=self.gamma)
        return pull, pull.new_zeros(pull.shape)

    def _fused(self, teachers: Tensor, log_shares: Tensor) -> Tensor:
        return fused_logits(teachers, log_shares)

    def _margins(self, logits: Tensor, labels: Tensor) -> Tensor:
        return set_margins(logits, labels)


@dataclass(frozen=True)
class LabelLoss(ExitLoss):
    """Loss of a network with ``E`` exits, each of which gives a logit of each of ``L`` labels; minimised.

    Exits, the last exit as a teacher, and teachers from outside are joined as in :class:`ExitLoss`. Here

    ``CE_k = -mean_il[w_l y_il log p_il + (1 - y_il) log(1 - p_il)]`` with ``p = sigmoid(z)``; label smoothing ``s``
    replaces y by ``(1 - s) y + s / 2``. ``S_k`` and the teachers' ``A_k`` are
    :func:`~trainables.losses.labels.distillation.label_distillation`, ``m`` is
    :func:`~trainables.losses.labels.distillation.set_margins`.

    Targets are numbers in [0, 1], shape (N, L); of margins they must be 0 or 1.

    Attributes:
        positive_weights: ``w``, of the samples that have each label, length L, not negative; None weighs them like the
            others.

    Raises:
        TrainingError: If a number is out of range, or classes have weights.
    """

    positive_weights: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.class_weights is not None:
            raise TrainingError("labels have no class weights; weigh the samples that have a label: positive_weighting")
        if min(self.positive_weights or (), default=0.0) < 0:
            raise TrainingError(f"positive weights must not be negative but are {self.positive_weights}")

    @classmethod
    def of(cls, exit_loss: ExitLoss, positive_weights: tuple[float, ...] | None = None) -> Self:
        """With what the loss of a classifier's exits says of weights, smoothing, the last exit and teachers.

        Args:
            exit_loss: Without class weights.
            positive_weights: Of the samples that have each label, length L; None weighs them like the others.

        Raises:
            TrainingError: If it asks for what sets of labels do not have.
        """
        own = {one.name: getattr(exit_loss, one.name) for one in fields(ExitLoss)}
        taught = exit_loss.teachers
        if taught is not None:
            own["teachers"] = LabelTeacherLoss(**{one.name: getattr(taught, one.name) for one in fields(TeacherLoss)})
        return cls(**own, positive_weights=positive_weights)

    def _error(self, logits: Tensor, labels: Tensor) -> Tensor:
        weights = None if self.positive_weights is None else logits.new_tensor(self.positive_weights)
        aims = (1 - self.label_smoothing) * labels + self.label_smoothing / 2
        return F.binary_cross_entropy_with_logits(logits, aims.to(logits.dtype), pos_weight=weights)

    def _distillation(self, student: Tensor, teacher: Tensor) -> Tensor:
        return label_distillation(student, teacher, temperature=self.temperature, gamma=self.gamma)

    def _margins(self, logits: Tensor, labels: Tensor) -> Tensor:
        return set_margins(logits, labels)
