"""The compiled loop that tries all levels of one gene at once."""

from __future__ import annotations

from numba import njit
import numpy as np
from numpy.typing import NDArray


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
    """Outcomes for every level of one gene while the others stay as they are, in one pass over the samples.

    Args:
        column_of_gene: The column of ranks that each gene uses, shape (G,).
        least_rank: A sample passes a gene where its rank is above this, shape (G,).
        target_gene: The gene whose levels are tried.
        columns: The columns of the target gene, shape (M,).
        n_levels: Levels of each of these columns, shape (M,).
        exit_of_gene: Shape (G,).
        needs_all: As in :func:`~policies.kernels.count_outcomes`.
        ranks: Of all samples and columns, shape (N, columns).
        marks: As in :func:`~policies.kernels.count_outcomes`.
        n_tallies: ``T``.

    Returns:
        For all levels of the columns, one column after the other, then for "closed": samples leaving at each
        exit, shape (L, E), and tallies, shape (L, T).
    """
    n_samples, n_exits, n_marks = marks.shape
    n_genes = len(exit_of_gene)
    k = exit_of_gene[target_gene]
    total = n_levels.sum()
    counts = np.zeros((total + 1, n_exits), dtype=np.int64)
    tallies = np.zeros((total + 1, n_tallies + 1), dtype=np.int64)
    base_counts = np.zeros(n_exits, dtype=np.int64)
    base_tallies = np.zeros(n_tallies + 1, dtype=np.int64)
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
        for q in range(n_marks):
            base_tallies[marks[i, taken, q]] += 1
        if not can_change:
            continue
        first = 0
        for m in range(len(columns)):
            rank = ranks[i, columns[m]]
            if rank > 0:
                at = first + rank - 1
                counts[at, taken] -= 1
                counts[at, k] += 1
                for q in range(n_marks):
                    tallies[at, marks[i, k, q]] += 1
                    tallies[at, marks[i, taken, q]] -= 1
            first += n_levels[m]
    first = 0
    for m in range(len(columns)):
        for level in range(first + n_levels[m] - 2, first - 1, -1):
            counts[level] += counts[level + 1]
            tallies[level] += tallies[level + 1]
        first += n_levels[m]
    counts += base_counts
    tallies += base_tallies
    return counts, tallies[:, :n_tallies]
