"""Weights of classes against imbalance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trainables.losses.exit_loss import ExitLoss


def weighted(loss: ExitLoss, weighting: str, labels: NDArray[np.int64], *, n_classes: int) -> ExitLoss:
    """The loss with class weights: ``n / (C n_c)`` of ``n`` samples, ``n_c`` of them in class c, for ``balanced``.

    Args:
        loss: The loss that class weights are added to; its own are replaced.
        weighting: ``none`` returns the loss as it is; ``balanced`` lets every class count alike.
        labels: Of the training split, shape (N,).
        n_classes: Number of classes, ``C``; those that do not occur have weight 0.
    """
    if weighting == "none":
        return loss
    # Loading scikit-learn takes seconds, and few trials need it.
    from sklearn.utils.class_weight import compute_class_weight

    present = np.unique(labels)
    weights = np.zeros(n_classes)
    # scikit-learn knows no classes but those that occur.
    weights[present] = compute_class_weight("balanced", classes=present, y=labels) * len(present) / n_classes
    return replace(loss, class_weights=tuple(weights.tolist()))
