"""A small convolutional network with any number of exits, for images from 8x8 pixels."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from trainables.errors import TrainingError
from trainables.models.base import MultiExitModel
from trainables.models.family import is_count


_SMALLEST_MAP = 4
_MOST_DOUBLINGS = 3


def small_cnn(
    *,
    input_shape: tuple[int, ...],
    n_classes: int,
    n_exits: int,
    width: int,
    mean: Sequence[float],
    std: Sequence[float],
    head_grid: int = 4,
) -> MultiExitModel:
    """One 3x3 convolution block per stage, a pooled linear head after each.

    The channels double with every stage (three times at most); maps are halved down to 4x4. Heads pool
    to a grid of cells rather than to one, since early features are still local.

    Args:
        input_shape: (channels, height, width) of one sample.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.
        n_exits: Number of stages and heads, ``E``.
        width: Channels of the first stage.
        mean: Mean of each input channel over the training split, for inputs in 0..1; inputs are standardised with it.
        std: Standard deviation of each input channel over the training split, for inputs in 0..1; positive.
        head_grid: Most cells per side that a head pools to.

    Raises:
        TrainingError: If that is no number of cells.
    """
    if not is_count(head_grid):
        raise TrainingError(f"head_grid must be a whole number from 1 but is {head_grid!r:.60}")
    channels, *size = input_shape
    stages, heads = [], []
    for k in range(n_exits):
        out_channels = width * 2 ** min(k, _MOST_DOUBLINGS)
        halve = max(size) > _SMALLEST_MAP
        stages.append(_stage(channels, out_channels, halve=halve))
        channels = out_channels
        size = [-(-side // 2) for side in size] if halve else size
        grid = tuple(min(side, head_grid) for side in size)
        heads.append(_head(channels, grid, n_classes))
    return MultiExitModel(stages, heads, mean=mean, std=std)


def _stage(in_channels: int, out_channels: int, *, halve: bool) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1, bias=False)]
    if halve:
        # Before the normalisation, which then has a quarter of the values to go through.
        layers.append(nn.MaxPool2d(2, ceil_mode=True))
    return nn.Sequential(*layers, nn.BatchNorm2d(out_channels), nn.ReLU())


def _head(channels: int, grid: tuple[int, ...], n_classes: int) -> nn.Sequential:
    n_cells = grid[0] * grid[1]
    return nn.Sequential(nn.AdaptiveAvgPool2d(grid), nn.Flatten(), nn.Linear(channels * n_cells, n_classes))
