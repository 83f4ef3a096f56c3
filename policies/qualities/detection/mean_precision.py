"""Mean average precision of a policy's boxes, as COCO and pycocotools have it."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.qualities.base import DrawnJudge, Judge, PooledQuality
from policies.tables.detection import TrueBoxes
from policies.views.view import RuleView


COCO_OVERLAPS = np.linspace(0.5, 0.95, 10)
"""Least intersections over union at which COCO takes the mean."""


class PrecisionQuality(PooledQuality[TrueBoxes]):
    """A figure of the average precisions of the classes that have objects; 0 where no class has any.

    Boxes of all images are sorted by score together, the surest first, and counted as hits and misses; precision is
    made monotone and averaged over 101 recalls (Lin et al., "Microsoft COCO: Common Objects in Context", ECCV 2014).
    Crowds are neither hits nor misses.

    Attributes:
        overlaps: Least intersections over union of a hit.
    """

    task: ClassVar[str | None] = "detection"
    overlaps: ClassVar[NDArray[np.float64]]

    def judge(self, view: RuleView, truth: TrueBoxes) -> Judge:
        """Boxes are matched and sorted once; arguments and result as for the base class."""
        # Here and below, since the import takes seconds, and requests name qualities before anything is judged.
        from policies.qualities.detection.precision import PreparedPrecisions

        prepared = PreparedPrecisions.of(view.answers, truth, self.overlaps)
        return lambda exits: self._values(prepared.of_policies(exits))

    def judge_drawn(self, view: RuleView, truth: TrueBoxes) -> DrawnJudge:
        """Boxes are matched and sorted once for all draws; arguments and result as for the base class."""
        from policies.qualities.detection.precision import PreparedPrecisions

        prepared, n_images = PreparedPrecisions.of(view.answers, truth, self.overlaps), truth.n_samples
        return lambda exits, rows: self._values(prepared.of_policies(exits, np.bincount(rows, minlength=n_images)))

    def _values(self, precisions: NDArray[np.float64]) -> NDArray[np.float64]:
        is_there = ~np.isnan(precisions).any(axis=(0, 2))
        if not is_there.any():
            return np.zeros(len(precisions))
        return self.of_classes(precisions[:, is_there].mean(axis=2))

    @abstractmethod
    def of_classes(self, precisions: NDArray[np.float64]) -> NDArray[np.float64]:
        """The figure of each policy, shape (P,), from what its classes have at the mean over overlaps, shape (P, C)."""


class MeanPrecision(PrecisionQuality):
    """Mean over classes, and over overlaps from .5 to .95 in steps of .05."""

    name: ClassVar[str] = "map"
    overlaps: ClassVar[NDArray[np.float64]] = COCO_OVERLAPS

    def of_classes(self, precisions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Their mean."""
        return np.asarray(precisions.mean(axis=1))


class MeanPrecisionAt50(MeanPrecision):
    """Mean over classes where a hit overlaps an object by at least one half."""

    name: ClassVar[str] = "map_50"
    overlaps: ClassVar[NDArray[np.float64]] = COCO_OVERLAPS[:1]


class MeanPrecisionAt75(MeanPrecision):
    """Mean over classes where a hit overlaps an object by at least three quarters."""

    name: ClassVar[str] = "map_75"
    overlaps: ClassVar[NDArray[np.float64]] = COCO_OVERLAPS[5:6]


class WorstClassPrecision(PrecisionQuality):
    """Least over the classes that have objects, where a hit overlaps by at least one half: a floor for every class."""

    name: ClassVar[str] = "worst_class_map_50"
    overlaps: ClassVar[NDArray[np.float64]] = COCO_OVERLAPS[:1]

    def of_classes(self, precisions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Their least."""
        return np.asarray(precisions.min(axis=1))
