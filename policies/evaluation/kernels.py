"""Compiled loops of the evaluator: whole populations on packed words.

The arrays describe gates as :class:`~policies.evaluation.population.PopulationEvaluator` lays them out: a genome has
``G`` genes, the genes of one exit follow each other, and each gene picks one row of packed bits. Those of one gene at
all of its levels are in :mod:`policies.evaluation.line_kernel`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
import numpy as np
from numpy.typing import NDArray


@intrinsic  # type: ignore[untyped-decorator]
def _popcount(typing_context: Any, word: Any) -> Any:
    """Number of set bits of a 64-bit word, as one LLVM instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic  # type: ignore[untyped-decorator]
def _lowest_bit(typing_context: Any, word: Any) -> Any:
    """Index of the lowest set bit of a 64-bit word that has one, as one LLVM instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.IntType(1)(1))

    return types.uint64(types.uint64), generate


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def fill_rows(ranks: NDArray[np.int32], words: NDArray[np.int64], rows: NDArray[np.uint64]) -> None:
    """Set, in row ``l``, the bits of the samples whose rank is above ``l``.

    Args:
        ranks: Rank of each sample in the column, shape (N,).
        words: Indices of the words of the samples that the rows hold, ascending, shape (W,).
        rows: Zeros, shape (L, W); filled in place.
    """
    n_levels, n_words = rows.shape
    for j in range(n_words):
        for i in range(words[j] * 64, min(words[j] * 64 + 64, len(ranks))):
            if ranks[i] > 0:
                rows[ranks[i] - 1, j] |= np.uint64(1) << np.uint64(i - words[j] * 64)
    for level in range(n_levels - 2, -1, -1):
        for j in range(n_words):
            rows[level, j] |= rows[level + 1, j]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _add_late(
    late: NDArray[np.int32], first: int, last: int, among: NDArray[np.uint64], chosen: NDArray[np.uint64]
) -> None:
    """Choose those of the late samples that are among some."""
    for at in range(first, last):
        word, bit = late[at] >> 6, np.uint64(1) << np.uint64(late[at] & 63)
        chosen[word] |= among[word] & bit


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _tally_dense(
    leaving: NDArray[np.uint64], marks: NDArray[np.uint64], spans: NDArray[np.int64], tallies: NDArray[np.int64]
) -> np.int64:
    """Add marked leavers, marks of shape (T, V) in the first V words, to the tallies; returns how many leave."""
    for t in range(marks.shape[0]):
        n_marked = np.uint64(0)
        # As slices, whose places are known not to be negative, so that the loop is vectorised.
        own, held = marks[t, spans[t, 0] : spans[t, 1]], leaving[spans[t, 0] : spans[t, 1]]
        for w in range(len(own)):
            n_marked += _popcount(held[w] & own[w])
        tallies[t] += np.int64(n_marked)
    n_leave = np.uint64(0)
    for w in range(len(leaving)):
        n_leave += _popcount(leaving[w])
    return np.int64(n_leave)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _leave_dense(alive: NDArray[np.uint64], leaving: NDArray[np.uint64]) -> None:
    for w in range(len(alive)):
        alive[w] ^= leaving[w]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _leave_sparse(
    row: NDArray[np.uint64],
    words: NDArray[np.int64],
    alive: NDArray[np.uint64],
    leaving: NDArray[np.uint64],
    marks: NDArray[np.uint64],
    spans: NDArray[np.int64],
    tallies: NDArray[np.int64],
) -> np.int64:
    """Let those go that a row of few words lets; tallies and returns as :func:`_tally_dense`."""
    n_leave = np.uint64(0)
    for j in range(len(words)):
        leave = alive[words[j]] & row[j]
        alive[words[j]] ^= leave
        leaving[j] = leave
        n_leave += _popcount(leave)
    for t in range(marks.shape[0]):
        n_marked = np.uint64(0)
        for j in range(len(words)):
            if words[j] >= spans[t, 1]:
                break
            if words[j] >= spans[t, 0]:
                n_marked += _popcount(leaving[j] & marks[t, words[j]])
        tallies[t] += np.int64(n_marked)
    return np.int64(n_leave)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _tally_one_by_one(
    leaving: NDArray[np.uint64],
    words: NDArray[np.int64],
    k: int,
    marks: NDArray[np.int32],
    tallies: NDArray[np.int64],
) -> None:
    """Add the leavers of exit ``k``, of which ``leaving`` has some words, to the tallies that their marks name."""
    for j in range(len(words)):
        left = leaving[j]
        while left:
            i = words[j] * 64 + np.int64(_lowest_bit(left))
            left &= left - np.uint64(1)
            for m in range(marks.shape[2]):
                tallies[marks[i, k, m]] += 1


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def count_outcomes(
    genomes: NDArray[np.int64],
    exit_of_gene: NDArray[np.int64],
    needs_all: bool,
    first_level: NDArray[np.int64],
    bits: NDArray[np.uint64],
    first_bit_word: NDArray[np.int64],
    first_late: NDArray[np.int64],
    last_late: NDArray[np.int64],
    late: NDArray[np.int32],
    words: NDArray[np.int64],
    first_word: NDArray[np.int64],
    packed: NDArray[np.uint64],
    spans: NDArray[np.int64],
    marks: NDArray[np.int32],
    everyone: NDArray[np.uint64],
    n_tallies: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the samples leave, and how many marked ones leave, for every genome.

    Args:
        genomes: Index of the level of each gene, shape (P, G).
        exit_of_gene: Index of the exit of each gene, ascending, shape (G,).
        needs_all: Whether a sample leaves only where all genes of its exit let it; else where any does.
        first_level: Where each gene's levels start in the three arrays that follow ``bits``, shape (G,).
        bits: Rows of bits that are kept, one after the other.
        first_bit_word: Where each level's row starts in ``bits``.
        first_late: Where the samples that a level lets go beyond its row start in ``late``.
        last_late: Where the samples that a level lets go beyond its row end in ``late``.
        late: Samples, in the order of their scores.
        words: For each gene the indices of the words that its rows hold, one gene after the other.
        first_word: Where each gene's indices start in ``words``, shape (G + 1,).
        packed: Samples that count at each exit, for each of ``T`` tallies, in the first V words, beyond which none
            does, shape (E, T, V); T is 0 where ``marks`` are counted one by one.
        spans: The first of these words that holds any of a tally, and the one after the last, shape (T, 2).
        marks: The tallies that each sample adds to at each exit, shape (N, E, K); T stands for none.
        everyone: The bits of all samples, shape (W,).
        n_tallies: Number of tallies, ``T``.

    Returns:
        Samples leaving at each exit, shape (P, E), and marked ones among them, shape (P, T).
    """
    n_policies, n_genes = genomes.shape
    n_exits, n_words = marks.shape[1], len(everyone)
    is_packed, has_late = packed.shape[1] == n_tallies, len(late) > 0
    counts = np.zeros((n_policies, n_exits), dtype=np.int64)
    tallies = np.zeros((n_policies, n_tallies + 1), dtype=np.int64)
    alive, leaving, both = np.empty_like(everyone), np.empty_like(everyone), np.empty_like(everyone)
    all_words = np.arange(n_words)
    for policy in range(n_policies):
        alive[:] = everyone
        gene = 0
        while gene < n_genes:
            k = exit_of_gene[gene]
            n_own = first_word[gene + 1] - first_word[gene]
            level = first_level[gene] + genomes[policy, gene]
            row = bits[first_bit_word[level] : first_bit_word[level] + n_own]
            if n_own < n_words:
                own = words[first_word[gene] : first_word[gene + 1]]
                counts[policy, k] += _leave_sparse(row, own, alive, leaving, packed[k], spans, tallies[policy])
            else:
                for w in range(n_words):
                    leaving[w] = alive[w] & row[w]
                if has_late:
                    _add_late(late, first_late[level], last_late[level], alive, leaving)
                while needs_all and gene + 1 < n_genes and exit_of_gene[gene + 1] == k:
                    gene += 1
                    level = first_level[gene] + genomes[policy, gene]
                    further = bits[first_bit_word[level] : first_bit_word[level] + n_words]
                    for w in range(n_words):
                        both[w] = leaving[w] & further[w]
                    if has_late:
                        _add_late(late, first_late[level], last_late[level], leaving, both)
                    leaving[:] = both
                _leave_dense(alive, leaving)
                counts[policy, k] += _tally_dense(leaving, packed[k], spans, tallies[policy])
            if not is_packed:
                own = words[first_word[gene] : first_word[gene + 1]]
                _tally_one_by_one(leaving, own, k, marks, tallies[policy])
            gene += 1
        counts[policy, n_exits - 1] += _tally_dense(alive, packed[n_exits - 1], spans, tallies[policy])
        if not is_packed:
            _tally_one_by_one(alive, all_words, n_exits - 1, marks, tallies[policy])
    return counts, tallies[:, :n_tallies]
