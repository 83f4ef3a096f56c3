"""What pulls an exit towards a teacher where every label is a Bernoulli variable of its own."""

from __future__ import annotations

import torch
from torch import Tensor
import torch.nn.functional as F


def label_distillation(student: Tensor, teacher: Tensor, *, temperature: float, gamma: float = 0.0) -> Tensor:
    """``mean_il[c_il T^2 KL(Bernoulli(p_T^teacher) || Bernoulli(p_T^student))]`` for each exit, shape (K,).

    That is the loss of Hinton et al. (2015) for each label by itself, with ``p_T = sigmoid(z / T)``, and its mean over
    samples and labels.

    Args:
        student: Logits, shape (N, K, L).
        teacher: Logits of the teacher, shape (N, L); no gradient should flow into them.
        temperature: ``T``; T^2 keeps the gradient's size independent of it.
        gamma: Exponent of the teacher's confidence in a label at T, ``c_il = max(p_T, 1 - p_T)^gamma``; 0 is off.
    """
    teacher = teacher[:, None] / temperature
    student = student / temperature
    on = teacher.sigmoid() * (F.logsigmoid(teacher) - F.logsigmoid(student))
    off = (-teacher).sigmoid() * (F.logsigmoid(-teacher) - F.logsigmoid(-student))
    confidence = teacher.abs().sigmoid() ** gamma
    return temperature**2 * (confidence * (on + off)).mean(dim=(0, 2))


def set_margins(logits: Tensor, labels: Tensor) -> Tensor:
    """Log-odds between the true set and the likeliest other one, shape (N, K): positive where the set is right.

    With ``s_l = 2 y_l - 1``, and labels independent given the input, the likeliest other set differs in the least sure
    label, ``min_l s_l z_l``, where the set is right, and else in all that are wrong, ``sum_l min(s_l z_l, 0)``. It is
    the margin of a classifier whose classes are the sets.

    Args:
        logits: Shape (N, K, L).
        labels: 0 or 1, shape (N, L).
    """
    signed = (2 * labels - 1)[:, None] * logits
    least = signed.amin(dim=-1)
    return torch.where(least > 0, least, signed.clamp(max=0).sum(dim=-1))


def fused_logits(teachers: Tensor, log_shares: Tensor) -> Tensor:
    """Logits of the average probabilities of teachers, shape (N, L).

    Args:
        teachers: Logits of ``M`` teachers, shape (N, M, L).
        log_shares: Logarithm of the share of each, shape (M,).
    """
    shares = log_shares[:, None]
    return torch.logsumexp(F.logsigmoid(teachers) + shares, dim=1) - torch.logsumexp(
        F.logsigmoid(-teachers) + shares, dim=1
    )
