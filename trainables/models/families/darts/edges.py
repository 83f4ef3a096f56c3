"""What is left of an edge once one operation was chosen for it."""

from __future__ import annotations

from torch import Tensor, nn
import torch.nn.functional as F

from trainables.models.families.darts.operations import SEPARABLE, Separable, average_pool, identity, max_pool


class ActivatedSeparable(Separable):
    """The separable convolution of a state, which it activates itself."""

    def forward(self, state: Tensor) -> Tensor:
        """From a state, shape (N, C, H, W), to the same shape, or half its sides."""
        return super().forward(F.relu(state))


class AveragePool(nn.Module):
    """The average pool of a state, normalised with statistics of this edge alone.

    Args:
        channels: Of the state.
        stride: 2 halves the map.
    """

    def __init__(self, channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride
        self.norm = nn.BatchNorm2d(channels, affine=False)

    def forward(self, state: Tensor) -> Tensor:
        """From a state, shape (N, C, H, W), to the same shape, or half its sides."""
        normalised: Tensor = self.norm(self.pool(state))
        return normalised

    def pool(self, state: Tensor) -> Tensor:
        """What is normalised."""
        return average_pool(state, self.stride)


class MaxPool(AveragePool):
    """The max pool of a state, normalised with statistics of this edge alone."""

    def pool(self, state: Tensor) -> Tensor:
        """What is normalised."""
        return max_pool(state, self.stride)


class Identity(nn.Module):
    """The state as it is.

    Args:
        stride: 2 takes every other row and column.
    """

    def __init__(self, stride: int = 1) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, state: Tensor) -> Tensor:
        """From a state, shape (N, C, H, W), to the same shape, or half its sides."""
        return identity(state, self.stride)


def operation_on_state(name: str, channels: int, *, stride: int = 1) -> nn.Module:
    """One of :data:`~trainables.models.families.darts.operations.OPERATIONS` but ``zero``, as a module of a state.

    Args:
        name: Of the operation.
        channels: Of state and result.
        stride: 2 halves the map.
    """
    if name in SEPARABLE:
        return ActivatedSeparable(channels, SEPARABLE[name], stride=stride)
    if name == "identity":
        return Identity(stride)
    return (AveragePool if name == "average_pool" else MaxPool)(channels, stride=stride)
