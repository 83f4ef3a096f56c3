"""The compiled loops that pool samples over their parents, equal to :mod:`policies.pooling.poolings` in every bit."""

from __future__ import annotations

from typing import Any

from numba import njit
import numpy as np
from numpy.typing import NDArray


SUM, MEAN, LARGEST, PRODUCT, TOP_MEAN, QUANTILE = range(6)
"""What is done with the values of a parent's samples, label by label or class by class."""


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sorted_of(
    values: NDArray[np.float64], exits: NDArray[np.int32], first: int, last: int, c: int, scratch: NDArray[np.float64]
) -> int:
    """Put one value of each sample that is read in ascending order into ``scratch``; returns how many there are."""
    n = 0
    for i in range(first, last):
        if exits[i] < 0:
            continue
        value, at = values[i, exits[i], c], n
        while at > 0 and scratch[at - 1] > value:
            scratch[at] = scratch[at - 1]
            at -= 1
        scratch[at] = value
        n += 1
    return n


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _of_sorted(operation: int, parameter: float, scratch: NDArray[np.float64], n: int) -> Any:
    """The mean of the largest, or a quantile, of ``n`` ascending values."""
    if operation == TOP_MEAN:
        k = min(int(parameter), n)
        total = scratch[n - k]
        for at in range(n - k + 1, n):
            total += scratch[at]
        return total / k
    place = (n - 1) * parameter
    low = int(np.floor(place))
    if place >= n - 1:
        return scratch[n - 1]
    share, gap = place - low, scratch[low + 1] - scratch[low]
    # As numpy interpolates: from the nearer end.
    return scratch[low + 1] - gap * (1 - share) if share >= 0.5 else scratch[low] + gap * share


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def pool_parent(
    values: NDArray[np.float64],
    exits: NDArray[np.int32],
    first: int,
    last: int,
    operation: int,
    parameter: float,
    scratch: NDArray[np.float64],
    pooled: NDArray[np.float64],
) -> None:
    """Pool the samples ``first`` to ``last`` of one parent by one policy.

    Args:
        values: What each sample says at each exit, shape (N, E, C).
        exits: The exit that each sample takes, shape (N,); below 0 where it is not read.
        first: Index of the parent's first sample.
        last: Index behind its last one.
        operation: What is done with the values.
        parameter: How many values the mean of the largest is of, or which quantile, in [0, 1].
        scratch: Room for as many numbers as the largest parent has samples.
        pooled: Filled with what is said of the parent, shape (C,).
    """
    n_values = values.shape[2]
    if operation >= TOP_MEAN:
        for c in range(n_values):
            n = _sorted_of(values, exits, first, last, c, scratch)
            pooled[c] = _of_sorted(operation, parameter, scratch, n)
        return
    n = 0
    for i in range(first, last):
        if exits[i] < 0:
            continue
        own = values[i, exits[i]]
        if n == 0:
            for c in range(n_values):
                pooled[c] = own[c]
        elif operation == LARGEST:
            for c in range(n_values):
                pooled[c] = max(pooled[c], own[c])
        elif operation == PRODUCT:
            for c in range(n_values):
                pooled[c] *= own[c]
        else:
            for c in range(n_values):
                pooled[c] += own[c]
        n += 1
    if operation == MEAN:
        for c in range(n_values):
            pooled[c] /= n
    elif operation == PRODUCT:
        for c in range(n_values):
            pooled[c] = 1 - pooled[c]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def pool_parents(
    values: NDArray[np.float64],
    exits: NDArray[np.int32],
    starts: NDArray[np.int64],
    operation: int,
    parameter: float,
    n_most: int,
) -> NDArray[np.float64]:
    """What is said of each of G parents by each of P policies, shape (P, G, C).

    Args:
        values: What each sample says at each exit, those of a parent after those of another, shape (N, E, C).
        exits: The exits that the samples take, shape (P, N); below 0 where one is not read.
        starts: Where the samples of each parent start, and where the last ones end, shape (G + 1,).
        operation: What is done with the values.
        parameter: How many values the mean of the largest is of, or which quantile, in [0, 1].
        n_most: Samples of the largest parent.
    """
    n_policies, n_parents = exits.shape[0], len(starts) - 1
    pooled = np.empty((n_policies, n_parents, values.shape[2]))
    scratch = np.empty(n_most)
    for p in range(n_policies):
        for g in range(n_parents):
            pool_parent(values, exits[p], starts[g], starts[g + 1], operation, parameter, scratch, pooled[p, g])
    return pooled


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def pool_moved(
    values: NDArray[np.float64],
    exits: NDArray[np.int32],
    samples: NDArray[np.int64],
    exit_index: int,
    parent_of: NDArray[np.int64],
    starts: NDArray[np.int64],
    operation: int,
    parameter: float,
    n_most: int,
) -> NDArray[np.float64]:
    """What is said of a sample's parent after the sample has moved to another exit, one after the other, shape (m, C).

    Args:
        values: What each sample says at each exit, those of a parent after those of another, shape (N, E, C).
        exits: The exits that the samples take before any has moved, shape (N,); those after all have moved, in place.
        samples: The samples that move, in their order, shape (m,).
        exit_index: Index of the exit that they move to.
        parent_of: Index of each sample's parent, shape (N,).
        starts: Where the samples of each parent start, and where the last ones end, shape (G + 1,).
        operation: What is done with the values.
        parameter: How many values the mean of the largest is of, or which quantile, in [0, 1].
        n_most: Samples of the largest parent.
    """
    pooled = np.empty((len(samples), values.shape[2]))
    scratch = np.empty(n_most)
    for j in range(len(samples)):
        exits[samples[j]] = exit_index
        g = parent_of[samples[j]]
        pool_parent(values, exits, starts[g], starts[g + 1], operation, parameter, scratch, pooled[j])
    return pooled
