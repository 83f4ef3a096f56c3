"""Images of coloured rectangles on noise, whose boxes are known, a small detector, and a workload of both."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from policies.runtime.detection.post_processing import PostProcessing
from policies.tables.boxes import no_boxes
from trainables.data import DataSource
from trainables.data.boxes.samples import DetectionSamples
from trainables.models.detection.anchors import AnchorGrids
from trainables.models.detection.model import DetectorModel
from trainables.workloads import Workload


CLASS_NAMES = ("red", "green", "blue")
N_CLASSES, SIZE = len(CLASS_NAMES), 64
STRIDES, PER_CELL = (8, 16), 3


def rectangles(n_images, *, size=SIZE, seed=0, fewest=0, most=4, sides=None):
    """Images of noise with some rectangles, each of the colour of its class, uint8, and their boxes, (n, most, 6).

    Sides are from a sixth to half of the image's unless their least and their largest number of pixels are given.
    """
    rng = np.random.default_rng(seed)
    shortest, longest = (size // 6, size // 2 - 1) if sides is None else sides
    images = rng.integers(60, 120, (n_images, 3, size, size), dtype=np.uint8)
    objects = no_boxes(n_images, most)
    for image, rows in zip(images, objects, strict=True):
        for row in rows[: rng.integers(fewest, most + 1)]:
            width, height = rng.integers(shortest, longest + 1, 2)
            left, top = rng.integers(0, size - width), rng.integers(0, size - height)
            label = int(rng.integers(N_CLASSES))
            image[:, top : top + height, left : left + width] = 40
            image[label, top : top + height, left : left + width] = 240
            row[:] = [left / size, top / size, (left + width) / size, (top + height) / size, label, 0]
    return images, objects


@dataclass(frozen=True)
class Rectangles(DataSource):
    """The same images each time; other ones where a folder is named."""

    name = "rectangles"

    n_images: int = 200
    size: int = SIZE
    fewest: int = 1
    most: int = 3
    sides: tuple[int, int] | None = None
    is_swapped: bool = False

    def load(self, data_dir, options=None):
        images, objects = rectangles(
            self.n_images,
            size=self.size,
            seed=0 if data_dir is None else 1,
            fewest=self.fewest,
            most=self.most,
            sides=self.sides,
        )
        if self.is_swapped:
            objects[..., :4] = objects[..., [1, 0, 3, 2]]
        names = [f"image-{row}" for row in range(self.n_images)]
        return DetectionSamples(inputs=images, labels=objects, ids=names, class_names=CLASS_NAMES)


class GridHead(nn.Module):
    """Numbers of the anchors of both grids, from features at the finer stride."""

    def __init__(self, channels, n_classes):
        super().__init__()
        self.maps = nn.ModuleList(
            nn.Conv2d(channels, PER_CELL * (5 + n_classes), 3, stride=stride // STRIDES[0], padding=1)
            for stride in STRIDES
        )

    def forward(self, features):
        flat = [one(features).unflatten(1, (PER_CELL, -1)).permute(0, 3, 4, 1, 2).flatten(1, 3) for one in self.maps]
        return torch.cat(flat, dim=1)


def grid_detector(*, input_shape, n_classes, n_exits, width, mean, std, n_boxes=20):
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
        post_processing=PostProcessing(n_boxes=n_boxes),
    )


WORKLOAD = Workload("rectangles", Rectangles(n_images=60), grid_detector, n_exits=2, width=8, task="detection")
PLACE = "tests.toys.rectangles:WORKLOAD"
