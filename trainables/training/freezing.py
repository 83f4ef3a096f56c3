"""Parts of a network that stay as they are while the rest of it is trained."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from trainables.errors import TrainingError
from trainables.models import MultiExitModel
from trainables.recipes.recipe import Frozen


def freeze(model: MultiExitModel, frozen: Frozen) -> None:
    """Have no gradient computed for the parts that stay: call before an optimiser is made.

    Torch then keeps nothing for a backward pass through a frozen backbone, which makes steps cheaper.

    Args:
        model: The network, which is to be trained.
        frozen: What of it stays.

    Raises:
        TrainingError: If nothing would be left to train.
    """
    if frozen == "nothing":
        return
    for part in _still(model, frozen):
        part.requires_grad_(False)
    for parameter in model.parameters(recurse=False):
        parameter.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        exits = "1 exit" if len(model.heads) == 1 else f"{len(model.heads)} exits"
        raise TrainingError(
            f"something must be left to train, but of a network with {exits} nothing is where {frozen} is frozen; "
            f"say frozen: nothing, or ask for more exits"
        )


def train_the_rest(model: MultiExitModel, frozen: Frozen) -> None:
    """Put a network into training mode, but for the parts that stay: they compute as they will when they are used.

    Batch norms among them neither take the statistics of a batch nor count it, and nothing is dropped in them.
    """
    model.train()
    for part in _still(model, frozen):
        part.eval()


def _still(model: MultiExitModel, frozen: Frozen) -> Iterator[nn.Module]:
    """The modules that stay as they are: a network's backbone, or all that its last exit's answers come of."""
    if frozen == "backbone":
        yield from model.backbone()
    elif frozen == "full-network":
        yield from (part for part in model.children() if part is not model.heads)
        yield model.heads[-1]
