"""The exits of a network of nodes: a classifier and a stop head on a grid of cells of the newest state."""

from __future__ import annotations

from collections.abc import Sequence
import math

import torch
from torch import Tensor, nn

from trainables.models.families.darts.plan import Plan
from trainables.models.families.darts.stages import Newest
from trainables.models.stopping import StoppingHead


_STOP_WIDTH = 32


class GridPool(nn.AdaptiveAvgPool2d):
    """Means over a grid of cells, with a gradient that can be the same each time on a GPU too.

    Torch's own gradient on a GPU has no deterministic form unless there is one cell alone. Where deterministic
    algorithms are asked for, the same means are taken row by row and column by column.

    Args:
        grid: Rows and columns of the grid.
    """

    def __init__(self, grid: tuple[int, int]) -> None:
        super().__init__(grid)
        self.grid = grid

    def forward(self, maps: Tensor) -> Tensor:
        """From (N, C, H, W) to (N, C, rows, columns) of the grid."""
        if maps.is_cuda and torch.are_deterministic_algorithms_enabled():
            return self.by_rows_and_columns(maps)
        return super().forward(maps)

    def by_rows_and_columns(self, maps: Tensor) -> Tensor:
        """The same by means of slices: cells are from ``floor(i H / rows)`` to ``ceil((i + 1) H / rows)``."""
        for dim, n_cells in enumerate(self.grid, start=2):
            side = maps.shape[dim]
            cells = [(i * side // n_cells, -(-(i + 1) * side // n_cells)) for i in range(n_cells)]
            maps = torch.stack([maps.narrow(dim, a, b - a).mean(dim) for a, b in cells], dim)
        return maps


def exit_heads(plan: Plan, size: Sequence[int], n_classes: int, *, most_cells: int) -> list[nn.Module]:
    """The head of each exit, in order.

    Args:
        plan: Nodes and edges.
        size: Height and width of the first cell's maps.
        n_classes: Number of classes, ``C``.
        most_cells: Most cells per side that an exit pools to.
    """
    last = len(plan.stages) - 1
    heads: list[nn.Module] = []
    for k, stage in enumerate(plan.stages):
        if stage.is_reduced:
            size = [-(-side // 2) for side in size]
        rows, columns = (min(side, most_cells) for side in size)
        heads.append(_head(stage.channels, (rows, columns), n_classes, n_later=last - k))
    return heads


def _head(channels: int, grid: tuple[int, int], n_classes: int, *, n_later: int) -> StoppingHead:
    """``y_i = f_i(h_i)`` and ``beta_i = u_i(h_i)``: equations (6) and (11); the last exit has no stop head."""
    classifier = nn.Sequential(*_pooled(channels, grid), nn.Linear(channels * math.prod(grid), n_classes))
    if not n_later:
        return StoppingHead(classifier, None)
    last = nn.Linear(_STOP_WIDTH, 1)
    # With it, every exit has the same share at first: 1 / (n_later + 1) of those who come to it stop.
    nn.init.constant_(last.bias, -math.log(n_later))
    hidden = nn.Linear(channels * math.prod(grid), _STOP_WIDTH)
    return StoppingHead(classifier, nn.Sequential(*_pooled(channels, grid), hidden, nn.ReLU(), last))


def _pooled(channels: int, grid: tuple[int, int]) -> list[nn.Module]:
    """From features to the newest state in few cells, normalised, since mixtures have any scale: shape (N, cells C)."""
    return [Newest(), GridPool(grid), nn.Flatten(), nn.BatchNorm1d(channels * math.prod(grid))]
