"""Boxes as what a head predicts: offsets from anchors, as torchvision's coder has them."""

from __future__ import annotations

from torch import Tensor
from torchvision.models.detection._utils import BoxCoder


# Of the offsets of centre and size in SSD (Liu et al., 2016): their variances there are 0.1 and 0.2.
_CODER = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0))


def encode(boxes: Tensor, anchors: Tensor) -> Tensor:
    """Offsets of boxes from anchors, shape (n, 4).

    Args:
        boxes: Left, top, right and bottom, shape (n, 4), with an area.
        anchors: That of each box, shape (n, 4).
    """
    offsets: Tensor = _CODER.encode_single(boxes, anchors)
    return offsets


def decode(offsets: Tensor, anchors: Tensor) -> Tensor:
    """Left, top, right and bottom of the boxes, shape (N, A, 4); they may reach out of the image.

    Args:
        offsets: As :func:`encode` gives them, shape (N, A, 4).
        anchors: Shape (A, 4).
    """
    n_images = offsets.shape[0]
    of_each = anchors.expand(n_images, -1, -1).reshape(-1, 4)
    boxes: Tensor = _CODER.decode_single(offsets.reshape(-1, 4), of_each).reshape(n_images, -1, 4)
    return boxes
