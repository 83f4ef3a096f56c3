"""Random transforms of images with boxes, by torchvision, one image at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2

from policies.tables.boxes import CORNERS, LABEL, NO_BOX


if TYPE_CHECKING:
    from trainables.augmentation.boxes import BoxAugmentation


_GREY = 0.5
_LEAST_VISIBLE = 0.25
# Small objects never fill most of a crop: torchvision's own 40 attempts to find one take longer than a training step.
_ATTEMPTS = 5
_KEPT_OVERLAPS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)

Transform = Callable[..., Any]


def transformed(
    augmentation: BoxAugmentation, images: Tensor, objects: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Changed copies; see :meth:`trainables.augmentation.boxes.BoxAugmentation.with_boxes`."""
    size = (int(images.shape[-2]), int(images.shape[-1]))
    seed = int(torch.randint(2**62, (), generator=generator))
    pixelwise, crop, geometric = _transforms(augmentation, size)
    moved, boxes = torch.empty_like(images), objects.clone()
    # Of torchvision's transforms all draw from torch's global generator of the CPU.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for row, (image, own) in enumerate(zip(images, objects, strict=True)):
            there = own[:, LABEL] != NO_BOX
            before = (tv_tensors.Image(_apply(pixelwise, image)), _in_pixels(own[there][:, CORNERS], size))
            # Without a box, torchvision would look for a crop with one for long.
            after = _apply([*(crop if there.any() else ()), *geometric], before)
            moved[row] = after[0].as_subclass(Tensor)
            boxes[row] = _rows(own, there, after[1].as_subclass(Tensor), size)
        moved = torch.stack([_erased(image, augmentation.erase) for image in moved]) if augmentation.erase else moved
    return moved, boxes


def _transforms(
    augmentation: BoxAugmentation, size: tuple[int, int]
) -> tuple[list[Transform], list[Transform], list[Transform]]:
    """What changes colours, what crops, and what moves images and boxes, in the order in which they are applied."""
    own = augmentation
    resized = v2.Resize(size, antialias=True)
    pixelwise: list[Transform] = [v2.RandomPhotometricDistort(p=own.photometric)] if own.photometric else []
    crop: list[Transform] = []
    if own.crop:
        cropped = v2.RandomIoUCrop(sampler_options=list(_KEPT_OVERLAPS), trials=_ATTEMPTS)
        crop = [v2.RandomApply([cropped, resized], p=own.crop), _cut]
    geometric: list[Transform] = []
    if own.zoom_out > 1:
        geometric += [v2.RandomZoomOut(fill=_GREY, side_range=(1.0, own.zoom_out)), resized]
    if own.shift or own.scale:
        factors = (1 - own.scale, 1 + own.scale)
        geometric.append(v2.RandomAffine(0, translate=(own.shift, own.shift), scale=factors, fill=_GREY))
        geometric.append(_cut)
    geometric += [v2.RandomHorizontalFlip()] if own.flip else []
    geometric += [v2.RandomVerticalFlip()] if own.vertical_flip else []
    return pixelwise, crop, geometric


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
