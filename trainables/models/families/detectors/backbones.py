"""The networks that detectors are built on, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from trainables.models.families.detectors.lite import LITE0, LITE0_MEAN, LITE0_STD, efficientnet_lite0
from trainables.models.families.torchvision_networks import quicken_statistics, torchvision_backbone


# Exits that leave about a third, and half, of what a full network takes on a processor.
_BLOCKS = {
    LITE0: ("blocks.4", "blocks.7"),
    "mobilenet_v3_large": ("features.6", "features.10"),
}


@dataclass(frozen=True)
class Backbone:
    """A network that detectors are built on.

    Attributes:
        network: From standardised images, shape (N, channels, H, W), to anything.
        mean: Per input channel, what it was trained with; None where it is untrained.
        std: Per input channel, what it was trained with; None where it is untrained.
    """

    network: nn.Module
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None


def build_backbone(name: str, size: tuple[int, int], *, pretrained: bool, **options: Any) -> Backbone:
    """A backbone by its name.

    Args:
        name: ``efficientnet-lite0``, or a classifier of ``torchvision.models``, also with hyphens for underscores.
        size: Height and width of the images.
        pretrained: Start from ImageNet weights.
        **options: Of torchvision's own function of that name.

    Raises:
        TrainingError: If there is no such network, or its ImageNet weights cannot be had.
    """
    if name == LITE0:
        network = efficientnet_lite0(size, pretrained=pretrained)
        backbone = Backbone(network, LITE0_MEAN, LITE0_STD) if pretrained else Backbone(network)
    else:
        backbone = Backbone(*torchvision_backbone(name.replace("-", "_"), pretrained=pretrained, **options))
    quicken_statistics(backbone.network)
    return backbone


def usual_blocks(name: str, n_exits: int) -> tuple[str, ...] | None:
    """The blocks that exits of a backbone follow unless a person says so; None where none are known."""
    if n_exits == 1:
        return ()
    blocks = _BLOCKS.get(name if name == LITE0 else name.replace("-", "_"))
    return blocks if blocks is not None and len(blocks) == n_exits - 1 else None
