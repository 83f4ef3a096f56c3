"""What is said of a parent while its samples are read exit by exit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from policies.blocks import row_blocks
from policies.pooling.poolings import Pooling


def prefix_pooled(
    values: NDArray[np.float64], starts: NDArray[np.int64], pooling: Pooling, exit_index: int
) -> NDArray[np.float64]:
    """What is said of a parent once each of its samples was read at an exit, in their order, shape (N, C).

    The samples that are still to come are pooled as the exit before has seen them; at the first exit there are none.

    Args:
        values: What samples say at each exit, those of a parent after those of another and in their order, (N, E, C).
        starts: Where the samples of each parent start, and where the last ones end, shape (G + 1,).
        pooling: How samples are pooled.
        exit_index: Index of the exit.
    """
    here = values[:, exit_index]
    if exit_index == 0:
        return pooling.running(here, starts)
    before, pooled, sizes = values[:, exit_index - 1], np.empty(here.shape), np.diff(starts)
    for size in np.unique(sizes):
        first = starts[:-1][sizes == size]
        for block in row_blocks(len(first), int(size) ** 2 * here.shape[1]):
            rows = first[block, None] + np.arange(size)
            is_read = np.arange(size) <= np.arange(size)[:, None]
            mixed = np.where(is_read[:, :, None], here[rows][:, None], before[rows][:, None])
            pooled[rows] = pooling.of(mixed)
    return pooled
