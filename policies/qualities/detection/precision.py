"""Average precisions of whole populations of policies: everything is matched and sorted once, then only counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.matching.matches import UNCOUNTED, UNMATCHED, is_crowd, match_boxes, matched_to
from policies.qualities.detection.precision_kernel import average_precisions
from policies.tables.boxes import CORNERS, LABEL, SCORE, is_box
from policies.tables.detection import TrueBoxes


RECALLS = np.linspace(0.0, 1.0, 101)
"""Recalls at which precision is looked up."""


@dataclass(frozen=True)
class SideRange:
    """Boxes of some sizes: those of other sizes are neither hits nor misses, as COCO judges by area.

    Attributes:
        low: Least side of a square of the box's area, as a share of the image's side.
        high: Largest side of a square of the box's area.
    """

    low: float
    high: float

    def holds(self, boxes: NDArray[Any]) -> NDArray[np.bool_]:
        """Which rows, shape (..., 6), are of these sizes."""
        left, top, right, bottom = np.moveaxis(boxes[..., CORNERS].astype(np.float64), -1, 0)
        area = (right - left) * (bottom - top)
        return np.asarray((area >= self.low**2) & (area <= self.high**2))


@dataclass(frozen=True)
class PreparedPrecisions:
    """The boxes of all images and exits that can matter, sorted by class, then the surest first.

    Attributes:
        images: Image of each box, shape (n,).
        exits: Exit of each box, shape (n,).
        hits: One bit for each least overlap at which the box is a hit, shape (n,).
        ignored: One bit for each least overlap at which the box is neither right nor wrong, shape (n,).
        first: Where the boxes of each class start, shape (C + 1,).
        objects: Image and class of each object that is to be found, shape (2, m).
        n_images: Number of images, ``N``.
        n_classes: Number of classes, ``C``.
        n_overlaps: Number of least overlaps, ``T``.
    """

    images: NDArray[np.int32]
    exits: NDArray[np.int32]
    hits: NDArray[np.uint32]
    ignored: NDArray[np.uint32]
    first: NDArray[np.int64]
    objects: NDArray[np.int64]
    n_images: int
    n_classes: int
    n_overlaps: int

    @classmethod
    def of(
        cls, answers: NDArray[Any], truth: TrueBoxes, overlaps: NDArray[np.float64], sizes: SideRange | None = None
    ) -> PreparedPrecisions:
        """Match and sort what would be answered.

        Args:
            answers: Boxes that are answered in N images at E exits, shape (N, E, D, 6).
            truth: What is there in the same images.
            overlaps: Least intersections over union of a hit, at most 32, shape (T,).
            sizes: The boxes that are asked for; all where None.
        """
        counted = is_box(truth.boxes) & ~is_crowd(truth.boxes)
        counted &= True if sizes is None else sizes.holds(truth.boxes)
        matched = match_boxes(answers, truth.boxes, overlaps, ~counted)
        is_hit = matched_to(counted, matched)
        is_ignored = (matched > UNMATCHED) & ~is_hit
        if sizes is not None:
            is_ignored |= (matched == UNMATCHED) & ~sizes.holds(answers)[..., None]
        hits, ignored = _bits(is_hit), _bits(is_ignored)
        # A box that is never right or wrong changes nothing.
        images, exits, rows = np.nonzero((matched[..., 0] != UNCOUNTED) & ~is_ignored.all(axis=-1))
        labels = answers[images, exits, rows, LABEL].astype(np.int64)
        order = np.lexsort((-answers[images, exits, rows, SCORE], labels))
        kept, first = _up_to_last_hits(labels[order], hits[images, exits, rows][order], truth.n_classes)
        images, exits, rows = (one[order][kept] for one in (images, exits, rows))
        return cls(
            images=images.astype(np.int32),
            exits=exits.astype(np.int32),
            hits=hits[images, exits, rows],
            ignored=ignored[images, exits, rows],
            first=first,
            objects=np.stack([np.nonzero(counted)[0], truth.boxes[counted][:, LABEL].astype(np.int64)]),
            n_images=truth.n_samples,
            n_classes=truth.n_classes,
            n_overlaps=len(overlaps),
        )

    def of_policies(
        self, exits: NDArray[np.integer[Any]], times: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        """Average precision of each of P policies, class and least overlap, shape (P, C, T).

        The mean over :data:`RECALLS` of the highest precision at that recall or a higher one; NaN for a class without
        an object, and never elsewhere.

        Args:
            exits: The exits that each policy takes, shape (P, N).
            times: How often each image counts, as where images are drawn with replacement, shape (N,); once where None.
        """
        times = np.ones(self.n_images, dtype=np.int64) if times is None else times
        images, labels = self.objects
        n_objects = np.bincount(labels, weights=times[images], minlength=self.n_classes).astype(np.int64)
        found: NDArray[np.float64] = average_precisions(
            np.ascontiguousarray(exits, dtype=np.int32),
            times,
            self.images,
            self.exits,
            self.hits,
            self.ignored,
            self.first,
            n_objects,
            _needed_hits(n_objects),
            self.n_overlaps,
        )
        found[:, n_objects == 0] = np.nan
        return found


def _bits(marks: NDArray[np.bool_]) -> NDArray[np.uint32]:
    """Marks of shape (..., T) as the bits of a number each, shape (...)."""
    return np.asarray(
        (marks.astype(np.uint32) << np.arange(marks.shape[-1], dtype=np.uint32)).sum(axis=-1, dtype=np.uint32)
    )


def _up_to_last_hits(
    labels: NDArray[np.int64], hits: NDArray[np.uint32], n_classes: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which boxes, sorted by class and score, are before or at their class's last hit: those after it change nothing.

    Returns:
        Marks of shape (n,), and where the marked ones of each class start, shape (C + 1,).
    """
    last = np.full(n_classes, -1)
    at_hits = np.flatnonzero(hits)
    # Of several the last one stays.
    last[labels[at_hits]] = at_hits
    kept = np.arange(len(labels)) <= last[labels]
    counts = np.bincount(labels[kept], minlength=n_classes)
    return kept, np.concatenate([[0], np.cumsum(counts)])


def _needed_hits(n_objects: NDArray[np.int64]) -> NDArray[np.int64]:
    """The fewest hits of each class, shape (C,), that make each of :data:`RECALLS`, shape (C, R).

    Recall is compared as the quotient that it is, so that rounding does what it does in pycocotools.
    """
    guess = np.floor(RECALLS * n_objects[:, None]).astype(np.int64) - 1
    with np.errstate(invalid="ignore"):
        for _ in range(2):
            guess += guess / np.maximum(n_objects, 1)[:, None] < RECALLS
    return np.maximum(guess, 1)
