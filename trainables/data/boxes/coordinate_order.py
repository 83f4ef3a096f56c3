"""Whether images support the boxes in them as they are, or with x and y swapped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.tables.boxes import CORNERS, CROWD, is_box


_RING = 1.4
_MOST_IMAGES = 500
_FEWEST_IMAGES = 6
_TRANSPOSED = [1, 0, 3, 2]


@dataclass(frozen=True)
class CoordinateOrder:
    """How much objects stand out from what surrounds them, with their boxes as they are and with x and y swapped.

    Attributes:
        n_images: Images with boxes that were looked at.
        contrast: Mean over images of the contrast of their boxes as they are, in standard deviations of the image.
        swapped_contrast: The same with x and y of the boxes swapped.
        p_value: Of Wilcoxon's signed-rank test (1945) that neither is larger, paired by image, two-sided; 1 where
            there are fewer than 6 images.
        significance: What the p-value must be below for a finding.
    """

    n_images: int
    contrast: float
    swapped_contrast: float
    p_value: float
    significance: float = 0.01

    @property
    def is_swapped(self) -> bool:
        """Whether the images support the boxes with x and y swapped."""
        return self.p_value < self.significance and self.swapped_contrast > self.contrast

    @property
    def is_supported(self) -> bool:
        """Whether the images support the boxes as they are."""
        return self.p_value < self.significance and self.contrast > self.swapped_contrast

    @property
    def clause(self) -> str:
        """The finding as half a sentence."""
        figures = f"contrast {self.contrast:.2f} as they are, {self.swapped_contrast:.2f} with x and y swapped"
        told = f"{figures}; {self.n_images} images, p = {self.p_value:.2g}"
        if self.is_swapped:
            return f"boxes fit what is seen better with x and y swapped ({told}): they are probably swapped"
        if self.is_supported:
            return f"boxes fit what is seen better as they are than with x and y swapped ({told})"
        return f"boxes fit what is seen no better as they are than with x and y swapped ({told})"


def coordinate_order(inputs: NDArray[np.generic], objects: NDArray[np.float32]) -> CoordinateOrder:
    """Compare the contrast of boxes as they are with that of their transposes.

    The contrast of a box is the distance between the mean colours within it and in a ring around it, in standard
    deviations of the image; of an image it is the mean over its boxes, crowds aside. Of more than 500 images with boxes
    every second, third and so on is looked at.

    Args:
        inputs: Images, shape (N, channels, height, width).
        objects: True boxes, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`.
    """
    # Here, since the import takes seconds and the check is made only where training has failed.
    from scipy.stats import wilcoxon

    counted = is_box(objects) & (objects[..., CROWD] == 0)
    rows = np.flatnonzero(counted.any(axis=1))
    rows = rows[:: -(-len(rows) // _MOST_IMAGES) or 1]
    pairs = np.array([_contrasts(inputs[row], objects[row][counted[row]][:, CORNERS]) for row in rows]).reshape(-1, 2)
    differences = pairs[:, 0] - pairs[:, 1]
    is_tested = len(rows) >= _FEWEST_IMAGES and differences.any()
    p_value = float(wilcoxon(differences).pvalue) if is_tested else 1.0
    given, swapped = pairs.mean(axis=0) if len(rows) else (0.0, 0.0)
    return CoordinateOrder(len(rows), float(given), float(swapped), p_value)


def _contrasts(image: NDArray[np.generic], corners: NDArray[np.float32]) -> tuple[float, float]:
    """Mean contrast of the boxes of an image as they are, and of their transposes."""
    pixels = image.astype(np.float64)
    spread = pixels.std(axis=(1, 2), keepdims=True)
    standard = (pixels - pixels.mean(axis=(1, 2), keepdims=True)) / np.where(spread > 0, spread, 1)
    sums = np.pad(standard.cumsum(axis=1).cumsum(axis=2), ((0, 0), (1, 0), (1, 0)))
    return _contrast(sums, corners), _contrast(sums, corners[:, _TRANSPOSED])


def _contrast(sums: NDArray[np.float64], corners: NDArray[np.float32]) -> float:
    """Mean over boxes of the distance between the mean colours within and around, from sums over rectangles."""
    centre = np.tile((corners[:, :2] + corners[:, 2:]) / 2, 2)
    wide = (centre + _RING * (corners - centre)).clip(0, 1)
    inner, n_inner = _rectangle(sums, corners)
    outer, n_outer = _rectangle(sums, wide)
    n_ring = n_outer - n_inner
    means = inner / np.maximum(n_inner, 1) - (outer - inner) / np.maximum(n_ring, 1)
    distance = np.sqrt((means**2).mean(axis=0))
    return float(np.where((n_inner > 0) & (n_ring > 0), distance, 0).mean())


def _rectangle(
    sums: NDArray[np.float64], corners: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sum over the pixels of each rectangle, shape (channels, boxes), and how many they are, shape (boxes,)."""
    height, width = (side - 1 for side in sums.shape[1:])
    left, right = np.round(corners[:, [0, 2]].T * width).astype(np.int64)
    top, bottom = np.round(corners[:, [1, 3]].T * height).astype(np.int64)
    total = sums[:, bottom, right] - sums[:, top, right] - sums[:, bottom, left] + sums[:, top, left]
    return total, (right - left) * (bottom - top)
