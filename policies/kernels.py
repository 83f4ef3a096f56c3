"""Compiled loops of the evaluator: population counts on packed words, and all levels of one gene at once.

The arrays describe gates as :class:`~policies.evaluate.PopulationEvaluator` lays them out: a genome has ``G``
genes, the genes of one exit follow each other, and each gene picks one row of packed bits.
"""

from __future__ import annotations

from typing import Any

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


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def fill_rows(ranks: NDArray[np.int32], words: NDArray[np.int64], rows: NDArray[np.uint64]) -> None:
    """Set, in row ``l``, the bits of the samples whose rank is above ``l``.

    Args:
        ranks: Shape (N,).
        words: Which words of the samples the rows hold, ascending, shape (W,).
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
def _tally_dense(leaving: NDArray[np.uint64], marks: NDArray[np.uint64], tallies: NDArray[np.int64]) -> np.int64:
    """Add marked leavers, marks of shape (T, W), to the tallies; returns how many leave."""
    n_tallies, n_words = marks.shape
    for t in range(n_tallies):
        n_marked = np.uint64(0)
        for w in range(n_words):
            n_marked += _popcount(leaving[w] & marks[t, w])
        tallies[t] += np.int64(n_marked)
    n_leave = np.uint64(0)
    for w in range(n_words):
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
            n_marked += _popcount(leaving[j] & marks[t, words[j]])
        tallies[t] += np.int64(n_marked)
    return np.int64(n_leave)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def count_outcomes(
    genomes: NDArray[np.int64],
    exit_of_gene: NDArray[np.int64],
    needs_all: bool,
    bits: NDArray[np.uint64],
    first_bit_word: NDArray[np.int64],
    words: NDArray[np.int64],
    first_word: NDArray[np.int64],
    marks: NDArray[np.uint64],
    everyone: NDArray[np.uint64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the samples leave, and how many marked ones leave, for every genome.

    Args:
        genomes: One row of bits per gene, shape (P, G).
        exit_of_gene: Ascending, shape (G,).
        needs_all: Whether a sample leaves only where all genes of its exit let it; else where any does.
        bits: All rows of all genes, one after the other.
        first_bit_word: Where each gene's rows start in ``bits``, shape (G,).
        words: For each gene the indices of the words that its rows hold, one gene after the other.
        first_word: Where each gene's indices start in ``words``, shape (G + 1,).
        marks: Samples that count at each exit, for ``T`` tallies, shape (E, T, W).
        everyone: The bits of all samples, shape (W,).

    Returns:
        Samples leaving at each exit, shape (P, E), and marked ones among them, shape (P, T).
    """
    n_policies, n_genes = genomes.shape
    n_exits, n_tallies, n_words = marks.shape
    counts = np.zeros((n_policies, n_exits), dtype=np.int64)
    tallies = np.zeros((n_policies, n_tallies), dtype=np.int64)
    alive = np.empty(n_words, dtype=np.uint64)
    leaving = np.empty(n_words, dtype=np.uint64)
    for policy in range(n_policies):
        alive[:] = everyone
        gene = 0
        while gene < n_genes:
            k = exit_of_gene[gene]
            n_own = first_word[gene + 1] - first_word[gene]
            start = first_bit_word[gene] + genomes[policy, gene] * n_own
            row = bits[start : start + n_own]
            if n_own < n_words:
                own = words[first_word[gene] : first_word[gene + 1]]
                counts[policy, k] += _leave_sparse(row, own, alive, leaving, marks[k], tallies[policy])
            else:
                for w in range(n_words):
                    leaving[w] = alive[w] & row[w]
                while needs_all and gene + 1 < n_genes and exit_of_gene[gene + 1] == k:
                    gene += 1
                    start = first_bit_word[gene] + genomes[policy, gene] * n_words
                    for w in range(n_words):
                        leaving[w] &= bits[start + w]
                _leave_dense(alive, leaving)
                counts[policy, k] += _tally_dense(leaving, marks[k], tallies[policy])
            gene += 1
        counts[policy, n_exits - 1] += _tally_dense(alive, marks[n_exits - 1], tallies[policy])
    return counts, tallies


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def count_line(
    column_of_gene: NDArray[np.int64],
    least_rank: NDArray[np.int64],
    target_gene: int,
    columns: NDArray[np.int64],
    n_levels: NDArray[np.int64],
    exit_of_gene: NDArray[np.int64],
    needs_all: bool,
    ranks: NDArray[np.int32],
    values: NDArray[np.int8],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Outcomes for every level of one gene while the others stay as they are, in one pass over the samples.

    Args:
        column_of_gene: The column of ranks that each gene uses, shape (G,).
        least_rank: A sample passes a gene where its rank is above this, shape (G,).
        target_gene: The gene whose levels are tried.
        columns: The columns of the target gene, shape (M,).
        n_levels: Levels of each of these columns, shape (M,).
        exit_of_gene: Shape (G,).
        needs_all: As in :func:`count_outcomes`.
        ranks: Of all samples and columns, shape (N, columns).
        values: What a sample adds to each tally at each exit, shape (N, E, T).

    Returns:
        For all levels of the columns, one column after the other, then for "closed": samples leaving at each
        exit, shape (L, E), and tallies, shape (L, T).
    """
    n_samples, n_exits, n_tallies = values.shape
    n_genes = len(exit_of_gene)
    k = exit_of_gene[target_gene]
    total = n_levels.sum()
    counts = np.zeros((total + 1, n_exits), dtype=np.int64)
    tallies = np.zeros((total + 1, n_tallies), dtype=np.int64)
    base_counts = np.zeros(n_exits, dtype=np.int64)
    base_tallies = np.zeros(n_tallies, dtype=np.int64)
    for i in range(n_samples):
        # The exit taken with the target gene closed, and whether opening the gene can change that.
        taken = n_exits - 1
        can_change = True
        gene = 0
        while gene < n_genes:
            here = exit_of_gene[gene]
            any_open, all_open = False, True
            while gene < n_genes and exit_of_gene[gene] == here:
                if gene != target_gene:
                    passes = ranks[i, column_of_gene[gene]] > least_rank[gene]
                    any_open = any_open or passes
                    all_open = all_open and passes
                gene += 1
            if here == k and needs_all:
                can_change = all_open
            elif (all_open and here != k) if needs_all else any_open:
                taken = here
                can_change = can_change and here > k
                break
        base_counts[taken] += 1
        for t in range(n_tallies):
            base_tallies[t] += values[i, taken, t]
        if not can_change:
            continue
        first = 0
        for m in range(len(columns)):
            rank = ranks[i, columns[m]]
            if rank > 0:
                at = first + rank - 1
                counts[at, taken] -= 1
                counts[at, k] += 1
                for t in range(n_tallies):
                    tallies[at, t] += values[i, k, t] - values[i, taken, t]
            first += n_levels[m]
    first = 0
    for m in range(len(columns)):
        for level in range(first + n_levels[m] - 2, first - 1, -1):
            counts[level] += counts[level + 1]
            tallies[level] += tallies[level + 1]
        first += n_levels[m]
    counts += base_counts
    tallies += base_tallies
    return counts, tallies
