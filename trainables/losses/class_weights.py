"""Weights of classes against imbalance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trainables.losses.exit_loss import ExitLoss


def weighted(loss: ExitLoss, weighting: str, labels: NDArray[np.int64], *, n_classes: int) -> ExitLoss:
    """The loss with class weights: ``n / (C n_c)`` of ``n`` samples, ``n_c`` of them in class c, for ``balanced``.

    Args:
        loss: Without class weights.
        weighting: ``none`` or ``balanced``.
        labels: Of the training split, shape (N,).
        n_classes: Number of classes, ``C``; those that do not occur have weight 0.
    """
    if weighting == "none":
        return loss
    counts = np.bincount(labels, minlength=n_classes)
    weights = np.where(counts > 0, len(labels) / (n_classes * np.maximum(counts, 1)), 0.0)
    return replace(loss, class_weights=tuple(weights.tolist()))
