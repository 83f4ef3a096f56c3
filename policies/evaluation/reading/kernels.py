"""The compiled loops that read parents: sample after sample, until what is pooled is sure.

Everywhere samples lie in the order in which they are read, those of a parent after those of another. Numbers are added
up in the order in which :mod:`policies.pooling.poolings` adds them up, so that both come to the very same.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from numba import njit
import numpy as np
from numpy.typing import NDArray

from policies.evaluation.parents.pooling_kernel import LARGEST, MEAN, PRODUCT, QUANTILE, SUM, TOP_MEAN


class Reader(NamedTuple):
    """Parents that can be read, as the loops take them.

    Attributes:
        values: What samples say at each exit, in the form that is pooled, shape (N, E, C).
        starts: Where the samples of each parent start, and where the last ones end, shape (G + 1,).
        cuts: From which pooled value on each label of each parent is answered, shape (G, C); (0, 0) for classes.
        operation: What is done with the values; a sum is one of logarithms, and means a distribution.
        parameter: How many values the mean of the largest is of, or which quantile.
    """

    values: NDArray[np.float64]
    starts: NDArray[np.int64]
    cuts: NDArray[np.float64]
    operation: int
    parameter: float


class Room(NamedTuple):
    """Room for numbers of the parent that is being read.

    Attributes:
        sums: Sums, products or largest values so far, shape (C,).
        kept: All values so far, ascending, shape (C, M); (C, 0) where they need not be kept.
        shares: A distribution, shape (C,).
    """

    sums: NDArray[np.float64]
    kept: NDArray[np.float64]
    shares: NDArray[np.float64]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _quantile(ordered: NDArray[np.float64], n: int, share: float) -> float:
    """A quantile of the first n of ascending values, with linear interpolation as numpy has it."""
    place = (n - 1) * share
    below = int(place)
    above = min(below + 1, n - 1)
    part, step = place - below, ordered[above] - ordered[below]
    if part >= 0.5:
        return float(ordered[above] - step * (1 - part))
    return float(ordered[below] + step * part)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _keep(own: NDArray[np.float64], n: int, kept: NDArray[np.float64]) -> None:
    """Put one more value of each class, shape (C,), among the n that are kept in ascending order, shape (C, M)."""
    for c in range(len(own)):
        at = n
        while at > 0 and kept[c, at - 1] > own[c]:
            kept[c, at] = kept[c, at - 1]
            at -= 1
        kept[c, at] = own[c]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add(
    operation: int, own: NDArray[np.float64], n: int, sums: NDArray[np.float64], kept: NDArray[np.float64]
) -> None:
    """Take in what one more sample says, shape (C,), after n others."""
    if operation >= TOP_MEAN:
        _keep(own, n, kept)
    elif n == 0:
        for c in range(len(own)):
            sums[c] = own[c]
    elif operation == LARGEST:
        for c in range(len(own)):
            sums[c] = max(sums[c], own[c])
    elif operation == PRODUCT:
        for c in range(len(own)):
            sums[c] *= own[c]
    else:
        for c in range(len(own)):
            sums[c] += own[c]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _top(ordered: NDArray[np.float64], n: int, k: int) -> float:
    """The mean of the min(k, n) largest of the first n of ascending values."""
    first = max(n - k, 0)
    total = ordered[first]
    for i in range(first + 1, n):
        total += ordered[i]
    return float(total / (n - first))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _pool(
    reader: Reader, n: int, sums: NDArray[np.float64], kept: NDArray[np.float64], pooled: NDArray[np.float64]
) -> None:
    """What n samples say together, written to ``pooled``, shape (C,); of evidence the sums of logarithms."""
    if reader.operation == MEAN:
        for c in range(len(sums)):
            pooled[c] = sums[c] / n
    elif reader.operation == PRODUCT:
        for c in range(len(sums)):
            pooled[c] = 1 - sums[c]
    elif reader.operation == TOP_MEAN:
        for c in range(len(sums)):
            pooled[c] = _top(kept[c], n, int(reader.parameter))
    elif reader.operation == QUANTILE:
        for c in range(len(sums)):
            pooled[c] = _quantile(kept[c], n, reader.parameter)
    else:
        for c in range(len(sums)):
            pooled[c] = sums[c]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _shares(sums: NDArray[np.float64], shares: NDArray[np.float64]) -> None:
    """The distribution that sums of logarithms mean, written to ``shares``, shape (C,)."""
    highest, total = sums.max(), 0.0
    for c in range(len(sums)):
        shares[c] = math.exp(sums[c] - highest)
        total += shares[c]
    for c in range(len(sums)):
        shares[c] /= total


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _is_sure(
    reader: Reader, parent: int, pooled: NDArray[np.float64], until: float, shares: NDArray[np.float64]
) -> bool:
    """Whether an answer is as sure as it must be; what :func:`_sureness` says, found sooner."""
    if len(reader.cuts) > 0 and reader.operation != SUM:
        is_sure = True
        for c in range(len(pooled)):
            is_sure &= abs(pooled[c] - reader.cuts[parent, c]) >= until
        return is_sure
    return bool(_sureness(reader, parent, pooled, shares) >= until)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sureness(reader: Reader, parent: int, pooled: NDArray[np.float64], shares: NDArray[np.float64]) -> float:
    """How sure the answer is: of classes the largest pooled value, of labels the least distance from a threshold."""
    said = pooled
    if reader.operation == SUM:
        _shares(pooled, shares)
        said = shares
    if len(reader.cuts) == 0:
        return float(said.max())
    least = math.inf
    for c in range(len(said)):
        least = min(least, abs(said[c] - reader.cuts[parent, c]))
    return least


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _read(
    reader: Reader,
    parent: int,
    exits: NDArray[np.int64],
    until: float,
    room: Room,
    pooled: NDArray[np.float64],
) -> int:
    """Read one parent until it is sure; what its samples say together is written to ``pooled``, shape (C,).

    Returns:
        How many of its samples are read.
    """
    start, size = reader.starts[parent], reader.starts[parent + 1] - reader.starts[parent]
    for n in range(size):
        _add(reader.operation, reader.values[start + n, exits[start + n]], n, room.sums, room.kept)
        if until < math.inf or n + 1 == size:
            _pool(reader, n + 1, room.sums, room.kept, pooled)
            if n + 1 < size and _is_sure(reader, parent, pooled, until, room.shares):
                return n + 1
    return int(size)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _room_for(reader: Reader) -> Room:
    n_classes = reader.values.shape[2]
    most = (reader.starts[1:] - reader.starts[:-1]).max() if reader.operation >= TOP_MEAN else 0
    return Room(np.empty(n_classes), np.empty((n_classes, most)), np.empty(n_classes))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def read_policies(
    reader: Reader, exits: NDArray[np.int64], until: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read all parents by each of P policies.

    Args:
        reader: The G parents that are read.
        exits: The exit that each sample takes by each policy if it is read, shape (P, N).
        until: Sureness from which on each policy reads no further sample, shape (P,).

    Returns:
        What is said of each parent, shape (P, G, C), of evidence the sums of logarithms; and how many samples leave at
        each exit, shape (P, E).
    """
    n_parents = len(reader.starts) - 1
    pooled = np.empty((len(exits), n_parents, reader.values.shape[2]))
    counts = np.zeros((len(exits), reader.values.shape[1]), dtype=np.int64)
    room = _room_for(reader)
    for policy in range(len(exits)):
        for parent in range(n_parents):
            start = reader.starts[parent]
            n = _read(reader, parent, exits[policy], until[policy], room, pooled[policy, parent])
            for i in range(start, start + n):
                counts[policy, exits[policy, i]] += 1
    return pooled, counts


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _count(exits: NDArray[np.int64], start: int, n: int, counts: NDArray[np.int64]) -> None:
    """How many of n samples leave at each exit, written to ``counts``, shape (E,)."""
    counts[:] = 0
    for i in range(start, start + n):
        counts[exits[i]] += 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def open_gate(
    reader: Reader, closed: NDArray[np.int64], ranks: NDArray[np.int64], exit_index: int, until: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """What changes from level to level of a gate, from the closed one down: of each parent only where it changes.

    Args:
        reader: The G parents that are read.
        closed: The exit that each sample takes where the gate is closed, shape (N,).
        ranks: How many levels of the gate let each sample leave at its exit instead, shape (N,).
        exit_index: Index of the gate's exit.
        until: Sureness from which on no further sample is read.

    Returns:
        For each of V changes, those of a parent after each other and from its highest level down: the parent, shape
        (V,); the level, (V,), which is also that of all lower ones up to the next change; what is then said of the
        parent, (V, C); and how many more of its samples than before leave at each exit, (V, E).
    """
    n_most, n_exits, n_classes = (ranks > 0).sum(), reader.values.shape[1], reader.values.shape[2]
    parents, levels = np.empty(n_most, dtype=np.int64), np.empty(n_most, dtype=np.int64)
    pooled, counts = np.empty((n_most, n_classes)), np.zeros((n_most, n_exits), dtype=np.int64)
    room = _room_for(reader)
    exits, nothing = closed.copy(), np.empty(n_classes)
    before, found = np.zeros(n_exits, dtype=np.int64), 0
    for parent in range(len(reader.starts) - 1):
        start, stop = reader.starts[parent], reader.starts[parent + 1]
        n = _read(reader, parent, exits, until, room, nothing)
        _count(exits, start, n, before)
        order = np.argsort(-ranks[start:stop], kind="mergesort") + start
        at = 0
        while at < stop - start and ranks[order[at]] > 0:
            rank, is_read = ranks[order[at]], False
            while at < stop - start and ranks[order[at]] == rank:
                exits[order[at]] = exit_index
                is_read |= order[at] < start + n
                at += 1
            # What comes after the last sample that is read changes nothing.
            if is_read:
                n = _read(reader, parent, exits, until, room, pooled[found])
                counts[found] = -before
                _count(exits, start, n, before)
                counts[found] += before
                parents[found], levels[found] = parent, rank - 1
                found += 1
    return parents[:found], levels[:found], pooled[:found], counts[:found]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def stop_reading(
    reader: Reader, exits: NDArray[np.int64], until: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """What changes from level to level of sureness, from reading everything down, in one pass over the samples.

    Args:
        reader: The G parents that are read.
        exits: The exit that each sample takes if it is read, shape (N,).
        until: The finite levels of sureness, ascending, shape (R,).

    Returns:
        As for :func:`open_gate`.
    """
    n_samples, n_exits, n_classes = reader.values.shape
    parents, levels = np.empty(n_samples, dtype=np.int64), np.empty(n_samples, dtype=np.int64)
    pooled, counts = np.empty((n_samples, n_classes)), np.zeros((n_samples, n_exits), dtype=np.int64)
    room = _room_for(reader)
    running = np.empty((max((reader.starts[1:] - reader.starts[:-1]).max(), 1), n_classes))
    n_covered = np.empty(len(running), dtype=np.int64)
    found = 0
    for parent in range(len(reader.starts) - 1):
        start, size = reader.starts[parent], reader.starts[parent + 1] - reader.starts[parent]
        covered, n_read = 0, size
        for n in range(size - 1):
            _add(reader.operation, reader.values[start + n, exits[start + n]], n, room.sums, room.kept)
            _pool(reader, n + 1, room.sums, room.kept, running[n])
            sure = np.searchsorted(until, _sureness(reader, parent, running[n], room.shares), side="right")
            n_covered[n] = max(covered, sure)
            covered = n_covered[n]
        for n in range(size - 2, -1, -1):
            if n_covered[n] > (n_covered[n - 1] if n else 0):
                parents[found], levels[found], pooled[found] = parent, n_covered[n] - 1, running[n]
                for i in range(start + n + 1, start + n_read):
                    counts[found, exits[i]] -= 1
                n_read = n + 1
                found += 1
    return parents[:found], levels[:found], pooled[:found], counts[:found]
