"""The compiled loop that tells which exit each sample takes, for qualities that cannot be counted."""

from __future__ import annotations

from numba import njit
import numpy as np
from numpy.typing import NDArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def take_exits(
    columns: NDArray[np.int64],
    least_ranks: NDArray[np.int64],
    exit_of_gene: NDArray[np.int64],
    needs_all: bool,
    ranks: NDArray[np.int32],
    n_exits: int,
) -> NDArray[np.int32]:
    """The exits that N samples take by each of P genomes, shape (P, N).

    Args:
        columns: The column of ranks that each gene uses, shape (P, G).
        least_ranks: A sample passes a gene where its rank is above this, shape (P, G).
        exit_of_gene: Index of the exit of each gene, ascending, shape (G,).
        needs_all: Whether a sample leaves only where all genes of its exit let it; else where any does.
        ranks: Rank of each sample in each column, shape (columns, N).
        n_exits: Number of exits, ``E``.
    """
    n_policies, n_genes = columns.shape
    n_samples = ranks.shape[1]
    taken = np.full((n_policies, n_samples), n_exits - 1, dtype=np.int32)
    is_open = np.empty(n_samples, dtype=np.bool_)
    for policy in range(n_policies):
        # From the last exit to the first, so that the first open one stays.
        gene = n_genes - 1
        while gene >= 0:
            here = np.int32(exit_of_gene[gene])
            is_open[:] = needs_all
            while gene >= 0 and exit_of_gene[gene] == here:
                own, least = ranks[columns[policy, gene]], least_ranks[policy, gene]
                for i in range(n_samples):
                    passes = own[i] > least
                    is_open[i] = (is_open[i] & passes) if needs_all else (is_open[i] | passes)
                gene -= 1
            for i in range(n_samples):
                if is_open[i]:
                    taken[policy, i] = here
    return taken
