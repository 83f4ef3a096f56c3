"""Weights of classes against imbalance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trainables.losses import ExitLoss


def weighted(loss: ExitLoss, weighting: str, labels: NDArray[np.int64]) -> ExitLoss:
    """The loss with class weights: ``n / (C n_c)`` of ``n`` samples, ``n_c`` of them in class c, for ``balanced``.

    Args:
        loss: Without class weights.
        weighting: ``none`` or ``balanced``.
        labels: Of the training split, shape (N,); every class occurs.
    """
    if weighting == "none":
        return loss
    counts = np.bincount(labels)
    return replace(loss, class_weights=tuple((len(labels) / (len(counts) * counts)).tolist()))
