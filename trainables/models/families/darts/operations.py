"""The candidate operations of an edge."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
import torch.nn.functional as F


OPERATIONS = ("separable_3x3", "separable_5x5", "average_pool", "max_pool", "identity", "zero")
"""The candidates: equation (3), ``O = {o_1, ..., o_K}`` with K = 6."""

N_OPERATIONS = len(OPERATIONS)
SEPARABLE = {"separable_3x3": 3, "separable_5x5": 5}
"""Those with weights, each edge its own, and their kernels' sides."""


class Separable(nn.Module):
    """A depthwise convolution and one over the channels, normalised; the activation before it is the source's.

    Args:
        channels: Of what it takes and gives.
        kernel_size: Side of the depthwise kernel.
        stride: 2 halves the map.
    """

    def __init__(self, channels: int, kernel_size: int, *, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            channels, channels, kernel_size, stride=stride, padding=kernel_size // 2, groups=channels, bias=False
        )
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels, affine=False)

    def forward(self, active: Tensor) -> Tensor:
        """From activations, shape (N, C, H, W), to the same shape, or half its sides."""
        normalised: Tensor = self.norm(self.pointwise(self.depthwise(active)))
        return normalised


def average_pool(node: Tensor, stride: int = 1) -> Tensor:
    """Mean of each 3x3 window, of what lies within the map."""
    return F.avg_pool2d(node, 3, stride, 1, count_include_pad=False)


def max_pool(node: Tensor, stride: int = 1) -> Tensor:
    """Largest of each 3x3 window."""
    return F.max_pool2d(node, 3, stride, 1)


def identity(node: Tensor, stride: int = 1) -> Tensor:
    """The node, or every other row and column of it."""
    return node if stride == 1 else node[:, :, ::stride, ::stride]


class Source(nn.Module):
    """What all edges that leave a node share, computed once: its activation, both pools, and the node itself.

    The pools have no weights, and are normalised without any, so that they are the same on every edge.

    Args:
        channels: Of the node.
        stride: 2 halves the map, of the pools and the node; the activation is left to the convolutions' own stride.
    """

    def __init__(self, channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.average_norm = nn.BatchNorm2d(channels, affine=False)
        self.max_norm = nn.BatchNorm2d(channels, affine=False)

    def active(self, node: Tensor) -> Tensor:
        """What the convolutions take."""
        return F.relu(node)

    def average_pool(self, node: Tensor) -> Tensor:
        """Mean of each 3x3 window, of what lies within the map, normalised."""
        normalised: Tensor = self.average_norm(average_pool(node, self.stride))
        return normalised

    def max_pool(self, node: Tensor) -> Tensor:
        """Largest of each 3x3 window, normalised."""
        normalised: Tensor = self.max_norm(max_pool(node, self.stride))
        return normalised

    def identity(self, node: Tensor) -> Tensor:
        """The node, or every other row and column of it."""
        return identity(node, self.stride)

    def forward(self, node: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The activation, both pools and the node, for a node of shape (N, C, H, W)."""
        return self.active(node), self.average_pool(node), self.max_pool(node), self.identity(node)


def weighted_sum(weights: Tensor, terms: list[Tensor]) -> Tensor:
    """``sum_m weights[:, m] * terms[m]``, shape (N, C, H, W), each sample with its own weights: the sums of (5).

    One pass over each term, whose product is never kept: beside the terms it holds one map in memory, and while
    gradients are computed one map for each term.

    Args:
        weights: Shape (N, M).
        terms: M tensors of shape (N, C, H, W).
    """
    if torch.is_grad_enabled() and (weights.requires_grad or any(term.requires_grad for term in terms)):
        total: Tensor = _WeightedSum.apply(weights, *terms)  # type: ignore[no-untyped-call]
        return total
    return _sum(weights, terms)


def _sum(weights: Tensor, terms: list[Tensor]) -> Tensor:
    columns = weights.to(terms[0].dtype)[:, :, None, None, None].unbind(1)
    total = columns[0] * terms[0]
    for column, term in zip(columns[1:], terms[1:], strict=True):
        total = torch.addcmul(total, column, term)
    return total


class _WeightedSum(torch.autograd.Function):
    """:func:`weighted_sum` whose gradient of a weight is one inner product a sample; it keeps no weighted term."""

    @staticmethod
    def forward(context: Any, weights: Tensor, *terms: Tensor) -> Tensor:
        """The sum."""
        context.save_for_backward(weights, *terms)
        return _sum(weights, list(terms))

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        """Gradients of the weights, shape (N, M), and of each term."""
        (gradient,) = gradients
        weights, *terms = context.saved_tensors
        rows = _rows(gradient)
        inner = [torch.linalg.vecdot(rows, _rows(term)) for term in terms]
        columns = weights.to(gradient.dtype)[:, :, None, None, None].unbind(1)
        return torch.stack(inner, dim=1).to(weights.dtype), *(column * gradient for column in columns)


def _rows(maps: Tensor) -> Tensor:
    """Maps (N, C, H, W) as rows (N, H W C), which is how they lie in memory with the channels last."""
    return maps.permute(0, 2, 3, 1).flatten(1)
