"""Exits for any image classifier, by naming the blocks that they follow."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise

from torch import fx, nn

from trainables.errors import TrainingError
from trainables.models.base import MultiExitModel
from trainables.models.exits.tracing import Place, TracedNetwork, trace_network


def with_exits(
    network: nn.Module,
    blocks: Sequence[str],
    *,
    input_shape: tuple[int, ...],
    n_classes: int,
    mean: Sequence[float],
    std: Sequence[float],
) -> MultiExitModel:
    """Cut a classifier after some of its blocks and give each cut an exit; its own output is the last exit.

    The network's modules are used as they are, not copied. The new exits are linear layers on the features'
    mean over height and width. Grey images are repeated, by standardising, where the network wants colours.

    Args:
        network: Takes a tensor of shape (N, channels, height, width) and returns logits, shape (N, C).
        blocks: Module paths such as "features.3", in the order of running; there is one exit more.
        input_shape: (channels, height, width) of the samples.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.
        mean: Mean of each input channel over the training split, for inputs in 0..1; inputs are standardised with it.
        std: Standard deviation of each input channel over the training split, for inputs in 0..1; positive.

    Raises:
        TrainingError: If a block is unknown, lies inside a branch or is out of order, or if the network
            cannot be traced, does not fit the samples or the classes, or uses a weight on both sides of a cut.
    """
    traced = trace_classifier(network, input_shape, n_classes)
    places = places_after(blocks, traced)
    stages = split_after(traced, [place.step for place in places])
    heads = [_head(place.channels, n_classes) for place in places]
    n_channels = wanted_channels(network, input_shape)
    return MultiExitModel(
        stages,
        [*heads, nn.Identity()],
        mean=per_channel(mean, n_channels),
        std=per_channel(std, n_channels),
    ).train(network.training)


def trace_classifier(network: nn.Module, input_shape: tuple[int, ...], n_classes: int) -> TracedNetwork:
    """Trace a network and check that it gives logits for the samples; arguments as for :func:`with_exits`.

    Raises:
        TrainingError: If it cannot be traced or does not fit the samples or the classes.
    """
    traced = trace_network(network, (wanted_channels(network, input_shape), *input_shape[1:]))
    if traced.shapes[-1] != (1, n_classes):
        raise TrainingError(
            f"a network must give logits of shape (N, {n_classes}) for {n_classes} classes, "
            f"but {type(network).__name__} gives {_shape_text(traced.shapes[-1])}; change its last layer"
        )
    return traced


def wanted_channels(network: nn.Module, input_shape: tuple[int, ...]) -> int:
    """Channels that a network's first convolution takes of samples: their own, or any number for grey ones.

    Raises:
        TrainingError: If they do not fit.
    """
    convolution = next((module for module in network.modules() if isinstance(module, nn.Conv2d)), None)
    if convolution is None or convolution.in_channels == input_shape[0]:
        return input_shape[0]
    if input_shape[0] != 1:
        raise TrainingError(
            f"samples must have one channel or as many as the network wants, but they have {input_shape[0]} "
            f"and {type(network).__name__} wants {convolution.in_channels}; change its first convolution"
        )
    return convolution.in_channels


def per_channel(values: Sequence[float], n_channels: int) -> Sequence[float]:
    """Means or deviations of so many channels, where those of a grey image are repeated."""
    # Standardising a grey image with a mean for each colour gives it that many channels.
    return [*values] * n_channels if len(values) == 1 else values


def places_after(blocks: Sequence[str], traced: TracedNetwork) -> list[Place]:
    """Where exits after some blocks are.

    Raises:
        TrainingError: If a block is unknown, lies inside a branch or is out of order.
    """
    places = [_place_after(block, traced) for block in blocks]
    for (first, place), (second, next_place) in pairwise(zip(blocks, places, strict=True)):
        if place.step >= next_place.step:
            raise TrainingError(
                f"blocks must be named once and in the order in which the network runs them, "
                f"but {second!r} does not end after {first!r}; reorder them or leave one out"
            )
    return places


def _place_after(block: str, traced: TracedNetwork) -> Place:
    if block in traced.places:
        return traced.places[block]
    if block not in traced.calls:
        near = get_close_matches(block, traced.places, n=3, cutoff=0.4) or list(traced.places)
        raise TrainingError(
            f"blocks must be modules that the network runs and can be cut after, but there is no {block!r}; "
            f"{_use(near)}"
        )
    calls = traced.calls[block]
    end = calls[-1]
    if len(calls) > 1:
        reason = f"a block must run once, but {block!r} runs {len(calls)} times"
    elif end is None:
        reason = f"a block must give one tensor, but {block!r} gives several values"
    elif traced.steps[end] is traced.output:
        raise TrainingError(f"the network's own output is the last exit, and {block!r} gives just that; leave it out")
    elif len(traced.shapes[end] or ()) != 4:
        reason = (
            f"an exit needs features of shape (N, channels, height, width), "
            f"but {block!r} gives {_shape_text(traced.shapes[end])}"
        )
    else:
        reason = f"one tensor alone may pass a cut, but {block!r} lies inside a branch, so that others pass by it"
    raise TrainingError(f"{reason}; {_use(_nearest(end, traced))}")


def _nearest(step: int | None, traced: TracedNetwork) -> list[str]:
    """The blocks that end last before a step and first after it, each by its shortest name."""
    names: dict[int, str] = {}
    for block, place in traced.places.items():
        names[place.step] = min(names.get(place.step, block), block, key=len)
    if step is None:
        return list(names.values())
    before = [name for end, name in names.items() if end < step]
    after = [name for end, name in names.items() if end > step]
    return before[-1:] + after[:1]


def _use(blocks: Sequence[str]) -> str:
    if not blocks:
        return "it has no block that can be cut after"
    return f"use {' or '.join(map(repr, blocks[:3]))}"


def _shape_text(shape: tuple[int, ...] | None) -> str:
    return "no single tensor" if shape is None else f"({', '.join(['N', *map(str, shape[1:])])})"


def split_after(traced: TracedNetwork, cuts: Sequence[int]) -> list[fx.GraphModule]:
    """The steps of a network between some cuts as modules, one more than cuts.

    Args:
        traced: The network, whose modules are used as they are.
        cuts: The steps after which it is cut, in order; each takes the value of the last step before.

    Raises:
        TrainingError: If a weight is used on both sides of a cut.
    """
    stages = []
    for start, end in pairwise([0, *(cut + 1 for cut in cuts), len(traced.steps)]):
        graph = fx.Graph()
        copies = {} if start == 0 else {traced.steps[start - 1]: graph.placeholder("features")}
        for step in traced.steps[start:end]:
            copies[step] = graph.node_copy(step, copies.__getitem__)
        if end < len(traced.steps):
            graph.output(copies[traced.steps[end - 1]])
        stages.append(fx.GraphModule(traced.network, graph, class_name=type(traced.network).__name__))
    _refuse_shared_weights(stages)
    return stages


def _refuse_shared_weights(stages: Sequence[nn.Module]) -> None:
    owners: dict[int, int] = {}
    for k, stage in enumerate(stages):
        for name, weight in stage.state_dict(keep_vars=True).items():
            if owners.setdefault(id(weight), k) != k:
                raise TrainingError(
                    f"a weight must lie on one side of a cut, but {name!r} is used before and after one; "
                    f"name blocks that do not part its uses"
                )


def _head(channels: int, n_classes: int) -> nn.Sequential:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, n_classes))
