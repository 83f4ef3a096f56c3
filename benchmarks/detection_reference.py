"""What pycocotools and torchmetrics say of boxes; tests and benchmarks compare with it."""

from __future__ import annotations

from contextlib import redirect_stdout
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from policies.tables.boxes import CROWD, LABEL, SCORE, is_box


def coco_precisions(
    answers: NDArray[Any], objects: NDArray[Any], n_classes: int, *, sides: tuple[float, float] = (0.0, 1e5)
) -> NDArray[np.float64]:
    """Precision of each overlap, recall and class by pycocotools, shape (10, 101, C); -1 for classes without objects.

    Args:
        answers: Found boxes, shape (N, D, 6).
        objects: True boxes, shape (N, M, 6).
        n_classes: Number of classes.
        sides: Least and largest side of a square of a box's area.
    """
    images = [{"id": i + 1} for i in range(len(objects))]
    classes = [{"id": c + 1} for c in range(n_classes)]
    truth, found = COCO(), COCO()
    truth.dataset = {"images": images, "categories": classes, "annotations": _rows(objects, "iscrowd", CROWD)}
    found.dataset = {"images": images, "categories": classes, "annotations": _rows(answers, "score", SCORE)}
    with redirect_stdout(io.StringIO()):
        truth.createIndex()
        found.createIndex()
        judged = COCOeval(truth, found, "bbox")
        judged.params.areaRng, judged.params.areaRngLbl = [[side**2 for side in sides]], ["all"]
        judged.params.maxDets = [100]
        judged.evaluate()
        judged.accumulate()
    return np.asarray(judged.eval["precision"][:, :, :, 0, 0])


def _rows(boxes: NDArray[Any], name: str, column: int) -> list[dict[str, Any]]:
    """Boxes as annotations, numbered from 1; to pycocotools 0 is no match."""
    rows: list[dict[str, Any]] = []
    for i, image in enumerate(boxes.astype(np.float64)):
        for row in image[is_box(image)].tolist():
            left, top, right, bottom = row[:4]
            rows.append(
                {
                    "id": len(rows) + 1,
                    "image_id": i + 1,
                    "category_id": int(row[LABEL]) + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    name: int(row[column]) if name == "iscrowd" else row[column],
                }
            )
    return rows


def mean_precision(precisions: NDArray[np.float64], overlaps: slice = slice(None)) -> float:
    """Mean over what is there, as pycocotools summarises it; 0 where nothing is."""
    own = precisions[overlaps]
    return float(own[own > -1].mean()) if (own > -1).any() else 0.0


def torchmetrics_figures(answers: NDArray[Any], objects: NDArray[Any]) -> dict[str, Any]:
    """``map``, ``map_50`` and ``map_75`` of torchmetrics, at COCO's overlaps and recalls; -1 without any object."""
    # Here, since the import takes seconds.
    from torchmetrics.detection import MeanAveragePrecision

    # Its own are float32, so that an overlap of exactly .6 would be none.
    overlaps, recalls = np.linspace(0.5, 0.95, 10).tolist(), np.linspace(0, 1, 101).tolist()
    metric = MeanAveragePrecision(iou_thresholds=overlaps, rec_thresholds=recalls)
    metric.update(
        [_tensors(image, "scores") for image in answers.astype(np.float64)],
        [_tensors(image, "iscrowd") for image in objects.astype(np.float64)],
    )
    with redirect_stdout(io.StringIO()):
        return dict(metric.compute())


def _tensors(image: NDArray[np.float64], name: str) -> dict[str, Any]:
    import torch

    rows = torch.tensor(image[is_box(image)])
    last = rows[:, SCORE] if name == "scores" else rows[:, CROWD].long()
    return {"boxes": rows[:, :4], "labels": rows[:, LABEL].long(), name: last}
