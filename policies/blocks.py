"""Large arrays by blocks of rows, so that what is computed from them stays small and close to the processor."""

from __future__ import annotations

from collections.abc import Iterator


BLOCK_VALUES = 1 << 17
"""Numbers of one block: 1 MB as float64."""


def row_blocks(n_rows: int, row_size: int) -> Iterator[slice]:
    """Slices that cover the rows in order, of some ``BLOCK_VALUES`` numbers each and at least one row.

    Args:
        n_rows: Number of rows to cover.
        row_size: Numbers in one row.
    """
    size = max(BLOCK_VALUES // row_size, 1)
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))
