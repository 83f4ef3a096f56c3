"""Mixup: pairs of samples are averaged, and their losses with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.distributions import Beta


_SMALLEST_ALPHA = 0.01


@dataclass(frozen=True)
class Mixture:
    """How the samples of a batch are mixed: ``share x_i + (1 - share) x_partner(i)`` (Zhang et al., ICLR 2018).

    Attributes:
        share: Of the sample itself, in [0, 1]; 1 mixes nothing.
        partners: Row of each sample's partner, shape (N,).
    """

    share: float
    partners: Tensor

    @classmethod
    def draw(cls, n: int, alpha: float) -> Mixture:
        """Draw a share from Beta(alpha, alpha) and partners, from torch's global generator; alpha 0 mixes nothing."""
        if not alpha:
            return cls(1.0, torch.arange(n))
        # In double precision: of small alpha, the gamma variates behind it are smaller than floats can tell from 0.
        concentration = torch.tensor(max(alpha, _SMALLEST_ALPHA), dtype=torch.float64)
        return cls(float(Beta(concentration, concentration).sample()), torch.randperm(n))

    def inputs(self, inputs: Tensor) -> Tensor:
        """The mixed samples, of the same shape."""
        if self.share == 1.0:
            return inputs
        return self.share * inputs + (1 - self.share) * inputs[self.partners.to(inputs.device)]

    def loss(self, loss: Callable[[Tensor], Tensor], targets: Tensor) -> Tensor:
        """The loss against both partners' targets, weighted as they are mixed.

        Args:
            loss: Of the batch against targets, shape (N, ...).
            targets: Of the samples before they were mixed, shape (N, ...).
        """
        if self.share == 1.0:
            return loss(targets)
        return self.share * loss(targets) + (1 - self.share) * loss(targets[self.partners.to(targets.device)])
