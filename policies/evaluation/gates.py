"""Which samples each level of each gate lets go, as rows of bits that keep within a bound of memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.kernels import fill_rows
from policies.evaluation.levels import Levels


ROW_BYTES = 32 << 20
"""Most memory of all rows of a table. Where there are more levels than that, every so-manieth has a row."""


@dataclass(frozen=True)
class GateRows:
    """Rows of bits for every level of every gene, as :func:`~policies.evaluation.kernels.count_outcomes` reads them.

    Attributes:
        bits: Rows of bits that are kept, one after the other.
        first_bit_word: Where each level's row starts in ``bits``: levels of one gene after the other.
        first_late: Where the samples that a level lets go beyond its row start in ``late``.
        last_late: Where the samples that a level lets go beyond its row end in ``late``.
        late: Samples by column, those of the lowest ranks first; empty where every level has its row.
        words: Indices of the words that the rows of each gene hold, one gene after the other.
        first_word: Where each gene's indices start in ``words``, shape (G + 1,).
        columns: The score column of each level; that of a closed gate is the gene's last.
        least_ranks: A sample leaves at a level where its rank in that column is above this.
    """

    bits: NDArray[np.uint64]
    first_bit_word: NDArray[np.int64]
    first_late: NDArray[np.int64]
    last_late: NDArray[np.int64]
    late: NDArray[np.int32]
    words: NDArray[np.int64]
    first_word: NDArray[np.int64]
    columns: NDArray[np.int64]
    least_ranks: NDArray[np.int64]


def lay_out_rows(
    levels: list[Levels], ranks: list[NDArray[np.int32]], columns_of_gene: NDArray[np.int64], *, is_sparse: bool
) -> GateRows:
    """Lay the rows out: of each gene level by level, one column after the other, and the closed gate.

    Args:
        levels: Levels of each column, in the order of ``ranks``.
        ranks: Ranks of the samples in each column, shape (N,), in the order of their bits.
        columns_of_gene: Indices of each gene's columns, shape (G, M).
        is_sparse: Whether a column sees few samples, so that rows only hold the words of those.
    """
    n_rows = sum(len(own.thresholds) for own in levels)
    needed = 0 if is_sparse or not ranks else n_rows * -(-len(ranks[0]) // 64) * 8
    step = max(-(-needed // ROW_BYTES), 1)
    genes: list[_Gene] = []
    for columns in columns_of_gene:
        genes.append(_lay_out_gene([levels[c] for c in columns], [ranks[c] for c in columns], columns, step, is_sparse))
    n_bits = np.cumsum([0, *(gene.bits.size for gene in genes)])
    n_late = np.cumsum([0, *(len(gene.late) for gene in genes)])
    return GateRows(
        bits=_joined([gene.bits.ravel() for gene in genes], np.uint64),
        first_bit_word=_joined([gene.first_bit_word + n for gene, n in zip(genes, n_bits, strict=False)], np.int64),
        first_late=_joined([gene.first_late + n for gene, n in zip(genes, n_late, strict=False)], np.int64),
        last_late=_joined([gene.last_late + n for gene, n in zip(genes, n_late, strict=False)], np.int64),
        late=_joined([gene.late for gene in genes], np.int32),
        words=_joined([gene.words for gene in genes], np.int64),
        first_word=np.cumsum([0, *(len(gene.words) for gene in genes)], dtype=np.int64),
        columns=_joined([gene.columns for gene in genes], np.int64),
        least_ranks=_joined([gene.least_ranks for gene in genes], np.int64),
    )


@dataclass(frozen=True)
class _Gene:
    """The rows of one gene; places are counted from its own first row and its own first late sample."""

    bits: NDArray[np.uint64]
    first_bit_word: NDArray[np.int64]
    first_late: NDArray[np.int64]
    last_late: NDArray[np.int64]
    late: NDArray[np.int32]
    words: NDArray[np.int64]
    columns: NDArray[np.int64]
    least_ranks: NDArray[np.int64]


def _lay_out_gene(
    levels: list[Levels], ranks: list[NDArray[np.int32]], columns: NDArray[np.int64], step: int, is_sparse: bool
) -> _Gene:
    """Rows of every ``step``-th level of each column, and of the closed gate at the end."""
    sizes = [len(own.thresholds) for own in levels]
    n_kept = [-(-size // step) for size in sizes]
    words = np.arange(-(-len(ranks[0]) // 64))
    if is_sparse:
        words = np.unique(np.flatnonzero(ranks[0]) // 64)
    bits = np.zeros((sum(n_kept) + 1, len(words)), dtype=np.uint64)
    rows: list[NDArray[np.int64]] = []
    late: list[NDArray[np.int32]] = []
    # Of the closed gate at the end nobody is late.
    first_late, last_late = (np.zeros(sum(sizes) + 1, dtype=np.int64) for _ in range(2))
    n_rows = n_levels = 0
    for own, size, kept in zip(ranks, sizes, n_kept, strict=True):
        fill_rows(-(-own // step), words, bits[n_rows : n_rows + kept])
        # The row of the next level that has one, which lets fewer go; beyond the last one there is the closed gate.
        above = -(-np.arange(size) // step)
        rows.append(np.where(above < kept, n_rows + above, len(bits) - 1))
        if step > 1:
            by_rank = np.argsort(own, kind="stable").astype(np.int32)
            first_of_rank = np.searchsorted(own[by_rank], np.arange(size + 2)) + sum(len(one) for one in late)
            first_late[n_levels : n_levels + size] = first_of_rank[1:-1]
            last_late[n_levels : n_levels + size] = first_of_rank[np.minimum(above * step, size) + 1]
            late.append(by_rank)
        n_rows, n_levels = n_rows + kept, n_levels + size
    return _Gene(
        bits=bits,
        first_bit_word=np.append(np.concatenate(rows), len(bits) - 1) * len(words),
        first_late=first_late,
        last_late=last_late,
        late=_joined(late, np.int32),
        words=words,
        columns=np.append(np.repeat(columns, sizes), columns[-1]),
        least_ranks=np.append(np.concatenate([np.arange(size) for size in sizes]), sizes[-1]),
    )


def _joined(parts: list[NDArray[Any]], dtype: Any) -> NDArray[Any]:
    return np.concatenate(parts).astype(dtype) if parts else np.empty(0, dtype=dtype)
