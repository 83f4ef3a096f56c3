"""Weights of the samples that have a label, against labels that are seldom on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


POSITIVE_WEIGHTINGS = ("none", "capped", "balanced")
POSITIVE_CAP = 5.0
"""Largest weight of ``capped``."""


def positive_weights(weighting: str, labels: NDArray[Any]) -> tuple[float, ...] | None:
    """The weight of each label's positive samples, length L: ``n_off / n_on`` of the training split.

    Weights change what a probability means: with ``w`` a label is answered from a true probability of ``1 / (1 + w)``
    on, so that more labels are answered wrongly, and fewer whole sets rightly, the larger it is.

    Args:
        weighting: ``none`` gives None; ``balanced`` lets those with and without a label count alike; ``capped`` is at
            most 5, what ``pos_weight`` was capped at in the audio network's later versions.
        labels: Of the training split, 0 or 1, shape (N, L). A label that is never, or always, on has weight 1.
    """
    if weighting == "none":
        return None
    on = labels.sum(axis=0, dtype=np.float64)
    off = len(labels) - on
    weights = np.divide(off, on, out=np.ones_like(on), where=(on > 0) & (off > 0))
    return tuple((np.minimum(weights, POSITIVE_CAP) if weighting == "capped" else weights).tolist())
