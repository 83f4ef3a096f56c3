"""The compiled loops that add up what numbered answers count for.

Tallies are added up as bytes, eight to a word, or where there are far more tallies than marks, mark by mark.
"""

from __future__ import annotations

from numba import njit
import numpy as np
from numpy.typing import NDArray


_MOST_IN_A_BYTE = 255
_LANES = 8


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _flush(sums: NDArray[np.uint64], tallies: NDArray[np.int64]) -> None:
    """Move sums of bytes, shape (Q,), to the tallies, shape (8 Q,)."""
    for q in range(len(sums)):
        for lane in range(_LANES):
            tallies[q * _LANES + lane] += np.int64((sums[q] >> np.uint64(8 * lane)) & np.uint64(255))
        sums[q] = 0


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def sum_bytes(numbers: NDArray[np.int32], added: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Tallies of each policy, shape (P, 8 Q).

    Args:
        numbers: The number of the answer about each parent, shape (P, G).
        added: What each answer adds to the tallies, 0 or 1, a byte each and eight to a word, shape (n, Q).
    """
    n_policies, n_parents = numbers.shape
    n_words = added.shape[1]
    tallies = np.zeros((n_policies, n_words * _LANES), dtype=np.int64)
    sums = np.zeros(n_words, dtype=np.uint64)
    for p in range(n_policies):
        for start in range(0, n_parents, _MOST_IN_A_BYTE):
            for g in range(start, min(start + _MOST_IN_A_BYTE, n_parents)):
                own = added[numbers[p, g]]
                for q in range(n_words):
                    sums[q] += own[q]
            _flush(sums, tallies[p])
    return tallies


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def sum_marks(numbers: NDArray[np.int32], marks: NDArray[np.int32], n_tallies: int) -> NDArray[np.int64]:
    """Tallies of each policy, shape (P, T + 1), of which the last stands for none.

    Args:
        numbers: The number of the answer about each parent, shape (P, G).
        marks: The tallies that each answer adds to, T for none, shape (n, K).
        n_tallies: Number of tallies, ``T``.
    """
    n_policies, n_parents = numbers.shape
    tallies = np.zeros((n_policies, n_tallies + 1), dtype=np.int64)
    for p in range(n_policies):
        for g in range(n_parents):
            for m in range(marks.shape[1]):
                tallies[p, marks[numbers[p, g], m]] += 1
    return tallies


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def line_of_bytes(
    tallies: NDArray[np.int64],
    numbers: NDArray[np.int32],
    levels: NDArray[np.int64],
    parents: NDArray[np.int64],
    changed: NDArray[np.int32],
    n_levels: int,
    added: NDArray[np.uint8],
) -> NDArray[np.int64]:
    """Tallies at each level of one column, shape (L, T), by adding what parents change that change.

    Args:
        tallies: Tallies where the gate is closed, shape (T,).
        numbers: The number of the answer about each parent where the gate is closed, shape (G,); those at level 0 in
            place.
        levels: The level from which downward an answer changes, descending, shape (m,).
        parents: The parent that it is about, shape (m,).
        changed: Its new number, shape (m,).
        n_levels: Number of levels, ``L``.
        added: What each answer adds to the tallies, shape (n, T).
    """
    n_tallies = len(tallies)
    found = np.empty((n_levels, n_tallies), dtype=np.int64)
    now = tallies.copy()
    at = 0
    for level in range(n_levels - 1, -1, -1):
        while at < len(levels) and levels[at] == level:
            before, after = numbers[parents[at]], changed[at]
            if before != after:
                for t in range(n_tallies):
                    now[t] += np.int64(added[after, t]) - np.int64(added[before, t])
                numbers[parents[at]] = after
            at += 1
        found[level] = now
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def line_of_marks(
    tallies: NDArray[np.int64],
    numbers: NDArray[np.int32],
    levels: NDArray[np.int64],
    parents: NDArray[np.int64],
    changed: NDArray[np.int32],
    n_levels: int,
    marks: NDArray[np.int32],
) -> NDArray[np.int64]:
    """As :func:`line_of_bytes`, given the tallies that each answer adds to, shape (n, K); the last one for none."""
    found = np.empty((n_levels, len(tallies)), dtype=np.int64)
    now = tallies.copy()
    at = 0
    for level in range(n_levels - 1, -1, -1):
        while at < len(levels) and levels[at] == level:
            before, after = numbers[parents[at]], changed[at]
            for m in range(marks.shape[1]):
                now[marks[after, m]] += 1
                now[marks[before, m]] -= 1
            numbers[parents[at]] = after
            at += 1
        found[level] = now
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def numbers_of_line(
    numbers: NDArray[np.int32],
    levels: NDArray[np.int64],
    parents: NDArray[np.int64],
    changed: NDArray[np.int32],
    n_levels: int,
) -> NDArray[np.int32]:
    """The number of the answer about each parent at each level of one column, shape (L, G); arguments as above."""
    found = np.empty((n_levels, len(numbers)), dtype=np.int32)
    now = numbers.copy()
    at = 0
    for level in range(n_levels - 1, -1, -1):
        while at < len(levels) and levels[at] == level:
            now[parents[at]] = changed[at]
            at += 1
        found[level] = now
    return found
