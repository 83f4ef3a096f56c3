"""The likelihood of mixed exits and its gradient in one pass over the logits, without a copy of them."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Any

from numba import njit
import numpy as np
from numpy.typing import NDArray

from policies.calibration.vector_math import exp_of_negative, half_as_float


_LEAST_SAMPLES, _LEAST_VALUES = 20_000, 5_000_000
_FAST = {"reassoc", "contract", "nsz", "arcp", "nnan", "ninf"}
"""What lets the compiler add several classes at a time; logits are finite, so there is no NaN to keep."""


@dataclass(frozen=True)
class Likelihood:
    """Mean negative log-likelihood over samples, in nats, and its gradient.

    Attributes:
        loss: Mean negative log-likelihood in nats, minimised.
        of_weights: Gradient by the weight of each exit, shape (K,).
        of_bias: Gradient by the summand of each class, shape (C,).
    """

    loss: float
    of_weights: NDArray[np.float64]
    of_bias: NDArray[np.float64]


def is_large(n_samples: int, n_classes: int) -> bool:
    """Whether samples may be computed in float32, which is quicker: there are so many that means are good to 1e-8."""
    return n_samples >= _LEAST_SAMPLES and n_samples * n_classes >= _LEAST_VALUES


def mixed_likelihood(
    logits: NDArray[np.floating[Any]],
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    *,
    weights: NDArray[np.float64],
    bias: NDArray[np.float64],
    first_exit: int = 0,
) -> Likelihood:
    """Negative log-likelihood of ``softmax(bias + sum over j of weights_j logits_j)``.

    Args:
        logits: Logits of each sample, exit and class, shape (N, E, C), float16 or float32.
        labels: True class of each sample, shape (N,).
        rows: The samples that count, shape (n,).
        weights: Weight of each of K exits that follow each other, shape (K,).
        bias: Summand of each class, shape (C,).
        first_exit: Index of the first of the K exits.

    One sample is computed in float32 where there are many, else in float64; sums over samples are float64.
    """
    precision = np.float32 if is_large(len(rows), len(bias)) else np.float64
    # Numba has no half floats: their bits are read as they are.
    readable = np.ascontiguousarray(logits)
    readable = readable.view(np.uint16) if logits.dtype == np.float16 else readable
    weights, bias = weights.astype(precision), bias.astype(precision)
    share = np.empty_like(bias)
    of_weights, of_bias = np.zeros(len(weights)), np.zeros(len(bias))
    total = _add_up(readable, first_exit, labels, rows, weights, bias, share, of_weights, of_bias)
    n = len(rows)
    return Likelihood(total / n, of_weights / n, of_bias / n)


@njit(cache=True, nogil=True, fastmath=_FAST)  # type: ignore[untyped-decorator]
def _add_up(
    logits: NDArray[Any],
    first_exit: int,
    labels: NDArray[np.int64],
    rows: NDArray[np.int64],
    weights: NDArray[Any],
    bias: NDArray[Any],
    share: NDArray[Any],
    of_weights: NDArray[np.float64],
    of_bias: NDArray[np.float64],
) -> float:
    """The sums of :func:`mixed_likelihood`, sample after sample; gradients are added to zeros.

    Exits are gone through in pairs, which is quicker. ``weights``, ``bias`` and ``share``, where the probabilities of
    one sample are put, shape (C,), have the type that is computed in.
    """
    n_exits, n_classes = len(weights), len(bias)
    zero = share.dtype.type(0)
    total = 0.0
    for row in rows:
        label = labels[row]
        share[:] = bias
        for k in range(0, n_exits - 1, 2):
            one, other = logits[row, first_exit + k], logits[row, first_exit + k + 1]
            weight, weight_of_other = weights[k], weights[k + 1]
            for c in range(n_classes):
                share[c] += weight * half_as_float(one[c]) + weight_of_other * half_as_float(other[c])
        if n_exits % 2:
            one, weight = logits[row, first_exit + n_exits - 1], weights[n_exits - 1]
            for c in range(n_classes):
                share[c] += weight * half_as_float(one[c])
        largest = share[0]
        for c in range(n_classes):
            largest = max(largest, share[c])
        of_label = share[label] - largest
        scale = zero
        for c in range(n_classes):
            share[c] = exp_of_negative(share[c] - largest)
            scale += share[c]
        total += math.log(scale) - of_label
        for c in range(n_classes):
            share[c] /= scale
            of_bias[c] += share[c]
        of_bias[label] -= 1.0
        for k in range(0, n_exits - 1, 2):
            one, other = logits[row, first_exit + k], logits[row, first_exit + k + 1]
            expected, expected_of_other = zero, zero
            for c in range(n_classes):
                expected += share[c] * half_as_float(one[c])
                expected_of_other += share[c] * half_as_float(other[c])
            of_weights[k] += expected - half_as_float(one[label])
            of_weights[k + 1] += expected_of_other - half_as_float(other[label])
        if n_exits % 2:
            one = logits[row, first_exit + n_exits - 1]
            expected = zero
            for c in range(n_classes):
                expected += share[c] * half_as_float(one[c])
            of_weights[n_exits - 1] += expected - half_as_float(one[label])
    return total
