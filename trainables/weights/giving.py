"""Giving a network from elsewhere the weights that it was trained to."""

from __future__ import annotations

from pathlib import Path

from torch import nn

from trainables.errors import TrainingError
from trainables.models.loading import describe_mismatch, load_weights
from trainables.weights.files import read_weights
from trainables.weights.wrappers import unwrap


def give_weights(network: nn.Module, path: Path) -> str:
    """Give a network a file's weights, all that it has.

    Args:
        network: Any network; the file calls its weights as it does itself.
        path: What ``torch.save`` or safetensors has written: a state dict, or a whole checkpoint that holds one.

    Returns:
        What the weights were wrapped in, as half a sentence; empty where they were not.

    Raises:
        TrainingError: If the file cannot be read, or its weights do not fit.
    """
    own = network.state_dict()
    found = unwrap(path, read_weights(path), own)
    mismatch = describe_mismatch(own, found.weights)
    if mismatch:
        wrapping = found.description and f"; {found.description}"
        raise TrainingError(
            f"{path}: weights must fit {type(network).__name__} but do not ({mismatch}){wrapping}; give those that "
            f"this very network was trained to"
        )
    load_weights(network, {**own, **found.weights})
    return found.description
