"""ResNets of basic blocks (He et al., 2016) with any number of exits, for images from 28x28 pixels."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Literal

from torch import nn

from trainables.models.base import MultiExitModel
from trainables.models.exits.placement import with_evenly_placed_exits
from trainables.models.families.torchvision_networks import refuse_pretrained_width, torchvision_network


_TRAINED_WIDTH = 64
_BLOCKS_PER_LAYER = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


def resnet(
    depth: Literal[18, 34],
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
    """Torchvision's ResNet, of any width; its blocks are "layer1.0", "layer1.1" and on, or "layer1" as a whole.

    Args:
        depth: Layers with weights, as in the network's name.
        input_shape: (channels, height, width); one channel is repeated to three.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.
        n_exits: Number of exits, ``E``, the full network's own among them.
        width: Channels of the first stage; they double with each of the three layers after "layer1".
        mean: Per input channel; with pretrained weights, theirs count instead.
        std: Per input channel; with pretrained weights, theirs count instead.
        blocks: The ``E - 1`` blocks that exits follow; without, they are spread evenly by cost.
        pretrained: Start from ImageNet weights, which are for width 64, with a new last layer.

    Raises:
        TrainingError: If the weights cannot be had in this width or for a reason of
            :func:`~trainables.models.families.torchvision_networks.torchvision_network`.
    """
    refuse_pretrained_width(width, _TRAINED_WIDTH, pretrained=pretrained)
    build = partial(torchvision_network, f"resnet{depth}", width=width, pretrained=pretrained)
    if width != _TRAINED_WIDTH:
        build = partial(with_evenly_placed_exits, _backbone(_BLOCKS_PER_LAYER[depth], width, n_classes))
    return build(input_shape=input_shape, n_classes=n_classes, n_exits=n_exits, mean=mean, std=std, blocks=blocks)


def _backbone(blocks_per_layer: Sequence[int], width: int, n_classes: int) -> nn.Sequential:
    """As torchvision's class builds it, which has no option for the width; the names are the same."""
    channels = [width * 2**k for k in range(len(blocks_per_layer))]
    network = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, width, kernel_size=7, stride=2, padding=3, bias=False),
            bn1=nn.BatchNorm2d(width),
            relu=nn.ReLU(inplace=True),
            maxpool=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
            layer1=_layer(width, width, blocks_per_layer[0], stride=1),
            layer2=_layer(channels[0], channels[1], blocks_per_layer[1], stride=2),
            layer3=_layer(channels[1], channels[2], blocks_per_layer[2], stride=2),
            layer4=_layer(channels[2], channels[3], blocks_per_layer[3], stride=2),
            avgpool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            fc=nn.Linear(channels[-1], n_classes),
        )
    )
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network


def _layer(in_channels: int, out_channels: int, n_blocks: int, *, stride: int) -> nn.Sequential:
    # Here, since the import takes seconds and not every network needs it.
    from torchvision.models.resnet import BasicBlock

    shortcut = None
    if stride != 1:
        shortcut = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
        )
    first = BasicBlock(in_channels, out_channels, stride, shortcut)
    return nn.Sequential(first, *(BasicBlock(out_channels, out_channels) for _ in range(1, n_blocks)))


resnet18 = partial(resnet, 18)
resnet34 = partial(resnet, 34)
