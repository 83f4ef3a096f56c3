"""Every classifier that torchvision knows by name, with exits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from http.client import HTTPException
from pickle import UnpicklingError
import re
from typing import Any

import torch
from torch import Tensor, nn

from trainables.errors import TrainingError
from trainables.models.base import MultiExitModel
from trainables.models.exits.placement import with_evenly_placed_exits
from trainables.models.exits.tracing import first_line
from trainables.models.loading import load_weights


_LEAST_MOMENTUM = 0.1
_START_RANDOM = "training.pretrained=false starts from random weights"


def torchvision_network(
    name: str,
    *,
    input_shape: tuple[int, ...],
    n_classes: int,
    n_exits: int,
    width: int,
    mean: Sequence[float],
    std: Sequence[float],
    blocks: Sequence[str] | None = None,
    pretrained: bool = False,
    **options: Any,
) -> MultiExitModel:
    """A classifier of ``torchvision.models`` with exits after some of its blocks.

    ``functools.partial(torchvision_network, "efficientnet_b0", blocks=["features.3", "features.5"])`` is what a
    workload's ``build`` takes.

    Args:
        name: As ``torchvision.models.list_models`` gives it.
        input_shape: (channels, height, width); one channel is repeated where the network wants three.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.
        n_exits: Number of exits, ``E``, the full network's own among them.
        width: Channels of the first convolution, which the name and the options settle.
        mean: Per input channel; with pretrained weights, theirs count instead.
        std: Per input channel; with pretrained weights, theirs count instead.
        blocks: The ``E - 1`` blocks that exits follow; without, they are spread evenly by cost.
        pretrained: Start from ImageNet weights, with a new last layer, instead of random ones.
        **options: For torchvision's own function of that name, such as ``dropout``.

    Raises:
        TrainingError: If there is no such network, it cannot be cut like that, it does not fit the width, the
            samples or the classes, or its ImageNet weights cannot be had.
    """
    _check_name(name)
    if pretrained:
        network, mean, std = _pretrained(name, options)
        _renew_last_layer(network, n_classes)
    else:
        network = _random(name, n_classes, options)
    _check_width(name, network, width)
    quicken_statistics(network)
    return with_evenly_placed_exits(
        network, n_exits=n_exits, blocks=blocks, input_shape=input_shape, n_classes=n_classes, mean=mean, std=std
    )


def torchvision_backbone(
    name: str, *, pretrained: bool, **options: Any
) -> tuple[nn.Module, Sequence[float] | None, Sequence[float] | None]:
    """A classifier of ``torchvision.models`` whose features are wanted, and the mean and std that it was trained with.

    Args:
        name: As ``torchvision.models.list_models`` gives it.
        pretrained: Start from ImageNet weights instead of random ones; these have neither mean nor std.
        **options: For torchvision's own function of that name.

    Raises:
        TrainingError: If there is no such network, or its ImageNet weights cannot be had.
    """
    _check_name(name)
    return _pretrained(name, options) if pretrained else (_random(name, 1, options), None, None)


def refuse_pretrained_width(width: int, trained_width: int, *, pretrained: bool) -> None:
    """Raise TrainingError if pretrained weights are asked for in another width than theirs."""
    if pretrained and width != trained_width:
        raise TrainingError(
            f"ImageNet weights are for width {trained_width} only, but width is {width}; "
            f"say width: {trained_width}, or {_START_RANDOM}"
        )


def quicken_statistics(network: nn.Module) -> None:
    """Have batch normalisation forget its first statistics within some ten batches, not some hundred.

    MobileNetV3's follow so slowly that a training of one or two hundred batches, as of a small folder, ends with a
    network that is judged by statistics of its random weights.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.momentum is not None:
            module.momentum = max(module.momentum, _LEAST_MOMENTUM)


def _check_name(name: str) -> None:
    # Here and below, since the import takes seconds and not every network needs it.
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "torchvision.models.list_models names them"
        raise TrainingError(f"the network must be a classifier of torchvision.models, but there is no {name!r}; {hint}")


def _check_width(name: str, network: nn.Module, width: int) -> None:
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    if first.out_channels != width:
        raise TrainingError(
            f"width is the channels of the first convolution, of which {name} has {first.out_channels}, "
            f"but it is {width}; say width: {first.out_channels}"
        )


def _random(name: str, n_classes: int, options: Mapping[str, Any]) -> nn.Module:
    from torchvision import models

    try:
        network: nn.Module = models.get_model(name, weights=None, num_classes=n_classes, **options)
    except (TypeError, ValueError) as error:
        raise TrainingError(
            f"the options of {name} must be those of torchvision.models.{name}, "
            f"but {dict(options)} fail ({first_line(error)}); change them"
        ) from None
    return network


def _pretrained(name: str, options: Mapping[str, Any]) -> tuple[nn.Module, Sequence[float], Sequence[float]]:
    """The network with ImageNet weights, and the mean and std that it was trained with."""
    from torchvision import models

    weights = models.get_model_weights(name).DEFAULT
    network = _random(name, len(weights.meta["categories"]), options)
    state = _download(name, weights)
    try:
        load_weights(network, state)
    except ValueError as error:
        raise TrainingError(
            f"ImageNet weights must fit the network, but those of {name} do not fit it with {dict(options)} "
            f"({error}); {_START_RANDOM}"
        ) from None
    preset = weights.transforms()
    return network, preset.mean, preset.std


def _download(name: str, weights: Any) -> dict[str, Tensor]:
    try:
        # torchvision's own functions would unpickle whatever lies in the cache.
        state = weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (OSError, HTTPException, RuntimeError, UnpicklingError, EOFError, ValueError) as error:
        raise TrainingError(
            f"ImageNet weights of {name} could not be had from {weights.url} or the cache {torch.hub.get_dir()} "
            f"({first_line(error)}); {_START_RANDOM}"
        ) from None
    # The DenseNets' files have names from before dots in them were refused.
    return {re.sub(r"(denselayer\d+\.(?:norm|conv))\.(\d)", r"\1\2", key): tensor for key, tensor in state.items()}


def _renew_last_layer(network: nn.Module, n_classes: int) -> None:
    path, last = [item for item in network.named_modules() if isinstance(item[1], nn.Linear | nn.Conv2d)][-1]
    if isinstance(last, nn.Linear):
        network.set_submodule(path, nn.Linear(last.in_features, n_classes))
    else:
        network.set_submodule(path, nn.Conv2d(last.in_channels, n_classes, last.kernel_size))
