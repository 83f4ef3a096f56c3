"""A small network with stop heads: what its stages hand on are tuples, which get longer with depth."""

import numpy as np
import torch
from torch import nn

from trainables.data import Split
from trainables.models.stopping import StoppingHead, StoppingModel


SHAPE, N_CLASSES, N_EXITS = (1, 6, 6), 4, 3
_CHANNELS = 3


class FirstStage(nn.Module):
    """From images to weights of two operations for each later stage, per sample, and the first state."""

    def __init__(self):
        super().__init__()
        self.controller = nn.Sequential(nn.Flatten(), nn.Linear(36, 2 * N_EXITS))
        self.stem = nn.Conv2d(1, _CHANNELS, 3, padding=1)

    def forward(self, images):
        weights = self.controller(images).unflatten(1, (N_EXITS, 2)).softmax(dim=2)
        return weights, self.stem(images).relu()


class LaterStage(nn.Module):
    """Mixes two operations by the weights of each sample, and adds its state to those before."""

    def __init__(self, k):
        super().__init__()
        self.k = k
        self.convolution = nn.Conv2d(_CHANNELS, _CHANNELS, 3, padding=1)
        self.pool = nn.AvgPool2d(3, stride=1, padding=1)

    def forward(self, features):
        weights, *states = features
        made = torch.stack([self.convolution(states[-1]), self.pool(states[0])], dim=1)
        mixed = torch.einsum("no,nochw->nchw", weights[:, self.k], made)
        return (weights, *states, mixed.relu())


class NewestState(nn.Module):
    """Of all features the last state, as a row."""

    def forward(self, features):
        return features[-1].flatten(1)


def stopping_network(*, seed=0):
    """Three exits that are sure of different samples, and stop heads that say something else than the classifiers."""
    torch.manual_seed(seed)
    stages = [FirstStage(), *(LaterStage(k) for k in range(1, N_EXITS))]
    heads = [StoppingHead(_linear(N_CLASSES), _linear(1) if k < N_EXITS - 1 else None) for k in range(N_EXITS)]
    return StoppingModel(stages, heads, mean=[0.4], std=[0.2]).eval()


def _linear(n_outputs):
    layer = nn.Linear(_CHANNELS * 36, n_outputs)
    nn.init.normal_(layer.weight, std=0.3)
    return nn.Sequential(NewestState(), layer)


def stopping_split(n_samples=120, *, seed=0):
    """Noise with labels that nobody can tell."""
    rng = np.random.default_rng(seed)
    inputs = rng.random((n_samples, *SHAPE), dtype=np.float32)
    ids = np.array([f"{seed}-{i}" for i in range(n_samples)])
    return Split(inputs, np.arange(n_samples) % N_CLASSES, ids, None)
