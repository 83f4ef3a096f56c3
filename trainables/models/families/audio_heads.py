"""Heads for features over mels and time: how the two axes become one vector, and a linear classifier on it."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
import torch.nn.functional as F

from trainables.errors import TrainingError


_BANDS = 8
_ATTENTION_UNITS = 32
_SMALLEST_VARIANCE = 1e-5


class _PooledHead(nn.Module):
    """A linear layer on features that are pooled over mels and time.

    Args:
        channels: Number of channels of the features that it takes.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.
    """

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, n_classes)

    def forward(self, features: Tensor) -> Tensor:
        """Logits, shape (N, C), for features of shape (N, channels, mels, frames)."""
        logits: Tensor = self.linear(self._pool(features))
        return logits

    def _pool(self, features: Tensor) -> Tensor:
        """One value per channel, shape (N, channels)."""
        raise NotImplementedError


class MaxMeanHead(_PooledHead):
    """Maximum over time, then mean over mels, then a linear layer."""

    def _pool(self, features: Tensor) -> Tensor:
        # As features.amax(dim=3), whose backward pass takes ten times as long.
        return F.adaptive_max_pool2d(features, (features.shape[2], 1)).mean(dim=(2, 3))


class AverageHead(_PooledHead):
    """Mean over mels and time, then a linear layer."""

    def _pool(self, features: Tensor) -> Tensor:
        return features.mean(dim=(2, 3))


class AttentiveStatisticsHead(nn.Module):
    """Mean and deviation over time, weighted by attention, then a linear layer (Okabe et al., Interspeech 2018).

    Frames keep a few bands of mels apart: which pitch sounds is what early features know, and a mean over all mels
    forgets it.

    Args:
        channels: Number of channels of the features that it takes.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.
    """

    def __init__(self, channels: int, n_classes: int) -> None:
        super().__init__()
        n_values = channels * _BANDS
        self.attention = nn.Sequential(
            nn.Conv1d(n_values, _ATTENTION_UNITS, 1), nn.Tanh(), nn.Conv1d(_ATTENTION_UNITS, 1, 1)
        )
        self.norm = nn.BatchNorm1d(2 * n_values)
        self.linear = nn.Linear(2 * n_values, n_classes)

    def forward(self, features: Tensor) -> Tensor:
        """Logits, shape (N, C), for features of shape (N, channels, mels, frames)."""
        frames = self._bands(features).flatten(1, 2)
        weights = self.attention(frames).softmax(dim=2)
        mean = (weights * frames).sum(dim=2)
        variance = (weights * frames.square()).sum(dim=2) - mean.square()
        statistics = torch.cat([mean, variance.clamp(min=_SMALLEST_VARIANCE).sqrt()], dim=1)
        logits: Tensor = self.linear(self.norm(statistics))
        return logits

    @staticmethod
    def _bands(features: Tensor) -> Tensor:
        """Mean within each band, shape (N, channels, bands, frames)."""
        n_samples, channels, mels, frames = features.shape
        if mels % _BANDS:
            return F.adaptive_avg_pool2d(features, (_BANDS, frames))
        # The same, with a backward pass that takes a third of the time.
        return features.view(n_samples, channels, _BANDS, mels // _BANDS, frames).mean(dim=3)


HEADS: dict[str, Callable[[int, int], nn.Module]] = {
    "max-mean": MaxMeanHead,
    "average": AverageHead,
    "attentive-statistics": AttentiveStatisticsHead,
}


def build_head(name: str, channels: int, n_classes: int) -> nn.Module:
    """Build a head by its name.

    Raises:
        TrainingError: If there is no such head.
    """
    if name not in HEADS:
        raise TrainingError(f"head must be one of {', '.join(HEADS)} but is {name!r}")
    return HEADS[name](channels, n_classes)
