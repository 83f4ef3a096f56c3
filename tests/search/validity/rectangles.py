"""Images of coloured rectangles with a small detector, as workloads of their own: as they should be, and spoilt."""

from dataclasses import dataclass

import numpy as np
from torch import nn

from policies.runtime.detection.post_processing import PostProcessing
from policies.tables.boxes import no_boxes
from trainables.augmentation.boxes import BoxAugmentation
from trainables.data import DataSource
from trainables.data.boxes.samples import DetectionSamples
from trainables.models.detection.anchors import AnchorGrids
from trainables.models.detection.model import DetectorModel
from trainables.workloads import Workload


SIZE, STRIDES, PER_CELL = 64, (8, 16), 3
COLOURS = ("red", "green", "blue")


class GridHead(nn.Module):
    """Numbers of the anchors of both grids, from features at the finer stride."""

    def __init__(self, channels, n_classes):
        super().__init__()
        self.fine = nn.Conv2d(channels, PER_CELL * (5 + n_classes), 3, padding=1)
        self.coarse = nn.Conv2d(channels, PER_CELL * (5 + n_classes), 3, stride=2, padding=1)

    def forward(self, features):
        maps = (self.fine(features), self.coarse(features))
        rows = [one.unflatten(1, (PER_CELL, -1)).permute(0, 3, 4, 1, 2).flatten(1, 3) for one in maps]
        return nn.functional.pad(rows[0], (0, 0, 0, rows[1].shape[1])) + nn.functional.pad(
            rows[1], (0, 0, rows[0].shape[1], 0)
        )


def build(*, input_shape, n_classes, n_exits, width, mean, std):
    """A detector of 3 x 3 convolutions down to the finer stride; later stages keep the size."""

    def block(n_inputs, stride):
        return [nn.Conv2d(n_inputs, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]

    first = nn.Sequential(*block(input_shape[0], 2), *block(width, 2), *block(width, 2))
    stages = [first, *(nn.Sequential(*block(width, 1)) for _ in range(n_exits - 1))]
    sizes = tuple((input_shape[1] // stride, input_shape[2] // stride) for stride in STRIDES)
    return DetectorModel(
        stages,
        [GridHead(width, n_classes) for _ in range(n_exits)],
        grids=AnchorGrids(sizes, (PER_CELL,) * len(STRIDES)),
        mean=mean,
        std=std,
        post_processing=PostProcessing(n_boxes=20),
    )


@dataclass(frozen=True)
class Rectangles(DataSource):
    """Noise with up to three rectangles, each of the colour of its class."""

    name = "rectangles"

    shortest: int = 10
    longest: int = 30
    is_swapped: bool = False
    n_images: int = 200

    def load(self, data_dir, options):
        rng = np.random.default_rng(0)
        images = rng.integers(60, 120, (self.n_images, 3, SIZE, SIZE), dtype=np.uint8)
        objects = no_boxes(self.n_images, 3)
        for image, rows in zip(images, objects, strict=True):
            for row in rows[: rng.integers(1, 4)]:
                width, height = rng.integers(self.shortest, self.longest + 1, 2)
                left, top = rng.integers(0, SIZE - width), rng.integers(0, SIZE - height)
                label = int(rng.integers(len(COLOURS)))
                image[:, top : top + height, left : left + width] = 40
                image[label, top : top + height, left : left + width] = 240
                row[:] = [left, top, left + width, top + height, SIZE * label, 0]
                row /= SIZE
        if self.is_swapped:
            objects[..., :4] = objects[..., [1, 0, 3, 2]]
        names = [f"image-{i}" for i in range(self.n_images)]
        return DetectionSamples(inputs=images, labels=objects, ids=names, class_names=COLOURS)


def workload(name, **options):
    return Workload(
        name,
        Rectangles(**options),
        build,
        n_exits=2,
        width=16,
        augmentation=BoxAugmentation(flip=True),
        task="detection",
    )


GOOD = workload("good")
SWAPPED = workload("swapped", is_swapped=True)
DOTS = workload("dots", shortest=1, longest=1)
