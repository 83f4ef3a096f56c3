"""What people hand over as a detector's exit table, made into its arrays where it is plain what is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.tables.box_arrays.checks import array_shape_problems, content_problems, fact_problems
from policies.tables.box_arrays.doubts import doubts
from policies.tables.boxes import CORNERS, LABEL, NO_BOX, SCORE, is_box, no_boxes
from policies.tables.casts import COMMON_READERS, Reader, read_classes, read_float32, read_marks
from policies.tables.input import TableInput, assume, begin_input, read_arrays
from policies.tables.sample_arrays.checks import common_problems
from policies.tables.sample_arrays.parents import absent_parents


_READERS: dict[str, Reader] = {
    "boxes": read_float32,
    "scores": read_float32,
    "labels": read_classes,
    "object_boxes": read_float32,
    "object_labels": read_classes,
    "object_crowd": read_marks,
    **COMMON_READERS,
}
_OF_BOXES = ("boxes", "scores", "labels", "object_boxes", "object_labels", "object_crowd")
_NEEDED = _OF_BOXES[:5]


def read_detection_input(given: Mapping[str, Any], faults: Mapping[str, str]) -> TableInput:
    """Cast, join and sort; find everything that is wrong at once.

    Args:
        given: Arrays, lists or tensors by key; ``meta`` is JSON text or a mapping. Costs, ids, groups, parents,
            order and ``object_crowd`` may be missing; what is None is not given.
        faults: What is wrong with further keys that could not be opened.

    Returns:
        ``boxes`` and ``objects`` as rows of six numbers among its arrays, where there is no problem.
    """
    table = begin_input(given, faults, needed=_NEEDED, known=tuple(_READERS))
    unreadable = read_arrays(given, _READERS, table)
    of_boxes = {key: table.arrays.pop(key, None) for key in _OF_BOXES}
    shapes, facts = array_shape_problems(of_boxes), fact_problems(table.meta)
    table.problems += [*shapes, *unreadable, *facts]
    if not table.problems:
        _join(of_boxes, table)
        table.problems += content_problems(
            table.arrays["boxes"], table.arrays["objects"], len(table.meta["class_names"])
        )
    boxes = of_boxes["boxes"]
    table.problems += common_problems(
        **{key: table.arrays.get(key) for key in COMMON_READERS},
        meta=table.meta,
        size=None if shapes or boxes is None else (boxes.shape[0], boxes.shape[1]),
        beside="boxes",
    )
    if not table.problems:
        _sort(table)
        assume(table, "boxes")
        table.notes += doubts(table.arrays["boxes"], table.arrays["objects"], table.meta["class_names"])
        table.notes += absent_parents(table.arrays.get("parents"), table.meta)
    return table


def _join(arrays: Mapping[str, NDArray[Any] | None], table: TableInput) -> None:
    """Make rows of corners, class, and score or crowd."""
    crowd = arrays["object_crowd"]
    table.arrays["boxes"] = _rows(arrays["boxes"], arrays["labels"], arrays["scores"])
    labels = arrays["object_labels"]
    table.arrays["objects"] = _rows(arrays["object_boxes"], labels, np.zeros_like(labels) if crowd is None else crowd)


def _rows(corners: Any, labels: Any, last: Any) -> NDArray[np.float32]:
    rows = no_boxes(*labels.shape)
    there = labels != NO_BOX
    rows[there, CORNERS], rows[there, LABEL], rows[there, SCORE] = corners[there], labels[there], last[there]
    return rows


def _sort(table: TableInput) -> None:
    """Bring boxes into the order of their scores, and rows without a box behind the others."""
    boxes, objects = table.arrays["boxes"], table.arrays["objects"]
    table.arrays["boxes"] = _taken(boxes, np.where(is_box(boxes), -boxes[..., SCORE], np.inf))
    moved = int((table.arrays["boxes"] != boxes).any(axis=(1, 2, 3)).sum())
    if moved:
        table.notes.append(f"the boxes of {moved} images are sorted, the surest first")
    table.arrays["objects"] = _taken(objects, ~is_box(objects))


def _taken(rows: NDArray[np.float32], keys: NDArray[Any]) -> NDArray[np.float32]:
    order = np.argsort(keys, axis=-1, kind="stable")
    return np.take_along_axis(rows, order[..., None], axis=-2)
