"""What a network's forward gives, in one form: logits at every exit, shape (N, E, C)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from trainables.errors import TrainingError


@dataclass(frozen=True)
class OutputForm:
    """Brings what a forward gives into shape (N, E, C): a list, a tuple or a dict of exits in order, or one tensor.

    Attributes:
        n_exits: Number of exits that the outputs must be of, ``E``.
        exits_first: Whether one tensor has shape (E, N, C).
    """

    n_exits: int
    exits_first: bool = False

    def __call__(self, module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> Tensor:
        """As a hook of a module's forward.

        Raises:
            TrainingError: If the outputs are none of these.
        """
        if isinstance(outputs, Tensor):
            if self.n_exits == 1 and outputs.dim() == 2:
                return outputs[:, None]
            return outputs.transpose(0, 1) if self.exits_first and outputs.dim() == 3 else outputs
        exits = list(outputs.values()) if isinstance(outputs, Mapping) else outputs
        if not isinstance(exits, list | tuple):
            kind = type(outputs).__name__
            raise TrainingError(f"a network must give logits at every exit, as a tensor or a list, but gives {kind}")
        if len(exits) != self.n_exits:
            raise TrainingError(f"a network of {self.n_exits} exits must give as many outputs but gives {len(exits)}")
        return stack_exits(exits)


def stack_exits(exits: Sequence[Any], *, n_axes: int = 2) -> Tensor:
    """Logits of one exit after the other, shape (N, C) each, as shape (N, E, C).

    Args:
        exits: What each exit gives, in order.
        n_axes: Axes that each must have, samples first: 2 for logits of classes, more where a network gives more.

    Raises:
        TrainingError: If one has another shape than the first, or is no tensor.
    """
    form = "(N, C)" if n_axes == 2 else f"of {n_axes} axes"
    for depth, logits in enumerate(exits, start=1):
        if not isinstance(logits, Tensor):
            raise TrainingError(
                f"an exit must give one tensor of logits but exit {depth} gives {type(logits).__name__}"
            )
        if logits.dim() != n_axes or logits.shape != exits[0].shape:
            raise TrainingError(
                f"every exit must give logits of one shape, {form}, but exit {depth} gives {tuple(logits.shape)}"
                + (f" and exit 1 {tuple(exits[0].shape)}" if depth > 1 else "")
            )
    return torch.stack(list(exits), dim=1)


def settle_outputs(model: nn.Module, input_shape: tuple[int, ...], *, n_exits: int) -> None:
    """Have a model whose forward is a user's own give logits of shape (N, E, C), whatever form they have.

    It is asked once about as many samples as no exits there are, so that samples cannot be taken for exits. From then
    on, a hook brings its outputs into shape.

    Args:
        model: Put back into its mode afterwards.
        input_shape: (channels, height, width) of one sample.
        n_exits: Number of exits that its forward must give, ``E``.
    """
    was_training, n_samples = model.training, n_exits + 1
    parameter = next(model.parameters(), torch.zeros(0))
    with torch.no_grad():
        outputs = model.eval()(torch.zeros(n_samples, *input_shape, device=parameter.device))
    model.train(was_training)
    exits_first = isinstance(outputs, Tensor) and tuple(outputs.shape[:2]) == (n_exits, n_samples)
    model.register_forward_hook(OutputForm(n_exits, exits_first))
