"""Average precisions of boxes, by class and by size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.qualities.detection.mean_precision import COCO_OVERLAPS
from policies.qualities.detection.precision import PreparedPrecisions, SideRange
from policies.tables.detection import TrueBoxes


SIZES = {"small": SideRange(0.0, 0.05), "medium": SideRange(0.05, 0.15), "large": SideRange(0.15, 2.0)}
"""Sizes of boxes by the side of a square of their area, as a share of the image's side."""


def precision_figures(answers: NDArray[Any], truth: TrueBoxes, class_names: Sequence[str]) -> dict[str, Any]:
    """Average precisions as COCO has them, as JSON values, all maximised.

    Args:
        answers: One answer for each image, shape (N, D, 6).
        truth: What is there.
        class_names: Name of each class.

    Returns:
        ``map``, ``map_50``, ``map_75`` and ``worst_class_map_50``, 0 where there is no object at all; by class
        ``ap_by_class`` and ``ap_50_by_class``, None for one without objects; and ``map_50_by_size`` by
        :data:`SIZES`, None where no object is of that size.
    """
    found = precisions(answers, truth)
    at_50 = found[:, :1]
    return {
        "map": _mean(found) or 0.0,
        "map_50": _mean(at_50) or 0.0,
        "map_75": _mean(found[:, 5:6]) or 0.0,
        "worst_class_map_50": 0.0 if np.isnan(at_50).all() else float(np.nanmin(at_50)),
        "ap_by_class": {name: _mean(own) for name, own in zip(class_names, found, strict=True)},
        "ap_50_by_class": {name: _mean(own) for name, own in zip(class_names, at_50, strict=True)},
        "map_50_by_size": {
            name: _mean(precisions(answers, truth, COCO_OVERLAPS[:1], sizes)) for name, sizes in SIZES.items()
        },
    }


def precisions(
    answers: NDArray[Any],
    truth: TrueBoxes,
    overlaps: NDArray[np.float64] = COCO_OVERLAPS,
    sizes: SideRange | None = None,
) -> NDArray[np.float64]:
    """Average precision of each class at each least overlap, shape (C, T); NaN for a class without objects.

    Args:
        answers: One answer for each image, shape (N, D, 6).
        truth: What is there.
        overlaps: Least intersections over union of a hit, shape (T,).
        sizes: The boxes that are asked for; all where None.
    """
    prepared = PreparedPrecisions.of(answers[:, None], truth, overlaps, sizes)
    return np.asarray(prepared.of_policies(np.zeros((1, len(answers)), dtype=np.int32))[0])


def _mean(values: NDArray[np.float64]) -> float | None:
    return None if np.isnan(values).all() else float(np.nanmean(values))
