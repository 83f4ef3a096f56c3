"""Distillation from teachers outside the network: one or several, averaged before or after the divergence."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
import torch.nn.functional as F

from trainables.errors import TrainingError
from trainables.losses.distillation import decoupled, distillation, margins


FORMS = ("kd", "dkd", "dkd-cross-entropy")
MODES = ("split", "fused")
TAUGHT = ("all", "last")


@dataclass(frozen=True)
class TeacherLoss:
    """What ``M`` teachers add to the loss of each exit. Minimised; no gradient flows into a teacher.

    ``split``: the terms of the teachers, averaged with their weights. ``fused``: one term, against the average of
    their probabilities at temperature ``T``.

    ``kd`` (Hinton et al., 2015): ``A = T^2 KL(p_T || q_T)``, with ``p`` the teacher and ``q`` the exit; ``B = 0``.
    ``dkd`` (Zhao et al., CVPR 2022): ``A = T^2 TCKD``, the KL of the two-way distributions (true class, all others),
    and ``B = T^2 NCKD``, the KL of the distributions renormalised over the other classes.
    ``dkd-cross-entropy``: as ``dkd``, but ``TCKD = -p_true log q_true``.

    Terms are means over the batch, each sample weighed with ``(max_c p_T)^gamma``.

    Attributes:
        weights: ``lambda``, one per teacher, not negative; they are made to sum to 1.
        mode: How several teachers are averaged: their terms (``split``) or their probabilities (``fused``).
        form: The terms, as above: ``kd``, ``dkd`` or ``dkd-cross-entropy``.
        temperature: ``T`` of the teachers' and exits' probabilities, positive.
        gamma: Exponent of the teacher's confidence, not negative; 0 weighs all samples alike.
        taught: Whether teachers teach ``all`` exits or only the ``last``.

    Raises:
        TrainingError: If a number or a name is out of range.
    """

    weights: tuple[float, ...]
    mode: str = "split"
    form: str = "kd"
    temperature: float = 2.0
    gamma: float = 0.0
    taught: str = "all"

    def __post_init__(self) -> None:
        if min(self.weights, default=0.0) < 0 or sum(self.weights) <= 0:
            raise TrainingError(f"the teachers' weights must not be negative, nor all zero, but are {self.weights}")
        for name, choices in (("mode", MODES), ("form", FORMS), ("taught", TAUGHT)):
            if getattr(self, name) not in choices:
                raise TrainingError(f"{name} must be one of {', '.join(choices)} but is {getattr(self, name)!r}")
        if self.temperature <= 0:
            raise TrainingError(f"the teachers' temperature must be positive but is {self.temperature}")
        if self.gamma < 0:
            raise TrainingError(f"the teachers' gamma must not be negative but is {self.gamma}")

    @property
    def taught_exits(self) -> slice:
        """Those of the ``E`` exits that are taught."""
        return slice(None) if self.taught == "all" else slice(-1, None)

    def terms(self, student: Tensor, labels: Tensor, teachers: Tensor) -> tuple[Tensor, Tensor]:
        """``A`` and ``B`` of each exit, two tensors of shape (K,).

        Args:
            student: Logits of taught exits, shape (N, K, C).
            labels: True class of each sample, shape (N,).
            teachers: Logits, shape (N, M, C); a constant added to a row changes nothing.
        """
        aims = self._aims(teachers.detach())
        terms = [self._term(student, labels, aim) for _, aim in aims]
        shares = [share for share, _ in aims]
        first = torch.stack([share * a for share, (a, _) in zip(shares, terms, strict=True)]).sum(dim=0)
        second = torch.stack([share * b for share, (_, b) in zip(shares, terms, strict=True)]).sum(dim=0)
        return first, second

    def margin_gap(self, student: Tensor, labels: Tensor, teachers: Tensor) -> Tensor:
        """``MSE(m_student, m_teacher)`` of each exit, shape (K,); the teachers' margins are averaged by weight.

        ``m`` is the logit of the true class minus the largest other logit.
        """
        weighed = self._margins(teachers.detach(), labels) * student.new_tensor(self._shares())
        return ((self._margins(student, labels) - weighed.sum(dim=1, keepdim=True)) ** 2).mean(dim=0)

    def _shares(self) -> tuple[float, ...]:
        total = sum(self.weights)
        return tuple(weight / total for weight in self.weights)

    def _aims(self, teachers: Tensor) -> list[tuple[float, Tensor]]:
        """What exits are pulled towards: logits, shape (N, C), and the share of each."""
        shares = self._shares()
        if self.mode == "split":
            return [(share, teachers[:, m]) for m, share in enumerate(shares) if share > 0]
        return [(1.0, self.temperature * self._fused(teachers / self.temperature, teachers.new_tensor(shares).log()))]

    def _fused(self, teachers: Tensor, log_shares: Tensor) -> Tensor:
        """Logits of the average probabilities, shape (N, C), of tempered logits (N, M, C) and log-shares (M,)."""
        return torch.logsumexp(F.log_softmax(teachers, dim=-1) + log_shares[:, None], dim=1)

    def _margins(self, logits: Tensor, labels: Tensor) -> Tensor:
        """``m`` of each sample, shape (N, K), for logits (N, K, C)."""
        return margins(logits, labels)

    def _term(self, student: Tensor, labels: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
        if self.form == "kd":
            pull = distillation(student, teacher, temperature=self.temperature, gamma=self.gamma)
            return pull, torch.zeros_like(pull)
        return decoupled(
            student,
            teacher,
            labels,
            temperature=self.temperature,
            gamma=self.gamma,
            is_binary=self.form == "dkd",
        )
