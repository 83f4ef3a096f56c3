"""What pycocotools and torchmetrics say of boxes, as the benchmarks ask them."""

from pathlib import Path
import sys


# Benchmarks are scripts that import each other from their own folder.
sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

from detection_reference import coco_precisions, mean_precision, torchmetrics_figures


__all__ = ["coco_precisions", "mean_precision", "torchmetrics_figures"]
