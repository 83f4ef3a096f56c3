"""Nodes: each a mixture of operations on all states of its cell before it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trainables.models.families.darts.operations import N_OPERATIONS, SEPARABLE, Separable, weighted_sum


Shared = tuple[Tensor, Tensor, Tensor, Tensor]
"""What :class:`~trainables.models.families.darts.operations.Source` computes of a state: activation, pools, state."""


class MixedNode(nn.Module):
    """``h_i = sum_j sum_k p_jk(x) o_k(h_j)``: equation (5).

    Every operation runs once on the whole batch. What it gives is weighted for each sample alone and summed in one
    contraction (:func:`~trainables.models.families.darts.operations.weighted_sum`), for which training keeps
    ``(K - 1) i`` maps, K operations without ``zero`` on each of i edges, of shape (N, C, H, W).

    Args:
        n_sources: Number of states that edges come from, ``i``.
        channels: Of states and node.
        stride: 2 halves the map.
    """

    def __init__(self, n_sources: int, channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.edges = nn.ModuleList(
            nn.ModuleDict({name: Separable(channels, side, stride=stride) for name, side in SEPARABLE.items()})
            for _ in range(n_sources)
        )

    def forward(self, sources: Sequence[Shared], weights: Tensor) -> Tensor:
        """The node, shape (N, C, H, W).

        Args:
            sources: Of the states before it, in order.
            weights: ``p`` of its edges, shape (N, sources, K).
        """
        terms: list[Tensor] = []
        for edge, (active, average, largest, state) in zip(self.edges, sources, strict=True):
            terms += [operation(active) for operation in edge.values()]  # type: ignore[operator]
            terms += [average, largest, state]
        # The last operation, zero, adds nothing.
        return weighted_sum(weights[:, :, : N_OPERATIONS - 1].flatten(1), terms)


class Expansion(nn.Module):
    """Twice the channels, normalised: what follows the mixture of a reduction.

    Args:
        channels: Of the cell before.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pointwise = nn.Conv2d(channels, 2 * channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(2 * channels)

    def forward(self, node: Tensor) -> Tensor:
        """From (N, C, H, W) to (N, 2 C, H, W)."""
        expanded: Tensor = self.norm(self.pointwise(torch.relu(node)))
        return expanded
