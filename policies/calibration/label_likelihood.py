"""The likelihood of the labels of mixed exits and its gradient in one pass over the logits, without a copy of them."""

from __future__ import annotations

import math
from typing import Any

from numba import njit
import numpy as np
from numpy.typing import NDArray

from policies.calibration.likelihood import Likelihood
from policies.calibration.vector_math import half_as_float


def mixed_label_likelihood(
    logits: NDArray[np.floating[Any]],
    labels: NDArray[np.uint8],
    rows: NDArray[np.int64],
    *,
    weights: NDArray[np.float64],
    bias: NDArray[np.float64],
) -> Likelihood:
    """Negative log-likelihood of sets of labels, each on with ``sigmoid(bias + sum over j of weights_j logits_j)``.

    Labels are taken as independent of each other: the losses of a sample's labels are added up.

    Args:
        logits: Logits of each sample, exit and label, shape (N, E, L), float16 or float32.
        labels: Whether each label is on, shape (N, L), 0 or 1.
        rows: The samples that count, shape (n,).
        weights: Weight of each of the first K exits, shape (K,).
        bias: Summand of each label, shape (L,).
    """
    # Numba has no half floats: their bits are read as they are.
    readable = np.ascontiguousarray(logits)
    readable = readable.view(np.uint16) if logits.dtype == np.float16 else readable
    of_weights, of_bias = np.zeros(len(weights)), np.zeros(len(bias))
    total = _add_up(readable, labels, rows, weights, bias, of_weights, of_bias)
    n = len(rows)
    return Likelihood(total / n, of_weights / n, of_bias / n)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add_up(
    logits: NDArray[Any],
    labels: NDArray[np.uint8],
    rows: NDArray[np.int64],
    weights: NDArray[np.float64],
    bias: NDArray[np.float64],
    of_weights: NDArray[np.float64],
    of_bias: NDArray[np.float64],
) -> float:
    """The sums of :func:`mixed_label_likelihood`, sample after sample; gradients are added to zeros."""
    total = 0.0
    for row in rows:
        for c in range(len(bias)):
            mixed = bias[c]
            for k in range(len(weights)):
                mixed += weights[k] * np.float64(half_as_float(logits[row, k, c]))
            small = math.exp(-abs(mixed))
            on = 1.0 / (1.0 + small) if mixed >= 0 else small / (1.0 + small)
            total += max(mixed, 0.0) - mixed * labels[row, c] + math.log1p(small)
            too_much = on - labels[row, c]
            of_bias[c] += too_much
            for k in range(len(weights)):
                of_weights[k] += too_much * np.float64(half_as_float(logits[row, k, c]))
    return total
