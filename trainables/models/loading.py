"""Giving a network its weights, and saying in one line what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from policies.names import list_some
from trainables.models.exits.tracing import first_line


_MOST_NAMED = 5
# Normalisation before torch 0.4 did not count; torch itself fills it in.
_MAY_LACK = "num_batches_tracked"


def load_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Give a network weights, all that it has and no others.

    Raises:
        ValueError: If they do not fit; the message is one line, as of :func:`describe_mismatch`.
    """
    mismatch = describe_mismatch(network.state_dict(), weights)
    if mismatch:
        raise ValueError(mismatch)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(first_line(error)) from None


def distinct_weights(network: nn.Module) -> dict[str, Tensor]:
    """A network's weights without those that it has under an earlier name too, as exits that share a module have.

    Each is a copy, on the CPU, with its numbers in order.
    """
    first = _first_names(network.state_dict())
    return {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, tensor in network.state_dict().items()
        if first[name] == name
    }


def all_weights(network: nn.Module, distinct: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights under all names that a network has for them, from those of :func:`distinct_weights`."""
    first = _first_names(network.state_dict())
    shared = {name: distinct[one] for name, one in first.items() if name not in distinct and one in distinct}
    return {**distinct, **shared}


def _first_names(weights: Mapping[str, Tensor]) -> dict[str, str]:
    """For each name the first one of the same numbers in memory."""
    first: dict[tuple[int, torch.Size, tuple[int, ...]], str] = {}
    return {
        name: first.setdefault((tensor.data_ptr(), tensor.shape, tensor.stride()), name) if tensor.numel() else name
        for name, tensor in weights.items()
    }


def describe_mismatch(expected: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> str:
    """What keeps weights from fitting, as half a sentence with counts and at most five names; empty where they fit.

    Args:
        expected: The network's own weights by name.
        given: The weights that it should take, by the network's names.
    """
    shaped = [
        f"{name} {_shape(given[name])} instead of {_shape(tensor)}"
        for name, tensor in expected.items()
        if name in given and given[name].shape != tensor.shape
    ]
    missing = [name for name in expected if name not in given and not name.endswith(_MAY_LACK)]
    strange = [name for name in given if name not in expected]
    parts, left = [], _MOST_NAMED
    for names, text in ((shaped, "of another shape"), (missing, "missing"), (strange, "not this network's")):
        if names:
            parts.append(f"{len(names)} {text}{_named(names, left)}")
            left = max(0, left - len(names))
    return f"of {len(expected)} tensors {'; '.join(parts)}" if parts else ""


def _named(names: Sequence[str], most: int) -> str:
    return f": {list_some(names, most=most)}" if most else ""


def _shape(tensor: Tensor) -> list[int]:
    return list(tensor.shape)
