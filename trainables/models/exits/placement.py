"""Where exits go unless a person says so: evenly by cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from torch import nn

from trainables.errors import TrainingError
from trainables.models.base import MultiExitModel
from trainables.models.exits.cutting import trace_classifier, with_exits
from trainables.models.exits.tracing import TracedNetwork


def with_evenly_placed_exits(
    network: nn.Module,
    *,
    n_exits: int,
    blocks: Sequence[str] | None,
    input_shape: tuple[int, ...],
    n_classes: int,
    mean: Sequence[float],
    std: Sequence[float],
) -> MultiExitModel:
    """Give a classifier exits after the named blocks or, without names, spread evenly by cost.

    Args:
        network: As for :func:`~trainables.models.exits.cutting.with_exits`, like all arguments not named here.
        n_exits: Number of exits, ``E``, the network's own output included.
        blocks: The ``E - 1`` blocks that exits follow, or None to have them chosen.
        input_shape: (channels, height, width) of the samples.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.
        mean: Mean of each input channel over the training split, for inputs in 0..1; inputs are standardised with it.
        std: Standard deviation of each input channel over the training split, for inputs in 0..1; positive.

    Raises:
        TrainingError: If there are not that many blocks, or for the reasons of ``with_exits``.
    """
    if blocks is None:
        blocks = evenly_placed_blocks(network, n_exits, input_shape=input_shape, n_classes=n_classes)
    if len(blocks) != n_exits - 1:
        raise TrainingError(
            f"there is an exit after each block and one at the end, but n_exits is {n_exits} "
            f"with {len(blocks)} blocks named; name {n_exits - 1} blocks or say n_exits: {len(blocks) + 1}"
        )
    return with_exits(network, blocks, input_shape=input_shape, n_classes=n_classes, mean=mean, std=std)


def evenly_placed_blocks(
    network: nn.Module, n_exits: int, *, input_shape: tuple[int, ...], n_classes: int
) -> list[str]:
    """Choose the blocks after which the network is cut into parts of about equal cost (multiply-accumulates).

    Args:
        network: As for :func:`~trainables.models.exits.cutting.with_exits`, like the arguments not named here.
        n_exits: Number of exits, ``E``, the network's own output included.
        input_shape: (channels, height, width) of the samples.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.

    Returns:
        ``E - 1`` module paths in the order of running.

    Raises:
        TrainingError: If the network has fewer blocks, cannot be traced or does not fit the data.
    """
    traced = trace_classifier(network, input_shape, n_classes)
    candidates = _candidates(traced, n_classes)
    if len(candidates) < n_exits - 1:
        raise TrainingError(
            f"{type(network).__name__} has room for at most {len(candidates) + 1} exits on samples of shape "
            f"{input_shape}, but n_exits is {n_exits}; ask for fewer or name the blocks"
        )
    return spread_by_cost(candidates, n_exits, traced.macs[-1])


def spread_by_cost(candidates: Mapping[str, int], n_exits: int, total: int) -> list[str]:
    """Of blocks the ``n_exits - 1`` that part a network into parts of about equal cost.

    Args:
        candidates: At least as many blocks with their cumulative cost, increasing.
        n_exits: Number of exits, ``E``, the network's own output included.
        total: Cost of the network.
    """
    chosen: list[str] = []
    for k in range(1, n_exits):
        target = total * k / n_exits
        n_later = n_exits - 1 - k
        open_to_choice = list(candidates)[: len(candidates) - n_later]
        if chosen:
            open_to_choice = open_to_choice[open_to_choice.index(chosen[-1]) + 1 :]
        chosen.append(min(open_to_choice, key=lambda block: abs(candidates[block] - target)))
    return chosen


def _candidates(traced: TracedNetwork, n_classes: int) -> dict[str, int]:
    """Top-level blocks that exits can follow, with their cumulative cost: increasing, each cost once.

    Of blocks with the same cost the last counts, which is the one after normalisation and activation.
    Left out is where an exit would cost as much as the rest of the network.
    """
    by_cost: dict[int, str] = {}
    for block in top_level_blocks(traced.network):
        place = traced.places.get(block)
        if place is not None and traced.macs[-1] - place.macs > place.channels * n_classes:
            by_cost[place.macs] = block
    return {block: macs for macs, block in sorted(by_cost.items())}


def top_level_blocks(module: nn.Module, path: str = "") -> Iterator[str]:
    """Paths of the modules that plain containers hold; not global pooling, with which every exit begins."""
    for name, child in module.named_children():
        if type(child) in (nn.Sequential, nn.ModuleList):
            yield from top_level_blocks(child, f"{path}{name}.")
        elif not isinstance(child, nn.AdaptiveAvgPool2d):
            yield f"{path}{name}"
