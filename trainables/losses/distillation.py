"""What pulls an exit towards a teacher: divergences of tempered probabilities, and margins."""

from __future__ import annotations

import torch
from torch import Tensor
import torch.nn.functional as F


def distillation(student: Tensor, teacher: Tensor, *, temperature: float, gamma: float = 0.0) -> Tensor:
    """``mean_i[c_i T^2 KL(p_T^teacher || p_T^student)]`` for each exit, shape (K,) (Hinton et al., 2015).

    Args:
        student: Logits, shape (N, K, C).
        teacher: Logits of the teacher, shape (N, C); no gradient should flow into them.
        temperature: ``T``; T^2 keeps the gradient's size independent of it.
        gamma: Exponent of the teacher's confidence at T, ``c_i = (max_c p_T^teacher)^gamma``; 0 is off.
    """
    log_teacher = F.log_softmax(teacher / temperature, dim=-1)[:, None]
    log_student = F.log_softmax(student / temperature, dim=-1)
    return temperature**2 * (_confidence(log_teacher, gamma) * _divergence(log_teacher, log_student)).mean(dim=0)


def decoupled(
    student: Tensor, teacher: Tensor, labels: Tensor, *, temperature: float, gamma: float = 0.0, is_binary: bool
) -> tuple[Tensor, Tensor]:
    """``T^2 TCKD`` and ``T^2 NCKD`` for each exit, each of shape (K,) (Zhao et al., 2022).

    With two classes nothing is left to renormalise, and NCKD is 0.

    Args:
        student: Logits, shape (N, K, C).
        teacher: Logits of the teacher, shape (N, C); no gradient should flow into them.
        labels: True class of each sample, shape (N,).
        temperature: ``T``, positive; both terms are multiplied by T^2.
        gamma: Exponent of the teacher's confidence at T; 0 is off.
        is_binary: Whether TCKD is the two-way KL of the paper, else ``-p_true log q_true``.
    """
    log_teacher = F.log_softmax(teacher / temperature, dim=-1)[:, None]
    true_teacher, other_teacher = _parted(teacher[:, None] / temperature, labels)
    true_student, other_student = _parted(student / temperature, labels)
    if is_binary:
        target_class = _divergence(_two_way(true_teacher, other_teacher), _two_way(true_student, other_student))
    else:
        log_true = _two_way(true_student, other_student)[..., 0]
        target_class = -_two_way(true_teacher, other_teacher)[..., 0].exp() * log_true
    others = _divergence(F.log_softmax(other_teacher, dim=-1), F.log_softmax(other_student, dim=-1))
    confidence = temperature**2 * _confidence(log_teacher, gamma)
    return (confidence * target_class).mean(dim=0), (confidence * others).mean(dim=0)


def margins(logits: Tensor, labels: Tensor) -> Tensor:
    """Logit of the true class minus the largest other logit, shape (N, K), for logits (N, K, C)."""
    true_class, others = _parted(logits, labels)
    return true_class - others.amax(dim=-1)


def _parted(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (N, K, C) as those of the true class, (N, K), and of the others in their order, (N, K, C - 1)."""
    n_classes = logits.shape[-1]
    is_true = F.one_hot(labels, n_classes).bool()[:, None].expand_as(logits)
    return logits[is_true].view(logits.shape[:-1]), logits[~is_true].view(*logits.shape[:-1], n_classes - 1)


def _two_way(true_class: Tensor, others: Tensor) -> Tensor:
    """Log-probabilities of the true class and of all others together, shape (N, K, 2)."""
    return F.log_softmax(torch.stack([true_class, torch.logsumexp(others, dim=-1)], dim=-1), dim=-1)


def _divergence(log_teacher: Tensor, log_student: Tensor) -> Tensor:
    return (log_teacher.exp() * (log_teacher - log_student)).sum(dim=-1)


def _confidence(log_teacher: Tensor, gamma: float) -> Tensor:
    return log_teacher.exp().amax(dim=-1) ** gamma
