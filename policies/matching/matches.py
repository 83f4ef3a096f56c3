"""Which found boxes are hits: matched greedily to true boxes, as COCO does it."""

from __future__ import annotations

from typing import Any

from numba import njit
import numpy as np
from numpy.typing import NDArray

from policies.matching.overlap import overlap
from policies.tables.boxes import CROWD, LABEL, NO_BOX, SCORE, is_box


UNMATCHED = -1
"""Stands for the true box of a found one that has none."""
UNCOUNTED = -2
"""Stands for the true box of a row that is no box, or of one too many."""
MOST_PER_CLASS = 100
"""So many boxes of an image and class count, the surest ones."""
_CROWD, _LABEL, _NO_BOX, _SCORE = CROWD, LABEL, NO_BOX, SCORE


def is_crowd(true: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows, shape (..., M, 6), are true boxes that are neither a hit nor a miss, shape (..., M)."""
    return np.asarray(is_box(true) & (true[..., CROWD] != 0))


def match_boxes(
    found: NDArray[Any],
    true: NDArray[Any],
    thresholds: NDArray[np.float64],
    ignored: NDArray[np.bool_] | None = None,
) -> NDArray[np.int16]:
    """Match the boxes that were found in each image at each exit to those that are there, once for each threshold.

    The surest box comes first; it takes the true box of its class that it overlaps most and that is not taken, of
    equal ones the last. True boxes that are ignored are taken only where no other can be, and a crowd any number of
    times. In an image at most :data:`MOST_PER_CLASS` boxes of a class count. (The matching of pycocotools' COCOeval;
    Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014.)

    Args:
        found: Found boxes, shape (N, E, D, 6).
        true: True boxes, shape (N, M, 6).
        thresholds: Least overlap of a match, in (0, 1], shape (T,).
        ignored: Whether a true box is neither a hit nor a miss, shape (N, M); crowds where None.

    Returns:
        Index of the true box that each found one is matched to, or :data:`UNMATCHED` or :data:`UNCOUNTED`, shape
        (N, E, D, T).
    """
    ignored = is_crowd(true) if ignored is None else ignored
    # Stable, so that of equally sure boxes the first comes first.
    order = np.argsort(np.where(is_box(found), -found[..., SCORE], np.inf), axis=-1, kind="stable")
    order_of_true = np.argsort(ignored, axis=-1, kind="stable")
    n_classes = int(max(found[..., LABEL].max(initial=0), true[..., LABEL].max(initial=0))) + 1
    least = np.minimum(thresholds, 1 - 1e-10)
    matched: NDArray[np.int16] = _match(found, true, order, order_of_true, ignored, least, n_classes)
    return matched


def matched_to(marks: NDArray[np.bool_], matched: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Whether found boxes are matched to a true box that is marked, in the shape of ``matched``.

    Args:
        marks: Marks of true boxes, shape (N, M).
        matched: As :func:`match_boxes` gives it, shape (N, ...).
    """
    result, at = np.zeros(matched.shape, dtype=bool), np.nonzero(matched >= 0)
    result[at] = marks[at[0], matched[at]]
    return result


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _match(
    found: NDArray[Any],
    true: NDArray[Any],
    order: NDArray[np.int64],
    order_of_true: NDArray[np.int64],
    ignored: NDArray[np.bool_],
    thresholds: NDArray[np.float64],
    n_classes: int,
) -> NDArray[np.int16]:
    n_images, n_exits, n_found = found.shape[0], found.shape[1], found.shape[2]
    n_true, n_thresholds = true.shape[1], len(thresholds)
    matched = np.full((n_images, n_exits, n_found, n_thresholds), UNCOUNTED, dtype=np.int16)
    is_taken = np.empty((n_thresholds, n_true), dtype=np.bool_)
    n_seen = np.empty(n_classes, dtype=np.int64)
    near, shared = np.empty(n_true, dtype=np.int64), np.empty(n_true)
    least = thresholds.min()
    for i in range(n_images):
        for k in range(n_exits):
            is_taken[:] = False
            n_seen[:] = 0
            for place in range(n_found):
                d = order[i, k, place]
                box = found[i, k, d]
                if box[_LABEL] == _NO_BOX:
                    continue
                label = np.int64(box[_LABEL])
                n_seen[label] += 1
                if n_seen[label] > MOST_PER_CLASS:
                    continue
                n_near = 0
                for j in range(n_true):
                    m = order_of_true[i, j]
                    if true[i, m, _LABEL] == box[_LABEL]:
                        own = overlap(box, true[i, m], true[i, m, _CROWD] != 0)
                        if own >= least:
                            near[n_near], shared[n_near] = m, own
                            n_near += 1
                for t in range(n_thresholds):
                    best, at = thresholds[t], UNMATCHED
                    for j in range(n_near):
                        m = near[j]
                        if is_taken[t, m] and true[i, m, _CROWD] == 0:
                            continue
                        if at != UNMATCHED and not ignored[i, at] and ignored[i, m]:
                            break
                        if shared[j] >= best:
                            best, at = shared[j], m
                    matched[i, k, d, t] = at
                    if at != UNMATCHED:
                        is_taken[t, at] = True
    return matched
