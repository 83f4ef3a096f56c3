"""Random transforms of images with boxes, by torchvision, one image at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from policies.tables.boxes import CORNERS, LABEL, NO_BOX


_GREY = 0.5
_LEAST_VISIBLE = 0.25
# Small objects never fill most of a crop: torchvision's own 40 attempts to find one take longer than a training step.
_ATTEMPTS = 5
# By how much SSD changes colours (Liu et al., 2016).
_COLOURS = {"brightness": (0.875, 1.125), "contrast": (0.5, 1.5), "saturation": (0.5, 1.5), "hue": (-0.05, 0.05)}
_KEPT_OVERLAPS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)

Transform = Callable[..., Any]


def transformed(
    images: Tensor, objects: Tensor, generator: torch.Generator, *, erase: float, photometric: float, **moves: Any
) -> tuple[Tensor, Tensor]:
    """Changed copies; see :meth:`trainables.augmentation.boxes.BoxAugmentation.with_boxes`.

    Args:
        images: Shape (N, channels, height, width), floats in 0..1.
        objects: True boxes, shape (N, M, 6).
        generator: One number is drawn of it.
        erase: Probability that a box of an image is erased.
        photometric: Probability of each change of colours.
        **moves: The other numbers of the augmentation, by their names.
    """
    size = (int(images.shape[-2]), int(images.shape[-1]))
    seed = int(torch.randint(2**62, (), generator=generator))
    recolouring = _recolouring(photometric) if photometric else []
    crop, geometric = _transforms(size, **moves)
    moved, boxes = torch.empty_like(images), objects.clone()
    # Of torchvision's transforms all draw from torch's global generator of the CPU.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for row, (image, own) in enumerate(zip(images, objects, strict=True)):
            there = own[:, LABEL] != NO_BOX
            before = (tv_tensors.Image(_apply(recolouring, image)), _in_pixels(own[there][:, CORNERS], size))
            # Without a box, torchvision would look for a crop with one for long.
            after = _apply([*(crop if there.any() else ()), *geometric], before)
            moved[row] = after[0].as_subclass(Tensor)
            boxes[row] = _rows(own, there, after[1].as_subclass(Tensor), size)
        moved = torch.stack([_erased(image, erase) for image in moved]) if erase else moved
    return moved, boxes


def _recolouring(probability: float) -> list[Transform]:
    """The changes of colours, each made with a probability of its own."""
    # Torchvision's RandomPhotometricDistort exchanges colours too.
    return [v2.RandomApply([v2.ColorJitter(**{name: limits})], p=probability) for name, limits in _COLOURS.items()]


def _transforms(
    size: tuple[int, int],
    *,
    shift: float,
    flip: bool,
    vertical_flip: bool,
    scale: float,
    zoom_out: float,
    crop: float,
) -> tuple[list[Transform], list[Transform]]:
    """What crops, and what else moves images and boxes, in the order in which they are applied."""
    resized = v2.Resize(size, antialias=True)
    cropping: list[Transform] = []
    if crop:
        cropped = v2.RandomIoUCrop(sampler_options=list(_KEPT_OVERLAPS), trials=_ATTEMPTS)
        cropping = [v2.RandomApply([cropped, resized], p=crop), _cut]
    moving: list[Transform] = []
    if zoom_out > 1:
        moving += [v2.RandomZoomOut(fill=_GREY, side_range=(1.0, zoom_out)), resized]
    if shift or scale:
        moving += [v2.RandomAffine(0, translate=(shift, shift), scale=(1 - scale, 1 + scale), fill=_GREY), _cut]
    moving += [v2.RandomHorizontalFlip()] if flip else []
    moving += [v2.RandomVerticalFlip()] if vertical_flip else []
    return cropping, moving


def _apply(transforms: Sequence[Transform], given: Any) -> Any:
    for transform in transforms:
        given = transform(given)
    return given


def _erased(image: Tensor, probability: float) -> Tensor:
    erased: Tensor = v2.RandomErasing(p=probability)(image)
    return erased


def _in_pixels(corners: Tensor, size: tuple[int, int]) -> tv_tensors.BoundingBoxes:
    """Corners in pixels that are not clipped, so that it is known how much of a box is left."""
    return tv_tensors.BoundingBoxes(
        corners * corners.new_tensor([size[1], size[0]] * 2),
        format=tv_tensors.BoundingBoxFormat.XYXY,
        canvas_size=size,
        clamping_mode=None,
    )


def _cut(given: tuple[tv_tensors.Image, tv_tensors.BoundingBoxes]) -> tuple[Any, tv_tensors.BoundingBoxes]:
    """Boxes cut off at the image, which may be put into a frame next; those of which little is left get no area."""
    image, boxes = given
    corners = boxes.as_subclass(Tensor)
    height, width = boxes.canvas_size
    visible = torch.minimum(corners.clamp(min=0), corners.new_tensor([width, height] * 2))
    is_left = _area(visible) > _LEAST_VISIBLE * _area(corners)
    return image, tv_tensors.wrap(visible * is_left[:, None], like=boxes)


def _rows(own: Tensor, there: Tensor, moved: Tensor, size: tuple[int, int]) -> Tensor:
    """Rows of an image with the moved corners, shape (M, 6), those that are no box any more last."""
    shares = (moved / moved.new_tensor([size[1], size[0]] * 2)).clamp(0, 1)
    kept = (shares[:, 2:] > shares[:, :2]).all(dim=1)
    rows = torch.zeros_like(own)
    rows[:, LABEL] = NO_BOX
    n_kept = int(kept.sum())
    rows[:n_kept] = own[there][kept]
    rows[:n_kept, CORNERS] = shares[kept]
    return rows


def _area(corners: Tensor) -> Tensor:
    return (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
