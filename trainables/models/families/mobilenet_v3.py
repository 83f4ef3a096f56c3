"""MobileNetV3 (Howard et al., 2019) with any number of exits, for images from 28x28 pixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal

from trainables.errors import TrainingError
from trainables.models.base import MultiExitModel
from trainables.models.families.torchvision_networks import refuse_pretrained_width, torchvision_network


_TRAINED_WIDTH = 16
# torchvision rounds all channels to multiples of it.
_WIDTH_STEP = 8


def mobilenet_v3(
    variant: Literal["small", "large"],
    *,
    input_shape: tuple[int, ...],
    n_classes: int,
    n_exits: int,
    width: int,
    mean: Sequence[float],
    std: Sequence[float],
    blocks: Sequence[str] | None = None,
    pretrained: bool = False,
) -> MultiExitModel:
    """Torchvision's MobileNetV3, all channels scaled by ``width / 16``; its blocks are "features.0" and on.

    Args:
        variant: Which of the two networks of the paper: ``small`` or ``large``.
        input_shape: (channels, height, width); one channel is repeated to three.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.
        n_exits: Number of exits, ``E``, the full network's own among them.
        width: Channels of the first stage, a multiple of 8.
        mean: Per input channel; with pretrained weights, theirs count instead.
        std: Per input channel; with pretrained weights, theirs count instead.
        blocks: The ``E - 1`` blocks that exits follow; without, they are spread evenly by cost.
        pretrained: Start from ImageNet weights, which are for width 16, with a new last layer.

    Raises:
        TrainingError: If the width cannot be had or for a reason of
            :func:`~trainables.models.families.torchvision_networks.torchvision_network`.
    """
    if width < _WIDTH_STEP or width % _WIDTH_STEP:
        near = max(_WIDTH_STEP, round(width / _WIDTH_STEP) * _WIDTH_STEP)
        raise TrainingError(f"width must be a multiple of {_WIDTH_STEP} for MobileNetV3 but is {width}; say {near}")
    refuse_pretrained_width(width, _TRAINED_WIDTH, pretrained=pretrained)
    return torchvision_network(
        f"mobilenet_v3_{variant}",
        input_shape=input_shape,
        n_classes=n_classes,
        n_exits=n_exits,
        width=width,
        mean=mean,
        std=std,
        blocks=blocks,
        pretrained=pretrained,
        width_mult=width / _TRAINED_WIDTH,
    )


mobilenet_v3_small = partial(mobilenet_v3, "small")
mobilenet_v3_large = partial(mobilenet_v3, "large")
