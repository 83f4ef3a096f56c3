"""The compiled loops that try all levels of one gene at once."""

from __future__ import annotations

from numba import njit
import numpy as np
from numpy.typing import NDArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def without_gene(
    column_of_gene: NDArray[np.int64],
    least_rank: NDArray[np.int64],
    target_gene: int,
    exit_of_gene: NDArray[np.int64],
    needs_all: bool,
    ranks: NDArray[np.int32],
    n_exits: int,
) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """The exit that each sample takes with one gene closed, and whether opening that gene can change it, shape (N,)."""
    n_samples, k = ranks.shape[1], exit_of_gene[target_gene]
    taken = np.full(n_samples, n_exits - 1, dtype=np.int32)
    can_change = np.ones(n_samples, dtype=np.bool_)
    is_open = np.empty(n_samples, dtype=np.bool_)
    # From the last exit to the first, so that the first open one stays. Each gene is one pass over its column.
    gene = len(exit_of_gene) - 1
    while gene >= 0:
        here = np.int32(exit_of_gene[gene])
        is_open[:] = needs_all
        while gene >= 0 and exit_of_gene[gene] == here:
            if gene != target_gene:
                own, least = ranks[column_of_gene[gene]], least_rank[gene]
                for i in range(n_samples):
                    passes = own[i] > least
                    is_open[i] = (is_open[i] & passes) if needs_all else (is_open[i] | passes)
            gene -= 1
        if needs_all and here == k:
            can_change &= is_open
            continue
        for i in range(n_samples):
            if is_open[i]:
                taken[i] = here
    for i in range(n_samples):
        can_change[i] = can_change[i] & (taken[i] > k)
    return taken, can_change


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
    marks: NDArray[np.int32],
    n_tallies: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Outcomes for every level of one gene while the others stay as they are, in few passes over the samples.

    Args:
        column_of_gene: The column of ranks that each gene uses, shape (G,).
        least_rank: A sample passes a gene where its rank is above this, shape (G,).
        target_gene: The gene whose levels are tried.
        columns: The columns of the target gene, shape (M,).
        n_levels: Number of levels of each column of the target gene, shape (M,).
        exit_of_gene: Index of the exit of each gene, ascending, shape (G,).
        needs_all: Whether a sample leaves only where all genes of its exit let it; else where any does.
        ranks: Rank of each sample in each column, shape (columns, N).
        marks: The tallies that each sample adds to at each exit, shape (N, E, K); T stands for none.
        n_tallies: Number of tallies, ``T``.

    Returns:
        For all levels of the columns, one column after the other, then for "closed": samples leaving at each
        exit, shape (L, E), and tallies, shape (L, T).
    """
    n_samples, n_exits, n_marks = marks.shape
    k = exit_of_gene[target_gene]
    taken, can_change = without_gene(column_of_gene, least_rank, target_gene, exit_of_gene, needs_all, ranks, n_exits)
    total = n_levels.sum()
    # By level: those who leave at exit k from there on, by the exit that they took before; then how tallies change.
    change = np.zeros((total, n_exits + n_tallies + 1), dtype=np.int32)
    first = 0
    for m in range(len(columns)):
        own = ranks[columns[m]]
        for i in range(n_samples):
            if can_change[i] and own[i] > 0:
                row = change[first + own[i] - 1]
                row[taken[i]] += 1
                for q in range(n_marks):
                    row[n_exits + marks[i, k, q]] += 1
                    row[n_exits + marks[i, taken[i], q]] -= 1
        first += n_levels[m]
    counts = np.zeros((total + 1, n_exits), dtype=np.int64)
    tallies = np.zeros((total + 1, n_tallies + 1), dtype=np.int64)
    for i in range(n_samples):
        counts[total, taken[i]] += 1
        for q in range(n_marks):
            tallies[total, marks[i, taken[i], q]] += 1
    first = 0
    for m in range(len(columns)):
        # The lowest level lets go whom all later ones let go, so that changes add up from the last to the first.
        added = np.zeros(n_exits + n_tallies + 1, dtype=np.int64)
        for level in range(first + n_levels[m] - 1, first - 1, -1):
            for at in range(len(added)):
                added[at] += change[level, at]
            for j in range(n_exits):
                counts[level, j] = counts[total, j] - added[j]
                counts[level, k] += added[j]
            for t in range(n_tallies):
                tallies[level, t] = tallies[total, t] + added[n_exits + t]
        first += n_levels[m]
    return counts, tallies[:, :n_tallies]
