"""Boxes that keep the contract of an exit table but are probably not what is meant, or tell little."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from policies.tables.boxes import LABEL, is_box


def doubts(boxes: NDArray[np.float32], objects: NDArray[np.float32], class_names: Sequence[str]) -> list[str]:
    """What a person should know before trusting figures of the table, as clauses.

    Args:
        boxes: What was found, shape (N, E, D, 6).
        objects: What is there, shape (N, M, 6).
        class_names: Name of each class.
    """
    return [*_of_objects(objects, class_names), *_of_exits(boxes)]


def _of_objects(objects: NDArray[np.float32], class_names: Sequence[str]) -> Iterator[str]:
    labels = objects[..., LABEL][is_box(objects)].astype(np.int64)
    if not labels.size:
        yield f"there is no object in any of the {len(objects)} images: every mean precision is 0"
        return
    absent = np.flatnonzero(np.bincount(labels, minlength=len(class_names)) == 0)
    if absent.size:
        named = ", ".join(repr(class_names[one]) for one in absent[:3])
        yield f"{absent.size} of {len(class_names)} classes, such as {named}, have no object and are left out of means"


def _of_exits(boxes: NDArray[np.float32]) -> Iterator[str]:
    empty = np.flatnonzero(~is_box(boxes).any(axis=(0, 2)))
    if empty.size:
        yield f"nothing is found in any image at depth {', '.join(str(k + 1) for k in empty)}"
        return
    alike = (boxes[:, 1:] == boxes[:, :-1]).all(axis=(0, 2, 3)) if len(boxes) > 1 else np.zeros(0, dtype=bool)
    yield from (f"the boxes at depth {k + 1} and {k + 2} are the same" for k in np.flatnonzero(alike))
