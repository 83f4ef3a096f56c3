"""The contract of a detector's exit table: everything that is wrong with its arrays, each as one clause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.tables.boxes import CORNERS, CROWD, LABEL, N_COLUMNS, NO_BOX, SCORE, is_box
from policies.tables.sample_arrays.checks import class_name_problems, common_problems, wrong_shape


_TOLERANCE = 1e-5
"""By how much a share may be out of 0..1: what rounding leaves."""
_N_CORNERS = 4
_MOST_SHOWN = 80


def detection_problems(
    *,
    boxes: NDArray[Any],
    objects: NDArray[Any],
    cost: NDArray[Any],
    ids: NDArray[Any],
    groups: NDArray[Any] | None,
    parents: NDArray[Any] | None = None,
    order: NDArray[Any] | None = None,
    meta: Mapping[str, Any],
) -> list[str]:
    """Everything that breaks the contract of :class:`~policies.tables.detection.DetectionTable`, with key and row."""
    shapes = [*_row_shapes(boxes, objects)]
    size = None if shapes else (boxes.shape[0], boxes.shape[1])
    found = [*shapes, *fact_problems(meta)]
    if not found:
        found += content_problems(boxes, objects, len(meta["class_names"]))
    if not found:
        found += _order(boxes, objects)
    origins: dict[str, Any] = {"groups": groups, "parents": parents, "order": order}
    return found + common_problems(cost=cost, ids=ids, **origins, meta=meta, size=size, beside="boxes")


def fact_problems(meta: Mapping[str, Any]) -> list[str]:
    """What is wrong with the facts that a table states: the names of classes must be there."""
    score = meta.get("operating_score", 0.0)
    is_score = isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 1
    wrong = [] if is_score else [f"meta's 'operating_score' must lie in [0, 1] but is {str(score)[:_MOST_SHOWN]}"]
    return [*_names_problems(meta), *wrong]


def _names_problems(meta: Mapping[str, Any]) -> list[str]:
    names = meta.get("class_names")
    if names is None:
        return ["meta's 'class_names' is needed: labels count its names from 0"]
    problems = class_name_problems(names, None, beside="labels")
    if problems:
        return problems
    if not len(names):
        return ["meta's 'class_names' must name at least one class but is empty"]
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    return [] if twice is None else [f"meta's 'class_names' must be names of their own but {twice!r} is there twice"]


def array_shape_problems(arrays: Mapping[str, NDArray[Any] | None]) -> list[str]:
    """What is wrong with the shapes of the arrays that a file holds, by key; None was not given or cannot be read."""
    found: list[str] = []
    for first, others, n_axes, axes in (
        ("boxes", ("scores", "labels"), 4, "(N, E, D, 4), for images, exits, boxes and corners"),
        ("object_boxes", ("object_labels", "object_crowd"), 3, "(N, M, 4), for images, objects and corners"),
    ):
        own = arrays.get(first)
        if own is None:
            continue
        if own.ndim != n_axes or own.shape[-1] != _N_CORNERS:
            hint = "; class and score have keys of their own" if own.shape[-1:] == (N_COLUMNS,) else ""
            found.append(f"{first!r} must have shape {axes}, but has shape {own.shape}{hint}")
            continue
        for key in others:
            values = arrays.get(key)
            if values is not None:
                found += wrong_shape(key, values, own.shape[:-1], beside=first)
    boxes, objects = arrays.get("boxes"), arrays.get("object_boxes")
    if not found and boxes is not None and objects is not None:
        found += _images(boxes, objects, "object_boxes")
    return found


def _row_shapes(boxes: NDArray[Any], objects: NDArray[Any]) -> Iterator[str]:
    is_whole = True
    for key, values, n_axes, axes in (("boxes", boxes, 4, "(N, E, D, 6)"), ("objects", objects, 3, "(N, M, 6)")):
        if values.ndim != n_axes or values.shape[-1] != N_COLUMNS:
            is_whole = False
            yield f"{key!r} must have shape {axes} but has shape {values.shape}"
        elif values.dtype != np.float32:
            yield f"{key!r} must be float32 but is {values.dtype}"
    if is_whole:
        yield from _images(boxes, objects, "objects")


def _images(boxes: NDArray[Any], objects: NDArray[Any], key: str) -> Iterator[str]:
    if min(boxes.shape) < 1:
        yield f"'boxes' must hold at least one image, exit and row for a box but has shape {boxes.shape}"
    elif len(objects) != len(boxes):
        yield f"{key!r} must hold the {len(boxes)} images of 'boxes' but holds {len(objects)}"


def content_problems(boxes: NDArray[np.float32], objects: NDArray[np.float32], n_classes: int) -> list[str]:
    """What is wrong with boxes whatever their order.

    Args:
        boxes: What was found, shape (N, E, D, 6).
        objects: What is there, shape (N, M, 6).
        n_classes: Number of classes, ``C``.
    """
    found: list[str] = []
    for keys, rows in ((("boxes", "labels", "scores"), boxes), (("object_boxes", "object_labels", ""), objects)):
        there = is_box(rows)
        finite = [*_first("must be finite", keys[0], ~np.isfinite(rows).all(axis=-1) & there, rows)]
        found += finite or [*_corners(keys[0], rows, there)]
        found += _labels(keys[1], rows, there, n_classes)
        if keys[2]:
            found += _scores(keys[2], rows, there)
    crowd = objects[..., CROWD]
    found += _first("must be 0 or 1", "object_crowd", (crowd != 0) & (crowd != 1) & is_box(objects), crowd)
    return found


def _corners(key: str, rows: NDArray[np.float32], there: NDArray[np.bool_]) -> Iterator[str]:
    corners = rows[..., CORNERS]
    outside = there & ((corners < -_TOLERANCE) | (corners > 1 + _TOLERANCE)).any(axis=-1)
    if outside.any():
        is_pixels = float(corners[outside].max()) > 2
        hint = "; they look like pixels: divide by the image's width and height" if is_pixels else "; clip them"
        yield from _first("must be shares of the image's sides, in 0..1,", key, outside, corners, hint)
        return
    turned = there & ((corners[..., 0] > corners[..., 2]) | (corners[..., 1] > corners[..., 3]))
    if turned.any():
        reach = corners[..., :2] + corners[..., 2:]
        is_sizes = bool((reach[there] <= 1 + _TOLERANCE).all())
        hint = "; they look like left, top, width, height: add left and top to these" if is_sizes else ""
        yield from _first(
            "must be left, top, right, bottom with left <= right and top <= bottom", key, turned, corners, hint
        )


def _labels(key: str, rows: NDArray[np.float32], there: NDArray[np.bool_], n_classes: int) -> Iterator[str]:
    labels = rows[..., LABEL]
    bad = there & ~((labels >= 0) & (labels < n_classes) & (labels == np.floor(labels)))
    if bad.any():
        of_boxes = labels[there]
        from_one = np.nanmin(of_boxes) == 1 and np.nanmax(of_boxes) == n_classes
        hint = "; they count from 1: subtract 1 where there is a box" if from_one else ""
        rule = f"must lie in 0..{n_classes - 1}, or be {NO_BOX} where there is no box,"
        yield from _first(rule, key, bad, labels, hint)


def _scores(key: str, rows: NDArray[np.float32], there: NDArray[np.bool_]) -> Iterator[str]:
    scores = rows[..., SCORE]
    hint = "; of logits take the sigmoid, of percentages a hundredth"
    yield from _first("must lie in [0, 1]", key, there & ~((scores >= 0) & (scores <= 1)), scores, hint)


def _order(boxes: NDArray[np.float32], objects: NDArray[np.float32]) -> Iterator[str]:
    for key, rows in (("boxes", boxes), ("objects", objects)):
        there = is_box(rows)
        yield from _first(
            "must have rows without a box last", key, there[..., 1:] & ~there[..., :-1], rows[..., 1:, LABEL]
        )
    scores = np.where(is_box(boxes), boxes[..., SCORE], -np.inf)
    with np.errstate(invalid="ignore"):
        rises = scores[..., 1:] > scores[..., :-1]
    yield from _first("must be sorted by score, the surest first,", "boxes", rises, boxes[..., 1:, SCORE])


def _first(rule: str, key: str, bad: NDArray[np.bool_], values: NDArray[Any], hint: str = "") -> Iterator[str]:
    """The clause that names the first row that breaks a rule, and how many do; none where none does."""
    if not bad.any():
        return
    at = tuple(int(one[0]) for one in np.nonzero(bad))
    names = ("image", "exit", "box") if bad.ndim == 3 else ("image", "object")
    place = ", ".join(f"{name} {index}" for name, index in zip(names, at, strict=True))
    shown = str(values[at].tolist())[:_MOST_SHOWN]
    yield f"{key!r} {rule} but row {at[0]} ({place}) is {shown} ({int(bad.sum())} such boxes){hint}"
