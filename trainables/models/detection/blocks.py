"""The small parts of a detector's heads: separable convolutions, attention, and context."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.ops.misc import Conv2dNormActivation


N_CONTEXT = 32
"""Numbers that an exit is told of what the exits before it have pooled."""

_SQUEEZED = 4


def separable(in_channels: int, out_channels: int, *, stride: int = 1) -> nn.Sequential:
    """A depthwise 3x3 convolution and a pointwise one, each normalised and activated (Howard et al., 2017)."""
    depthwise = Conv2dNormActivation(
        in_channels, in_channels, stride=stride, groups=in_channels, activation_layer=nn.ReLU6
    )
    return nn.Sequential(depthwise, pointwise(in_channels, out_channels))


def pointwise(in_channels: int, out_channels: int) -> nn.Module:
    """A 1x1 convolution, normalised and activated."""
    block: nn.Module = Conv2dNormActivation(in_channels, out_channels, kernel_size=1, activation_layer=nn.ReLU6)
    return block


class Context(nn.Module):
    """What an exit has pooled, and was told itself, for the next exit.

    Args:
        channels: Of the map that the exit reads.
        is_first: Whether no exit lies before it.
    """

    def __init__(self, channels: int, *, is_first: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(channels + (0 if is_first else N_CONTEXT), N_CONTEXT)

    def forward(self, newest: Tensor, context: Tensor | None) -> Tensor:
        """Shape (N, N_CONTEXT), for a map (N, C, H, W) and what the exit was told, None at the first."""
        return torch.relu(self.linear(pooled(newest, context)))


class Attention(nn.Module):
    """Squeeze and excitation (Hu et al., 2018), also by what the exits before have pooled.

    Args:
        channels: Of the map.
        has_context: Whether an exit lies before.
    """

    def __init__(self, channels: int, *, has_context: bool) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels + (N_CONTEXT if has_context else 0), channels // _SQUEEZED)
        self.excite = nn.Linear(channels // _SQUEEZED, channels)

    def forward(self, newest: Tensor, context: Tensor | None) -> Tensor:
        """The map with each channel at the share that it gets, shape (N, C, H, W)."""
        shares: Tensor = self.excite(torch.relu(self.squeeze(pooled(newest, context)))).sigmoid()
        return newest * shares[:, :, None, None]


def pooled(newest: Tensor, context: Tensor | None) -> Tensor:
    """Means of a map's channels, and the context where there is one, shape (N, C) or (N, C + N_CONTEXT)."""
    means = newest.mean(dim=(2, 3))
    return means if context is None else torch.cat([means, context], dim=1)
