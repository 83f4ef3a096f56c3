"""A small detector, and images with coloured rectangles that it can learn to find."""

import numpy as np
import torch

from policies.tables.boxes import no_boxes
from trainables.data import Split
from trainables.models.families.detectors.ssd import ssd


SIZE, CLASS_NAMES = 160, ("red", "green", "blue")


def rectangles(n_images, *, seed=0, size=SIZE, most=4, prefix="i"):
    """Images of noise with up to four rectangles, uint8, and what is in them, as a split."""
    rng = np.random.default_rng(seed)
    images = rng.integers(60, 120, (n_images, 3, size, size), dtype=np.uint8)
    objects = no_boxes(n_images, most)
    for image, rows in zip(images, objects, strict=True):
        for row in rows[: rng.integers(1, most + 1)]:
            width, height = rng.integers(size // 6, size // 2, 2)
            left, top = rng.integers(0, size - width), rng.integers(0, size - height)
            label = int(rng.integers(len(CLASS_NAMES)))
            image[:, top : top + height, left : left + width] = 40
            image[label, top : top + height, left : left + width] = 240
            row[:] = [left / size, top / size, (left + width) / size, (top + height) / size, label, 0]
    ids = np.array([f"{prefix}{k}" for k in range(n_images)])
    return Split(inputs=images, labels=objects, ids=ids, groups=None)


def small_detector(n_exits=3, objects=None, **options):
    """An untrained SSD on the smallest backbone."""
    torch.manual_seed(0)
    options = {"backbone": "mobilenet_v3_small", "anchors_per_cell": 2, "width": 16, "n_boxes": 30, **options}
    shape, n_classes = (3, SIZE, SIZE), len(CLASS_NAMES)
    model = ssd(input_shape=shape, n_classes=n_classes, n_exits=n_exits, mean=[0.4] * 3, std=[0.3] * 3, **options)
    if objects is not None:
        model.fit_anchors(objects)
    return model.eval()
