"""Which of the anchors that stand for nothing a detector's loss counts (Liu et al., SSD, 2016)."""

from __future__ import annotations

import torch
from torch import Tensor


NEGATIVES_PER_MATCH = 3.0
"""Unmatched anchors that count for each matched one."""


def hard_negatives(
    logits: Tensor, is_matched: Tensor, is_ignored: Tensor, *, per_match: float = NEGATIVES_PER_MATCH
) -> Tensor:
    """The unmatched anchors of each image that are least taken for background, of equal ones the first.

    Args:
        logits: Of the background and of C classes, shape (..., A, 1 + C).
        is_matched: Which anchors stand for an object, shape (..., A), or such that it broadcasts to that.
        is_ignored: Which anchors lie in a crowd, of the same shape.
        per_match: How many count for each matched anchor of an image; where none is matched, as many as for one.

    Returns:
        Shape (..., A), bool; no gradient flows through it.
    """
    can = ~(is_matched | is_ignored)
    likelihood = logits.detach().log_softmax(dim=-1)[..., 0].masked_fill(~can, torch.inf)
    order = likelihood.argsort(dim=-1, stable=True)
    wanted = (per_match * is_matched.sum(dim=-1, keepdim=True).clamp(min=1)).long()
    is_first = torch.arange(order.shape[-1], device=order.device) < wanted
    hardest = torch.zeros_like(likelihood, dtype=torch.bool).scatter(-1, order, is_first.expand_as(order))
    return hardest & can
