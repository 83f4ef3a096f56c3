"""The answer about each parent for every combination of exits that its samples can take, made before any policy."""

from __future__ import annotations

from collections.abc import Callable

from numba import njit
import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.evaluation.parents.pooled_codes import PooledCodes


Number = Callable[[NDArray[np.uint64], NDArray[np.int64]], NDArray[np.int32]]
"""From answers as words, shape (m, W), and their parents to their numbers, shape (m,)."""


class Combinations:
    """Looks the answer about a parent up: the exits of its samples, first sample first, are the digits of its place.

    Args:
        codes: Pools samples and tells answers as words.
        n_exits: Number of exits, ``E``.
        number: Function that numbers answers.
    """

    def __init__(self, codes: PooledCodes, n_exits: int, number: Number) -> None:
        sizes = codes.sizes
        self._starts, self._n_exits = codes.starts, n_exits
        of_parent = np.asarray(n_exits**sizes, dtype=np.int64)
        self._first = np.concatenate([[0], np.cumsum(of_parent)])
        self._numbers = np.empty(self._first[-1], dtype=np.int32)
        for size in np.unique(sizes):
            self._fill(codes, np.flatnonzero(sizes == size), int(size), number)
        before_next = codes.starts[1:].repeat(sizes) - np.arange(codes.starts[-1]) - 1
        self._worth = np.asarray(n_exits**before_next, dtype=np.int64)

    @staticmethod
    def n_of(sizes: NDArray[np.int64], n_exits: int) -> float:
        """How many combinations there are, given how many samples each parent has; infinite where too many to tell."""
        with np.errstate(over="ignore"):
            return float((float(n_exits) ** sizes).sum())

    def of_exits(self, exits: NDArray[np.int32]) -> NDArray[np.int32]:
        """The number of the answer about each parent by each policy, shape (P, G), given exits of shape (P, N)."""
        return np.asarray(_look_up(exits, self._starts, self._first, self._numbers, self._n_exits))

    def after_moves(
        self, exits: NDArray[np.int32], samples: NDArray[np.int64], exit_index: int, parent_of: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        """The number of the answer after each move; see :meth:`PooledCodes.after_moves`; shape (m,)."""
        before = _places(exits[None], self._starts, self._first, self._n_exits)[0]
        return np.asarray(_look_up_moved(before, exits, samples, exit_index, parent_of, self._worth, self._numbers))

    def _fill(self, codes: PooledCodes, parents: NDArray[np.int64], size: int, number: Number) -> None:
        """Fill in those parents that have so many samples."""
        own, n_combinations = codes.take(parents), self._n_exits**size
        worth = self._n_exits ** np.arange(size - 1, -1, -1)
        for block in row_blocks(n_combinations, own.values.shape[2] * len(parents)):
            combination = np.arange(block.start, block.stop)
            digits = (combination[:, None] // worth % self._n_exits).astype(np.int32)
            numbers = number(own.of_exits(np.tile(digits, len(parents))), parents)
            self._numbers[self._first[parents] + combination[:, None]] = numbers.reshape(-1, len(parents))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _places(
    exits: NDArray[np.int32], starts: NDArray[np.int64], first: NDArray[np.int64], n_exits: int
) -> NDArray[np.int64]:
    """Where the combination of each parent is by each policy, shape (P, G)."""
    places = np.empty((len(exits), len(starts) - 1), dtype=np.int64)
    for p in range(len(exits)):
        for g in range(len(starts) - 1):
            place = 0
            for i in range(starts[g], starts[g + 1]):
                place = place * n_exits + exits[p, i]
            places[p, g] = first[g] + place
    return places


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _look_up(
    exits: NDArray[np.int32],
    starts: NDArray[np.int64],
    first: NDArray[np.int64],
    numbers: NDArray[np.int32],
    n_exits: int,
) -> NDArray[np.int32]:
    found = np.empty((len(exits), len(starts) - 1), dtype=np.int32)
    for p in range(len(exits)):
        for g in range(len(starts) - 1):
            place = 0
            for i in range(starts[g], starts[g + 1]):
                place = place * n_exits + exits[p, i]
            found[p, g] = numbers[first[g] + place]
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _look_up_moved(
    places: NDArray[np.int64],
    exits: NDArray[np.int32],
    samples: NDArray[np.int64],
    exit_index: int,
    parent_of: NDArray[np.int64],
    worth: NDArray[np.int64],
    numbers: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Numbers after each move, shape (m,); ``worth`` is what one exit more of a sample adds to its parent's place."""
    found = np.empty(len(samples), dtype=np.int32)
    for j in range(len(samples)):
        i = samples[j]
        places[parent_of[i]] += (exit_index - exits[i]) * worth[i]
        found[j] = numbers[places[parent_of[i]]]
    return found
