"""A router: thresholds and temperatures, and from what exits say of an image how much it leaves at each."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from trainables.routing.confidence import ExitSignals, signals_of
from trainables.routing.settings import RoutingSettings, Thresholds


_LEAST_THRESHOLD = 1e-3
_LEAST_PROBABILITY = 1e-6


class Router(nn.Module):
    """Which exit an image takes: the first that is confident enough and whose quality gate is open, else the last.

    Args:
        settings: How it is trained.
        n_exits: Number of exits, ``E``, at least 2.

    Attributes:
        settings: How it is trained.
        log_temperatures: Parameters, shape (E,).
        threshold_logits: Parameters, shape (E - 1,); they move only where thresholds are learnt.
        planned: Thresholds of this epoch where they are not learnt, shape (E - 1,).
        epoch: Index of this epoch, from 0.
    """

    planned: Tensor

    def __init__(self, settings: RoutingSettings, n_exits: int) -> None:
        super().__init__()
        self.settings = settings
        begin = torch.full((n_exits,), settings.early_temperature)
        begin[-1] = settings.last_temperature
        self.log_temperatures = nn.Parameter(begin.log())
        planned = torch.as_tensor(settings.at_thresholds(0, n_exits - 1), dtype=torch.float32)
        self.register_buffer("planned", planned)
        is_learnt = settings.thresholds.are_learnt
        logits = planned.clamp(_LEAST_THRESHOLD, 1 - _LEAST_THRESHOLD).logit()
        self.threshold_logits = nn.Parameter(logits, requires_grad=is_learnt)
        self.epoch = 0

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return len(self.log_temperatures)

    @property
    def temperatures(self) -> Tensor:
        """Divisor of the logit of each exit's confidence, positive, shape (E,)."""
        return self.log_temperatures.exp()

    @property
    def thresholds(self) -> Tensor:
        """Threshold of each early exit's confidence, shape (E - 1,)."""
        return self.threshold_logits.sigmoid() if self.settings.thresholds.are_learnt else self.planned

    def begin_epoch(self, epoch: int) -> None:
        """Have the thresholds that are planned for an epoch, counted from 0, and the gate as it is in that epoch."""
        self.epoch = epoch
        planned = self.settings.at_thresholds(epoch, self.n_exits - 1)
        self.planned.copy_(torch.as_tensor(planned, dtype=torch.float32))

    def signals(self, raw: Tensor) -> ExitSignals:
        """What it looks at in this epoch; the quality gate counts where it counts in training, after the warm-up.

        Args:
            raw: What all exits give, shape (N, E, A, 4 + 1 + C).
        """
        settings, gate = self.settings, self.settings.gate
        counts = gate is not None and gate.in_training and not settings.is_warming_up(self.epoch)
        return signals_of(
            raw,
            self.temperatures,
            n_top=settings.n_top,
            gate=gate if counts else None,
            softness=settings.softness,
        )

    def soft_weights(self, signals: ExitSignals) -> Tensor:
        """Probability that an image leaves at each exit, shape (N, E), with sum 1.

        It leaves an early exit that it arrives at with probability ``openness * sigmoid((confidence - threshold) /
        softness)``.
        """
        margin = signals.confidences[:, :-1] - self.thresholds
        leaves = signals.openness[:, :-1] * (margin / self.settings.softness).sigmoid()
        arrives = torch.cat([torch.ones_like(leaves[:, :1]), (1 - leaves).cumprod(dim=1)], dim=1)
        return arrives * torch.cat([leaves, torch.ones_like(leaves[:, :1])], dim=1)

    def weights(self, signals: ExitSignals, generator: torch.Generator) -> Tensor:
        """How much each exit is trained by an image, shape (N, E), with sum 1.

        Args:
            signals: What exits say of N images.
            generator: What Gumbel-softmax is drawn with.
        """
        soft = self.soft_weights(signals)
        if self.settings.thresholds is not Thresholds.GUMBEL:
            return soft
        return straight_through(soft, self.settings.gumbel_temperature, generator)

    def exits(self, signals: ExitSignals) -> Tensor:
        """Index of the exit that each image takes, shape (N,): what a policy with these numbers does."""
        is_open = signals.is_open[:, :-1] & (signals.confidences[:, :-1] >= self.thresholds)
        return torch.cat([is_open, torch.ones_like(is_open[:, :1])], dim=1).int().argmax(dim=1)

    @torch.no_grad()
    def clamp(self) -> None:
        """Bring temperatures back between their limits, where there are some."""
        least, most = self.settings.least_temperature, self.settings.most_temperature
        lowest, highest = (None if limit is None else math.log(limit) for limit in (least, most))
        if lowest is not None or highest is not None:
            self.log_temperatures.clamp_(lowest, highest)


def straight_through(probabilities: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """One exit of each row, drawn by its probabilities, with the gradient of a Gumbel-softmax, shape (N, E).

    Jang, Gu and Poole, "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017. Torch's own function draws from
    the global generator.

    Args:
        probabilities: Shape (N, E), rows with sum 1.
        temperature: Positive; towards 0 the gradient is that of a draw.
        generator: What is drawn with.
    """
    uniform = torch.rand(probabilities.shape, generator=generator).clamp(_LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    noise = -(-uniform.log()).log().to(probabilities.device)
    soft = ((probabilities.clamp(min=_LEAST_PROBABILITY).log() + noise) / temperature).softmax(dim=1)
    hard = torch.zeros_like(soft).scatter_(1, soft.argmax(dim=1, keepdim=True), 1.0)
    return hard + soft - soft.detach()


def distribution_loss(weights: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference between the exit mix of a batch and its target, minimised.

    Args:
        weights: How much each image leaves at each exit, shape (N, E).
        target: Share of the images that should leave at each exit, shape (E,).
    """
    return (weights.mean(dim=0) - target).square().mean()
