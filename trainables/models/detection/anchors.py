"""Anchors: boxes of a few shapes around every cell of a few grids, from which a detector measures what it finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray

from policies.tables.boxes import CORNERS, CROWD, is_box
from trainables.errors import TrainingError


MATCH_IOU = 0.5
"""Least intersection over union of an anchor and an object that are matched (Liu et al., 2016)."""

# An anchor is about so many cells long, as in SSD (Liu et al., 2016) and RetinaNet (Lin et al., 2017).
_CELLS_PER_ANCHOR = 4.0
# Fitted ones are smaller: at four cells, small objects share the finest grid, and its few shapes, with middling ones that
# are many, and are hardly learnt (platelets among red blood cells: average precision .03 instead of .6).
_CELLS_PER_OBJECT = 2.5
_LARGEST_DEFAULT = 0.9
# Relative length and ratio of width to height; the second is the additional square of SSD.
_DEFAULT_SHAPES = ((1.0, 1.0), (math.sqrt(2.0), 1.0), (1.0, 2.0), (1.0, 0.5), (1.0, 3.0), (1.0, 1 / 3))
_MOST_ROUNDS = 100
_OBJECTS_AT_ONCE = 2000


@dataclass(frozen=True)
class AnchorGrids:
    """The grids of cells that all exits of a detector share, the finest first.

    Attributes:
        sizes: Rows and columns of each grid.
        n_per_cell: Number of anchors around each cell, for each grid.

    Raises:
        TrainingError: If a number is not for each grid, or out of range.
    """

    sizes: tuple[tuple[int, int], ...]
    n_per_cell: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.n_per_cell) != len(self.sizes):
            raise TrainingError(
                f"anchors_per_cell must be one number, or one for each of the {len(self.sizes)} grids, "
                f"but there are {len(self.n_per_cell)}"
            )
        most = len(_DEFAULT_SHAPES)
        if not all(isinstance(n, int) and 1 <= n <= most for n in self.n_per_cell):
            raise TrainingError(f"anchors_per_cell must be from 1 to {most} but is {list(self.n_per_cell)}")

    @property
    def n_anchors(self) -> int:
        """Number of anchors, ``A``."""
        return sum(rows * columns * n for (rows, columns), n in zip(self.sizes, self.n_per_cell, strict=True))


def default_anchors(grids: AnchorGrids) -> NDArray[np.float32]:
    """Anchors of SSD's shapes, four cells long, for who has no objects to fit them to.

    Returns:
        Left, top, right and bottom as shares of the image, shape (A, 4): grid by grid, row by row, cell by cell.
    """
    return _placed(grids, [_default_shapes(size, n) for size, n in zip(grids.sizes, grids.n_per_cell, strict=True)])


def fit_anchors(objects: NDArray[np.float32], grids: AnchorGrids, *, seed: int = 0) -> NDArray[np.float32]:
    """Anchors of the widths and heights that objects have.

    An object counts for the grid of which its side, the geometric mean of width and height, is nearest to 2.5 cells.
    The shapes of a grid are the centres of its objects' clusters by k-means with ``1 - IoU`` as the distance (Redmon
    and Farhadi, YOLO9000, 2017). Where a grid has fewer different objects than shapes, default shapes fill up.

    Args:
        objects: True boxes, shape (N, M, 6); crowds and boxes without area do not count.
        grids: The grids, and how many shapes each has.
        seed: Of the clusters' first centres.

    Returns:
        Left, top, right and bottom as shares of the image, shape (A, 4): grid by grid, row by row, cell by cell.
    """
    sizes = _sizes_of(_single_objects(objects))
    sides = np.log(np.sqrt(sizes.prod(axis=1)))
    natural = np.log([_CELLS_PER_OBJECT * _cell_side(size) for size in grids.sizes])
    nearest = np.abs(sides[:, None] - natural).argmin(axis=1)
    rng = np.random.default_rng(seed)
    shapes = []
    for k, (size, n) in enumerate(zip(grids.sizes, grids.n_per_cell, strict=True)):
        own = np.unique(sizes[nearest == k], axis=0, return_counts=True)
        fitted = own[0] if len(own[0]) < n else _clusters(own[0], own[1], n, rng)
        shapes.append(np.concatenate([fitted, _default_shapes(size, n)])[:n])
    return _placed(grids, shapes)


def matched_share(anchors: NDArray[np.float32], objects: NDArray[np.float32], *, least_iou: float = MATCH_IOU) -> float:
    """Share of the objects that some anchor overlaps enough; NaN where there are none.

    Args:
        anchors: Shape (A, 4).
        objects: True boxes, shape (N, M, 6); crowds and boxes without area do not count.
        least_iou: Least intersection over union.
    """
    # Here, since the import takes seconds.
    import torch
    from torchvision.ops import box_iou

    boxes = torch.as_tensor(_single_objects(objects))
    if not len(boxes):
        return math.nan
    parts = torch.split(boxes, _OBJECTS_AT_ONCE)
    best = [box_iou(some, torch.as_tensor(anchors)).amax(dim=1) for some in parts]
    return float((torch.cat(best) >= least_iou).float().mean())


def _single_objects(objects: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners of the objects that are matched, shape (n, 4)."""
    boxes = objects[is_box(objects) & (objects[..., CROWD] == 0)][:, CORNERS]
    return np.asarray(boxes[(_sizes_of(boxes) > 0).all(axis=1)], dtype=np.float32)


def _sizes_of(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Width and height, shape (n, 2)."""
    return np.asarray(boxes[:, 2:] - boxes[:, :2], dtype=np.float64)


def _cell_side(size: tuple[int, int]) -> float:
    rows, columns = size
    return 1 / math.sqrt(rows * columns)


def _default_shapes(size: tuple[int, int], n: int) -> NDArray[np.float64]:
    """Width and height of default anchors of a grid, shape (n, 2)."""
    rows, columns = size
    shapes = []
    for length, ratio in _DEFAULT_SHAPES[:n]:
        width, height = length * math.sqrt(ratio), length / math.sqrt(ratio)
        shapes.append((_CELLS_PER_ANCHOR * width / columns, _CELLS_PER_ANCHOR * height / rows))
    return np.minimum(shapes, _LARGEST_DEFAULT)


def _clusters(
    sizes: NDArray[np.float64], counts: NDArray[np.int64], n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Centres of ``n`` clusters of widths and heights, shape (n, 2), the smallest first."""
    centres = _first_centres(sizes, counts, n, rng)
    nearest = np.full(len(sizes), -1)
    for _ in range(_MOST_ROUNDS):
        before, nearest = nearest, _size_iou(sizes, centres).argmax(axis=1)
        if (before == nearest).all():
            break
        for k in range(n):
            of = nearest == k
            if of.any():
                centres[k] = np.average(sizes[of], axis=0, weights=counts[of])
    return np.asarray(centres[np.argsort(centres.prod(axis=1), kind="stable")])


def _first_centres(
    sizes: NDArray[np.float64], counts: NDArray[np.int64], n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Some of the sizes, each far from those before: k-means++ (Arthur and Vassilvitskii, 2007)."""
    chosen = [rng.choice(len(sizes), p=counts / counts.sum())]
    for _ in range(n - 1):
        distance = 1 - _size_iou(sizes, sizes[chosen]).max(axis=1)
        weight = counts * np.clip(distance, 0.0, None) ** 2
        weight[chosen] = 0.0
        # Sizes that differ by rounding alone are at no distance.
        weight = weight if weight.sum() > 0 else np.where(np.isin(np.arange(len(sizes)), chosen), 0.0, 1.0)
        chosen.append(rng.choice(len(sizes), p=weight / weight.sum()))
    return sizes[chosen].copy()


def _size_iou(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Intersection over union of boxes with one centre, shape (n, k)."""
    shared = np.minimum(one[:, None], other).prod(axis=2)
    return np.asarray(shared / (one.prod(axis=1)[:, None] + other.prod(axis=1) - shared))


def _placed(grids: AnchorGrids, shapes: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """Each shape around the middle of each cell of its grid, shape (A, 4)."""
    parts = []
    for (rows, columns), own in zip(grids.sizes, shapes, strict=True):
        y, x = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
        centres = np.stack([x, y], axis=-1).reshape(-1, 1, 2)
        parts.append(np.concatenate([centres - own / 2, centres + own / 2], axis=-1).reshape(-1, 4))
    return np.concatenate(parts).astype(np.float32)
