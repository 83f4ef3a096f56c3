"""A tiny detector with exits, images with coloured rectangles, and everything of it that goes into a bundle."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from policies.runtime.detection.post_processing import PostProcessing
from trainables.models.detection.model import DetectorModel


SIZE, N_CLASSES = 64, 3
STRIDES = (8, 16)
_SIDES = (0.15, 0.4)


def anchor_boxes(size=SIZE):
    """Two squares in each cell of two grids, shape (A, 4), corners as shares."""
    boxes = []
    for stride, side in zip(STRIDES, _SIDES, strict=True):
        n = size // stride
        y, x = np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(n) + 0.5) / n, indexing="ij")
        for scale in (1.0, 1.5):
            half = side * scale / 2
            boxes.append(np.stack([x - half, y - half, x + half, y + half], -1).reshape(-1, 4))
    return torch.tensor(np.concatenate(boxes), dtype=torch.float32)


class GridHead(nn.Module):
    """Raw numbers of the anchors of both grids, from features at stride 4."""

    def __init__(self, channels):
        super().__init__()
        self.maps = nn.ModuleList(
            nn.Conv2d(channels, 2 * (5 + N_CLASSES), stride // 4, stride=stride // 4) for stride in STRIDES
        )

    def forward(self, features):
        flat = [one(features).unflatten(1, (2, -1)).permute(0, 1, 3, 4, 2).flatten(1, 3) for one in self.maps]
        return torch.cat(flat, dim=1)


def tiny_detector(n_exits=3, channels=8, **options):
    """Random weights, spread so that scores differ."""
    torch.manual_seed(0)
    stages = [
        nn.Sequential(nn.Conv2d(3 if k == 0 else channels, channels, 3, 4 if k == 0 else 1, 1), nn.ReLU())
        for k in range(n_exits)
    ]
    model = DetectorModel(
        stages,
        [GridHead(channels) for _ in range(n_exits)],
        anchors=anchor_boxes(),
        mean=[0.4] * 3,
        std=[0.2] * 3,
        post_processing=PostProcessing(**{"n_boxes": 20, **options}),
    )
    for head in model.heads:
        for one in head.maps:
            one.weight.data *= 4
    return model.eval()


def rectangles(n_images, size=SIZE, seed=0):
    """Images of noise with up to four coloured rectangles, uint8, and what is in them, shape (n, 4, 6)."""
    rng = np.random.default_rng(seed)
    images = rng.integers(60, 120, (n_images, 3, size, size), dtype=np.uint8)
    objects = np.zeros((n_images, 4, 6), np.float32)
    objects[..., 4] = -1
    for image, rows in zip(images, objects, strict=True):
        for row in rows[: rng.integers(0, 5)]:
            width, height = rng.integers(size // 6, size // 2, 2)
            left, top = rng.integers(0, size - width), rng.integers(0, size - height)
            label = int(rng.integers(N_CLASSES))
            image[:, top : top + height, left : left + width] = 40
            image[label, top : top + height, left : left + width] = 240
            row[:] = [left / size, top / size, (left + width) / size, (top + height) / size, label, 0]
    return images, objects
