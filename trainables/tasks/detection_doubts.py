"""Why a detector may find too little: its boxes, its anchors, and what it finds of what is there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from policies.matching.matches import is_crowd, match_boxes
from policies.tables.boxes import CORNERS, LABEL, is_box
from policies.tables.detection import DetectionTable
from trainables.tasks.doubts import Certainty, Doubt


# Of what is matched less, nothing can be learned; of what is matched less than the second, much is missed.
_LEAST_MATCHED, _FEW_MATCHED = 0.05, 0.5
# Objects of which half are smaller than this share of the image's side are hardly seen.
_TINY = 0.02
_TOUCHED, _HIT = 0.1, 0.5
_MOST = 0.5
_OBJECTS = "objects of train"


def doubts_of_boxes(objects: NDArray[np.float32]) -> Iterator[Doubt]:
    """Whether boxes are such that nothing can be learned from them.

    Args:
        objects: True boxes of ``train``, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`; crowds do not count.
    """
    corners = _single(objects)
    if not len(corners):
        yield Doubt(
            f"no image of train holds an object ({len(objects)} images)",
            "look at the annotations, and at data.classes where classes are selected",
            Certainty.CERTAIN,
            ends=True,
        )
        return
    if len(corners) > 1 and (corners == corners[0]).all():
        yield Doubt(
            f"all {len(corners):,} {_OBJECTS} have the same box, {_sides(corners)} of the image",
            "look at the annotations: are they read from the right columns, in the right units?",
            Certainty.CERTAIN,
        )
    elif np.median(_side(corners)) < _TINY:
        yield Doubt(
            f"the median of {len(corners):,} {_OBJECTS} is {np.median(_side(corners)):.3g} of the image's side",
            "set data.image_size higher, cut images into parts, or look whether boxes are in the right units",
        )


def doubts_of_anchors(anchors: NDArray[np.float32], objects: NDArray[np.float32]) -> Iterator[Doubt]:
    """Whether there are anchors for the objects: what no anchor overlaps is hardly trained.

    Args:
        anchors: Left, top, right and bottom as shares of the image, shape (A, 4).
        objects: True boxes of ``train``, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`; crowds do not count.
    """
    # Here, since the import takes seconds, and what figures a task has is known without it.
    from trainables.models.detection.anchors import MATCH_IOU, matched_share

    share, corners = matched_share(anchors, objects), _single(objects)
    if not share < _FEW_MATCHED:
        return
    yield Doubt(
        f"{share:.1%} of {len(corners):,} {_OBJECTS} are matched by one of {len(anchors):,} anchors (IoU at least "
        f"{MATCH_IOU:g}): objects are {_sides(corners)} of the image (median), anchors {_sides(anchors)}",
        "fit the anchors to the boxes of train, set data.image_size higher, which makes grids finer, or give more "
        "anchors_per_cell in training.network_options",
        Certainty.CERTAIN if share < _LEAST_MATCHED else Certainty.LIKELY,
        ends=share < _LEAST_MATCHED,
    )


def doubts_of_order(inputs: NDArray[np.generic], objects: NDArray[np.float32]) -> Iterator[Doubt]:
    """Whether images support the boxes better with x and y swapped.

    Args:
        inputs: Images of ``train``, shape (N, channels, height, width).
        objects: Their true boxes, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`.
    """
    from trainables.data.boxes.coordinate_order import coordinate_order

    order = coordinate_order(inputs, objects)
    if order.is_swapped:
        yield Doubt(
            order.clause,
            "look at the order of coordinates in the annotations: left, top, right, bottom",
        )


def doubts_of_found(table: DetectionTable) -> Iterator[Doubt]:
    """What of the objects is found at all, what is found in the wrong place, and what as another class.

    Args:
        table: What a network found; its last exit is looked at.
    """
    found, true = table.boxes[:, -1:], table.objects
    n_found, n_true = int(is_box(found).sum()), int((is_box(true) & ~is_crowd(true)).sum())
    if not n_true:
        return
    if not n_found:
        yield Doubt(
            f"not a single box is found in {table.n_samples} images of search with {n_true:,} objects",
            "train for more epochs or with another learning rate, or lower score_threshold in training.network_options",
        )
        return
    touched, hit = _recalls(found, true)
    _, hit_as_any = _recalls(_of_one_class(found), _of_one_class(true))
    per_object = f"{n_found / n_true:.1f} boxes an object"
    if hit < _MOST * touched:
        yield Doubt(
            f"{touched:.1%} of {n_true:,} objects of search are found roughly (IoU at least {_TOUCHED:g}) but only "
            f"{hit:.1%} in their place (IoU at least {_HIT:g}), with {per_object}",
            "train for more epochs, set data.image_size higher, or look whether boxes and images belong together",
        )
    if hit < _MOST * hit_as_any:
        yield Doubt(
            f"{hit_as_any:.1%} of {n_true:,} objects of search are found in their place but only {hit:.1%} as their "
            f"class",
            "look whether classes are read in the right order, and whether they can be told apart at this image size",
        )
    if hit >= _MOST:
        yield Doubt(
            f"{hit:.1%} of {n_true:,} objects of search are found in their place, among {per_object}: scores do not "
            f"tell the right ones from the wrong ones",
            "train for more epochs, or lower nms_threshold in training.network_options",
            Certainty.POSSIBLE,
        )


def _recalls(found: NDArray[np.float32], true: NDArray[np.float32]) -> tuple[float, float]:
    """Shares of the objects that a found box of their class touches, and that one hits, whatever its score."""
    matched = match_boxes(found, true, np.array([_TOUCHED, _HIT]))
    n_true = int((is_box(true) & ~is_crowd(true)).sum())
    shares = []
    for t in range(2):
        images, _, boxes = np.nonzero(matched[..., t] >= 0)
        of_crowd = is_crowd(true)[images, matched[images, 0, boxes, t]]
        shares.append(float((~of_crowd).sum() / n_true))
    return shares[0], shares[1]


def _of_one_class(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same boxes, all of class 0."""
    result = rows.copy()
    result[..., LABEL] = np.minimum(rows[..., LABEL], 0)
    return result


def _single(objects: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners of all objects but crowds, shape (n, 4)."""
    return np.asarray(objects[is_box(objects) & ~is_crowd(objects)][:, CORNERS])


def _side(corners: NDArray[np.float32]) -> NDArray[np.float64]:
    """Geometric mean of width and height, shape (n,)."""
    return np.asarray(np.sqrt(np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0), axis=1, dtype=np.float64)))


def _sides(corners: NDArray[np.float32]) -> str:
    """Median width and height, for a person."""
    width, height = np.median(corners[:, 2:] - corners[:, :2], axis=0)
    return f"{width:.3g} x {height:.3g}"
