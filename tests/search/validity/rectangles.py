"""Workloads of a detector that can be trained: as they should be, and spoilt."""

from tests.toys.rectangles import Rectangles, grid_detector
from trainables.augmentation.boxes import BoxAugmentation
from trainables.workloads import Workload


def workload(name, *, sides=(10, 30), **options):
    return Workload(
        name,
        Rectangles(sides=sides, **options),
        grid_detector,
        n_exits=2,
        width=16,
        augmentation=BoxAugmentation(flip=True),
        task="detection",
    )


GOOD = workload("good")
SWAPPED = workload("swapped", is_swapped=True)
DOTS = workload("dots", sides=(1, 1))
