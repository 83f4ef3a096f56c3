"""The compiled loop that counts hits of whole populations of policies."""

from __future__ import annotations

from numba import njit
import numpy as np
from numpy.typing import NDArray


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def average_precisions(
    taken: NDArray[np.int32],
    times: NDArray[np.int64],
    images: NDArray[np.int32],
    exits: NDArray[np.int32],
    hits: NDArray[np.uint32],
    ignored: NDArray[np.uint32],
    first: NDArray[np.int64],
    n_objects: NDArray[np.int64],
    needed: NDArray[np.int64],
    n_overlaps: int,
) -> NDArray[np.float64]:
    """Interpolated average precision of each policy, class and least overlap, shape (P, C, T).

    Args:
        taken: The exits that each policy takes, shape (P, N).
        times: How often each image counts, shape (N,).
        images: Image of each box, sorted by class, then the surest first, shape (n,).
        exits: Exit of each box, shape (n,).
        hits: One bit for each least overlap at which a box is a hit, shape (n,).
        ignored: One bit for each least overlap at which a box is neither right nor wrong, shape (n,).
        first: Where the boxes of each class start, shape (C + 1,).
        n_objects: Objects to find of each class, each as often as its image counts, shape (C,).
        needed: Hits of each class that make each recall, ascending and at least 1, shape (C, R).
        n_overlaps: Number of least overlaps, ``T``.
    """
    n_policies, n_classes, n_recalls = taken.shape[0], len(n_objects), needed.shape[1]
    result = np.zeros((n_policies, n_classes, n_overlaps))
    n_hits, n_ignored = np.empty(n_overlaps, dtype=np.int64), np.empty(n_overlaps, dtype=np.int64)
    # The precision where each hit is made: between two hits it only falls.
    precision = np.empty((n_overlaps, n_objects.max() + 1))
    for policy in range(n_policies):
        own = taken[policy]
        for label in range(n_classes):
            n_hits[:] = 0
            n_ignored[:] = 0
            n_seen = 0
            for at in range(first[label], first[label + 1]):
                if own[images[at]] != exits[at]:
                    continue
                for _ in range(times[images[at]]):
                    n_seen += 1
                    if ignored[at]:
                        for t in range(n_overlaps):
                            n_ignored[t] += np.int64((ignored[at] >> np.uint32(t)) & np.uint32(1))
                    if hits[at]:
                        for t in range(n_overlaps):
                            if (hits[at] >> np.uint32(t)) & np.uint32(1):
                                n_hits[t] += 1
                                precision[t, n_hits[t]] = n_hits[t] / (n_seen - n_ignored[t])
            for t in range(n_overlaps):
                best, total, hit = 0.0, 0.0, n_hits[t]
                for recall in range(n_recalls - 1, -1, -1):
                    while hit >= needed[label, recall]:
                        best = max(best, precision[t, hit])
                        hit -= 1
                    total += best
                result[policy, label, t] = total / n_recalls
    return result
