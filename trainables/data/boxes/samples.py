"""Images with boxes of objects, before they are split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from policies.tables.boxes import LABEL, is_box
from trainables.data.base import Samples
from trainables.data.boxes.given_boxes import as_boxes


def classes_held(objects: NDArray[np.float32], n_classes: int) -> NDArray[np.bool_]:
    """Which classes each image has an object of, crowds among them, shape (N, C).

    Args:
        objects: True boxes, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`.
        n_classes: C.
    """
    holds = np.zeros((len(objects), n_classes), dtype=np.bool_)
    rows, places = np.nonzero(is_box(objects))
    holds[rows, objects[rows, places, LABEL].astype(np.int64)] = True
    return holds


@dataclass(frozen=True)
class DetectionSamples(Samples):
    """All images of a source with the objects in them, in memory, before they are split.

    ``labels`` are true boxes: float32, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`. A list of boxes for
    each image, shape (boxes, 6), is padded to that; an image may have none. There may be one class alone. The other
    attributes, and what is raised, are those of :class:`~trainables.data.base.Samples`.
    """

    needs_every_class: ClassVar[bool] = False
    """A class that a split is without is told: its average precision does not exist there, which the mean of the others
    does not mind, and sets with many classes have rare ones."""
    fewest_classes: ClassVar[int] = 1

    @property
    def memberships(self) -> NDArray[np.bool_]:
        """Which classes each image has an object of, crowds among them, shape (N, C)."""
        return classes_held(self.labels, len(self.class_names))

    def renumbered(self, places: NDArray[np.int64], class_names: Sequence[str]) -> Self:
        """The same images with other numbers of their objects' classes; see the method that this overrides."""
        labels, there = self.labels.copy(), is_box(self.labels)
        labels[there, LABEL] = places[labels[there, LABEL].astype(np.int64)]
        return replace(self, labels=labels, class_names=tuple(class_names))

    def _as_labels(self, given: Any, class_names: Sequence[str], n: int) -> NDArray[Any]:
        return as_boxes(given, class_names, n)
