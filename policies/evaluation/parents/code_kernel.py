"""The compiled loops that turn pooled values into answers, as words, and number the distinct answers about parents."""

from __future__ import annotations

from typing import Any

from numba import njit
import numpy as np
from numpy.typing import NDArray


_MIX = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def codes_of_labels(
    pooled: NDArray[np.float64], parents: NDArray[np.int64], thresholds: NDArray[np.float64]
) -> NDArray[np.uint64]:
    """Answered sets of labels as bits, shape (m, ceil(L / 64)).

    Args:
        pooled: What is said of parents, shape (m, L).
        parents: Index of the parent of each row, shape (G,), over and over again where there are more rows.
        thresholds: From which pooled value on each label of each parent is answered, shape (G, L).
    """
    n_labels = pooled.shape[1]
    codes = np.zeros((len(pooled), (n_labels + 63) // 64), dtype=np.uint64)
    for j in range(len(pooled)):
        own = thresholds[parents[j % len(parents)]]
        for w in range(codes.shape[1]):
            word = np.uint64(0)
            for c in range(w * 64, min(w * 64 + 64, n_labels)):
                word |= np.uint64(pooled[j, c] >= own[c]) << np.uint64(c - w * 64)
            codes[j, w] = word
    return codes


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def codes_of_classes(pooled: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Answered classes, the first of the most probable ones, shape (m, 1), given what is said, shape (m, C)."""
    codes = np.zeros((len(pooled), 1), dtype=np.uint64)
    for j in range(len(pooled)):
        best = 0
        for c in range(1, pooled.shape[1]):
            if pooled[j, c] > pooled[j, best]:
                best = c
        codes[j, 0] = np.uint64(best)
    return codes


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _hashed(parent: int, code: NDArray[np.uint64]) -> Any:
    mixed = np.uint64(parent) * _MIX
    for w in range(len(code)):
        mixed = (mixed ^ code[w]) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return mixed


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _is_at(number: int, parent: int, code: NDArray[np.uint64], of: NDArray[np.int64], known: NDArray[np.uint64]) -> Any:
    is_same = of[number] == parent
    for w in range(len(code)):
        is_same &= known[number, w] == code[w]
    return is_same


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def fill_slots(slots: NDArray[np.int32], of: NDArray[np.int64], known: NDArray[np.uint64], n_known: int) -> None:
    """Enter the known answers into a hash table of slots, a power of two of them, -1 where one is free."""
    mask = np.uint64(len(slots) - 1)
    for number in range(n_known):
        at = _hashed(of[number], known[number]) & mask
        while slots[at] >= 0:
            at = (at + np.uint64(1)) & mask
        slots[at] = number


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def number_answers(
    codes: NDArray[np.uint64],
    parents: NDArray[np.int64],
    slots: NDArray[np.int32],
    of: NDArray[np.int64],
    known: NDArray[np.uint64],
    n_known: int,
    n_parents: int,
) -> tuple[NDArray[np.int32], int]:
    """The number of each answer, shape (m,), and how many are then known; new ones are numbered as they come.

    Args:
        codes: Answers as words, shape (m, W).
        parents: Index of the parent of each row, shape (G,), over and over again where there are more rows.
        slots: Hash table of numbers, a power of two of them, -1 where one is free; more than twice as many as answers.
        of: Index of the parent of each known answer, with room for new ones.
        known: Known answers as words, with room for new ones.
        n_known: How many are known.
        n_parents: Number of parents.
    """
    mask = np.uint64(len(slots) - 1)
    numbers = np.empty(len(codes), dtype=np.int32)
    # Policies differ little: mostly the answer about a parent is the one that it had last.
    latest = np.full(n_parents, -1, dtype=np.int32)
    for j in range(len(codes)):
        parent, code = parents[j % len(parents)], codes[j]
        number = latest[parent]
        if number < 0 or not _is_at(number, parent, code, of, known):
            at = _hashed(parent, code) & mask
            while slots[at] >= 0 and not _is_at(slots[at], parent, code, of, known):
                at = (at + np.uint64(1)) & mask
            if slots[at] < 0:
                slots[at] = n_known
                of[n_known] = parent
                known[n_known] = code
                n_known += 1
            number = slots[at]
            latest[parent] = number
        numbers[j] = number
    return numbers, n_known
