"""How sure an exit is of an image, such that gradients flow through it: from raw outputs, before boxes are suppressed.

The confidence is that of rule ``routed``: ``sigmoid(logit(mean of the k best scores) / T)``. The rule takes the scores
of the boxes that are kept, of which each object has one. Here several anchors may stand for the same object, so that
the mean is higher and objects are counted more than once: a threshold that fits in training is too high for kept boxes.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from trainables.routing.settings import QualityGate


_LEAST_SCORE = 1e-6


@dataclass(frozen=True)
class ExitSignals:
    """What a router looks at, of N images at E exits.

    Attributes:
        confidences: How sure each exit is, in (0, 1), shape (N, E).
        openness: How open the quality gate is, in (0, 1), shape (N, E); 1 where there is none.
        is_open: Whether the quality gate is open, shape (N, E).
    """

    confidences: Tensor
    openness: Tensor
    is_open: Tensor

    @property
    def gated(self) -> Tensor:
        """The confidences that the notes have: those times how open the gate is, shape (N, E)."""
        return self.confidences * self.openness


def objectness(raw: Tensor) -> Tensor:
    """Probability of the likeliest class of each anchor, in (0, 1), shape (..., A).

    Args:
        raw: Offsets of a box, then logits of the background and of C classes, shape (..., A, 4 + 1 + C).
    """
    return raw[..., 4:].softmax(dim=-1)[..., 1:].amax(dim=-1)


def tempered(scores: Tensor, temperatures: Tensor) -> Tensor:
    """``sigmoid(logit(score) / temperature)``, as rules for detectors have it; both broadcast."""
    return (scores.clamp(_LEAST_SCORE, 1 - _LEAST_SCORE).logit() / temperatures).sigmoid()


def signals_of(
    raw: Tensor, temperatures: Tensor, *, n_top: int, gate: QualityGate | None, softness: float
) -> ExitSignals:
    """What a router looks at.

    Args:
        raw: What all exits give, shape (N, E, A, 4 + 1 + C).
        temperatures: Divisor of the logit of each exit's confidence, shape (E,).
        n_top: A confidence is the mean of so many best scores; of all where there are fewer anchors.
        gate: What else keeps an exit closed; None for nothing.
        softness: Where the deciding score is so much above what the gate asks for, its openness is 0.73, that of a
            logistic function at 1.
    """
    scores = objectness(raw)
    n_anchors = scores.shape[-1]
    n_sorted = min(max(n_top, gate.n_objects if gate else 1), n_anchors)
    best = scores.topk(n_sorted, dim=-1).values
    confidences = tempered(best[..., :n_top].mean(dim=-1), temperatures)
    if gate is None:
        return ExitSignals(confidences, torch.ones_like(confidences), torch.ones_like(confidences, dtype=torch.bool))
    # At least n objects are above a score where the n-th best is.
    deciding = best[..., gate.n_objects - 1] if gate.n_objects <= n_anchors else torch.zeros_like(confidences)
    openness = ((deciding - gate.objectness) / softness).sigmoid()
    return ExitSignals(confidences, openness, deciding > gate.objectness)
