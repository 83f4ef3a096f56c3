"""What pycocotools and torchmetrics say of boxes, to compare with."""

from contextlib import redirect_stdout
import io

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from policies.tables.boxes import CROWD, LABEL, SCORE, is_box


def coco_precisions(answers, objects, n_classes, *, sides=(0.0, 1e5)):
    """Precision of each overlap, recall and class, shape (10, 101, C); -1 for classes without an object.

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
    return judged.eval["precision"][:, :, :, 0, 0]


def _rows(boxes, name, column):
    """Boxes as annotations, numbered from 1; to pycocotools 0 is no match."""
    boxes = boxes.astype(np.float64)
    rows = []
    for i, image in enumerate(boxes):
        for row in image[is_box(image)]:
            left, top, right, bottom = row[:4]
            value = int(row[column]) if name == "iscrowd" else float(row[column])
            rows.append(
                {
                    "id": len(rows) + 1,
                    "image_id": i + 1,
                    "category_id": int(row[LABEL]) + 1,
                    "bbox": [left, top, right - left, bottom - top],
                    "area": (right - left) * (bottom - top),
                    name: value,
                }
            )
    return rows


def torchmetrics_figures(answers, objects):
    """``map``, ``map_50``, ``map_75`` and ``map_per_class`` of torchmetrics, at the overlaps and recalls of COCO."""
    import torch
    from torchmetrics.detection import MeanAveragePrecision

    metric = MeanAveragePrecision(
        iou_thresholds=np.linspace(0.5, 0.95, 10).tolist(),
        rec_thresholds=np.linspace(0, 1, 101).tolist(),
        class_metrics=True,
    )
    for found, true in zip(answers.astype(np.float64), objects.astype(np.float64), strict=True):
        found, true = found[is_box(found)], true[is_box(true)]
        metric.update(
            [
                {
                    "boxes": torch.tensor(found[:, :4]),
                    "labels": torch.tensor(found[:, LABEL]).long(),
                    "scores": torch.tensor(found[:, SCORE]),
                }
            ],
            [
                {
                    "boxes": torch.tensor(true[:, :4]),
                    "labels": torch.tensor(true[:, LABEL]).long(),
                    "iscrowd": torch.tensor(true[:, CROWD]).long(),
                }
            ],
        )
    with redirect_stdout(io.StringIO()):
        return metric.compute()


def mean_precision(precisions, overlaps=slice(None)):
    """Mean over what is there, as pycocotools summarises it; 0 where nothing is."""
    own = precisions[overlaps]
    return own[own > -1].mean() if (own > -1).any() else 0.0
