"""The architecture parameters, and what of them depends on the input."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trainables.models.families.darts.operations import N_OPERATIONS


_CHANNELS = (8, 16)
_START = 1e-3
_PERTURBATION_START = 1e-2


class Controller(nn.Module):
    """``Delta alpha(x) = g_theta(x)``: equation (1), two small convolutions and a linear layer.

    It begins near zero, so that training begins near plain DARTS.

    Args:
        in_channels: Of the inputs.
        n_edges: Number of edges of the network.
    """

    def __init__(self, in_channels: int, n_edges: int) -> None:
        super().__init__()
        first, second = _CHANNELS
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, first, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(second),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.perturbation = nn.Linear(second, n_edges * N_OPERATIONS)
        nn.init.normal_(self.perturbation.weight, std=_PERTURBATION_START)
        nn.init.zeros_(self.perturbation.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """``Delta alpha(x)``, shape (N, edges, K), for standardised inputs."""
        flat: Tensor = self.perturbation(self.features(inputs))
        # Not by len(), which an exported graph would take for a constant.
        return flat.view(flat.shape[0], -1, N_OPERATIONS)


class Architecture(nn.Module):
    """Global architecture parameters, what a controller adds to them, and the mixing weights that come of both.

    Args:
        n_edges: Number of edges of the network.
        controller: Gives ``Delta alpha(x)``; None keeps it at zero, (23), so that alpha'(x) = alpha, (24).
        temperature: The parameters are divided by it before the softmax; below 1 the mixture is harder.
    """

    def __init__(self, n_edges: int, controller: Controller | None, *, temperature: float) -> None:
        super().__init__()
        self.alpha = nn.Parameter(_START * torch.randn(n_edges, N_OPERATIONS))
        self.controller = controller
        self.temperature = temperature

    def perturbation(self, inputs: Tensor) -> Tensor | None:
        """``Delta alpha(x)``, shape (N, edges, K), for standardised inputs; None where it is zero."""
        if self.controller is None:
            return None
        perturbation: Tensor = self.controller(inputs)
        return perturbation

    def effective(self, perturbation: Tensor | None) -> Tensor:
        """``alpha'(x) = alpha + Delta alpha(x)``: equation (2); arguments and shape as of :meth:`weights`."""
        return self.alpha[None] if perturbation is None else self.alpha + perturbation.float()

    def weights(self, perturbation: Tensor | None) -> Tensor:
        """``p(x)``, the share of each operation on each edge: equation (4).

        Args:
            perturbation: ``Delta alpha(x)``, shape (N, edges, K), or None.

        Returns:
            Shape (N, edges, K), or (1, edges, K) where all samples have the same; float32.
        """
        return torch.softmax(self.effective(perturbation) / self.temperature, dim=-1)
