"""The compiled loops that pool samples over their parents, equal to :mod:`policies.pooling.poolings` in every bit."""

from __future__ import annotations

from typing import Any

from numba import njit
import numpy as np
from numpy.typing import NDArray


SUM, MEAN, LARGEST, PRODUCT, TOP_MEAN, QUANTILE = range(6)
"""What is done with the values of a parent's samples, label by label or class by class."""
_FEW = 16
"""Up to so many samples are put in order by comparing neighbours."""


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _move_largest_last(numbers: NDArray[np.float64], n: int, n_largest: int) -> None:
    """Move the largest of the first ``n`` numbers to their end, ascending, without branches for the processor."""
    for done in range(n_largest):
        largest = numbers[0]
        for j in range(1, n - done):
            one = numbers[np.uint64(j)]
            numbers[np.uint64(j - 1)] = largest if largest < one else one
            largest = one if largest < one else largest
        numbers[np.uint64(n - 1 - done)] = largest


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sort(numbers: NDArray[np.float64], n: int) -> None:
    """Sort the first ``n`` numbers."""
    numbers[:n] = np.sort(numbers[:n])


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _pool_sorted(
    values: NDArray[np.float64],
    places: NDArray[np.uint64],
    n: int,
    operation: int,
    parameter: float,
    numbers: NDArray[np.float64],
    pooled: NDArray[np.float64],
    at: int,
    n_values: int,
) -> None:
    """Pool by the mean of the largest numbers, or by a quantile; arguments as for :func:`_pool`."""
    place, first, last = (n - 1) * parameter, np.uint64(at), np.uint64(n - 1)
    low = max(n - int(parameter), 0) if operation == TOP_MEAN else int(np.floor(place))
    part, lowest, next_one = place - low, np.uint64(low), np.uint64(min(low + 1, n - 1))
    for c in range(np.uint64(0), np.uint64(n_values)):
        for j in range(n):
            numbers[np.uint64(j)] = values[places[j] + c]
        if n <= _FEW:
            _move_largest_last(numbers, n, n - low)
        else:
            _sort(numbers, n)
        one, other = numbers[lowest], numbers[next_one]
        if operation == TOP_MEAN:
            for j in range(low + 1, n):
                one += numbers[np.uint64(j)]
            pooled[first + c] = one / (n - low)
        elif place >= n - 1:
            pooled[first + c] = numbers[last]
        else:
            # As numpy interpolates: from the nearer end.
            pooled[first + c] = other - (other - one) * (1 - part) if part >= 0.5 else one + (other - one) * part


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _pool(
    values: NDArray[np.float64],
    places: NDArray[np.uint64],
    n: int,
    operation: int,
    parameter: float,
    numbers: NDArray[np.float64],
    pooled: NDArray[np.float64],
    at: int,
    n_values: int,
) -> None:
    """Pool ``n`` samples of one parent.

    Args:
        values: What all samples say at all exits, one after the other.
        places: Where what each of the samples says begins in them.
        n: Number of samples.
        operation: What is done with the values.
        parameter: How many values the mean of the largest is of, or which quantile, in [0, 1].
        numbers: Room for as many numbers as the largest parent has samples.
        pooled: What is said of parents, one after the other; filled in place.
        at: Where what is said of the parent begins in it.
        n_values: Number of labels or classes, ``C``.
    """
    # Unsigned, since indices that may be negative are looked at twice.
    first = np.uint64(at)
    if operation >= TOP_MEAN:
        _pool_sorted(values, places, n, operation, parameter, numbers, pooled, at, n_values)
        return
    for c in range(np.uint64(0), np.uint64(n_values)):
        one = values[places[0] + c]
        if operation == LARGEST:
            for j in range(1, n):
                other = values[places[j] + c]
                one = other if one < other else one
        elif operation == PRODUCT:
            for j in range(1, n):
                one *= values[places[j] + c]
            one = 1 - one
        else:
            for j in range(1, n):
                one += values[places[j] + c]
            if operation == MEAN:
                one /= n
        pooled[first + c] = one


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _find_places(
    exits: NDArray[np.int32], first: int, last: int, n_exits: int, n_values: int, places: NDArray[np.uint64]
) -> Any:
    """Where what samples ``first`` to ``last`` say begins, of those that are read; returns how many these are."""
    n = 0
    for i in range(first, last):
        if exits[i] >= 0:
            places[n] = np.uint64((i * n_exits + exits[i]) * n_values)
            n += 1
    return n


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
    _, n_exits, n_values = values.shape
    pooled, flat = np.empty(n_policies * n_parents * n_values), values.ravel()
    numbers, places = np.empty(n_most), np.empty(n_most, dtype=np.uint64)
    for p in range(n_policies):
        own = exits[p]
        for g in range(n_parents):
            n, at = _find_places(own, starts[g], starts[g + 1], n_exits, n_values, places), p * n_parents + g
            _pool(flat, places, n, operation, parameter, numbers, pooled, at * n_values, n_values)
    return pooled.reshape((n_policies, n_parents, n_values))


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
    _, n_exits, n_values = values.shape
    pooled, flat = np.empty(len(samples) * n_values), values.ravel()
    numbers, places = np.empty(n_most), np.empty(n_most, dtype=np.uint64)
    for j in range(len(samples)):
        exits[samples[j]] = exit_index
        g = parent_of[samples[j]]
        n = _find_places(exits, starts[g], starts[g + 1], n_exits, n_values, places)
        _pool(flat, places, n, operation, parameter, numbers, pooled, j * n_values, n_values)
    return pooled.reshape((len(samples), n_values))
