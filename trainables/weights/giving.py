"""Giving a network from elsewhere the weights that it was trained to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from trainables.errors import TrainingError
from trainables.models.loading import describe_mismatch, load_weights
from trainables.weights.files import read_weights
from trainables.weights.wrappers import Unwrapped, unwrap


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
    fix = "give those that this very network was trained to"
    found = fitting_weights(path, own, what=type(network).__name__, fix=fix)
    load_weights(network, {**own, **found.weights})
    return found.description


def fitting_weights(path: Path, expected: Mapping[str, Tensor], *, what: str, fix: str) -> Unwrapped:
    """The weights of a file that are all of a network's and no others.

    Args:
        path: File that holds the weights, wrapped or not.
        expected: The network's own weights, by the names that the file has for them.
        what: What a person calls the network.
        fix: What to do where they do not fit.

    Raises:
        TrainingError: If the file cannot be read, or its weights do not fit.
    """
    found = unwrap(path, read_weights(path), expected)
    mismatch = describe_mismatch(expected, found.weights)
    if mismatch:
        wrapping = found.description and f"; {found.description}"
        raise TrainingError(f"{path}: weights must fit {what} but do not ({mismatch}){wrapping}; {fix}")
    return found
