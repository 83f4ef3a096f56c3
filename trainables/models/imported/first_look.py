"""A first look at a network from elsewhere: what it is given, how it answers, and whether that can be relied on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from trainables.errors import TrainingError
from trainables.models.imported.asking import MANY, ask, output_form, some_samples
from trainables.models.outputs import OutputForm


@dataclass(frozen=True)
class FirstLook:
    """What a network says about a few random samples.

    Attributes:
        mean: Mean that inputs in 0..1 are standardised with, one number or one of each channel.
        std: Standard deviation that they are divided by, likewise.
        inputs: Random samples in 0..1, shape (n, channels, height, width).
        scaled: The same, standardised.
        form: How the network gives the logits of its exits.
        logits: What it gives for the samples, shape (n, E, C).
    """

    mean: Sequence[float]
    std: Sequence[float]
    inputs: Tensor
    scaled: Tensor
    form: OutputForm
    logits: Tensor


def look_at(
    network: nn.Module,
    input_shape: tuple[int, ...],
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    n_classes: int | None,
) -> FirstLook:
    """Put a network into evaluation mode, and ask it about random samples; arguments as of ``as_multi_exit``.

    Raises:
        TrainingError: If it does not fit the samples or the classes, gives fewer than two exits, or answers that are
            not the same each time.
    """
    network.eval()
    mean, std = _channel_scale(mean, std, input_shape)
    inputs = some_samples(input_shape, MANY, like=network)
    scaled = (inputs - _shaped(mean, inputs)) / _shaped(std, inputs)
    form = output_form(network, scaled)
    logits = form(network, (), ask(network, scaled))
    require_classes(network, logits.shape[2], n_classes)
    return FirstLook(mean, std, inputs, scaled, form, logits)


def require_classes(network: nn.Module, n_outputs: int, n_classes: int | None) -> None:
    """Refuse a network that does not give one logit for each class.

    Raises:
        TrainingError: If that is so.
    """
    if n_classes is not None and n_classes != n_outputs:
        more = "name the classes of all its outputs, in their order, as --class-names" if n_outputs > n_classes else ""
        raise TrainingError(
            f"a network must give one logit for each class of the data, {n_classes}, but {type(network).__name__} "
            f"gives {n_outputs}; {more or 'give data of its own classes'}"
        )


def _channel_scale(
    mean: Sequence[float] | None, std: Sequence[float] | None, input_shape: tuple[int, ...]
) -> tuple[list[float], list[float]]:
    scale = {"mean": [*(mean or [0.0])], "std": [*(std or [1.0])]}
    for name, values in scale.items():
        if len(values) not in (1, input_shape[0]) and input_shape[0] != 1:
            raise TrainingError(
                f"{name} must have one value or one for each of the {input_shape[0]} channels but has {len(values)}"
            )
        if not np.isfinite(values).all() or (name == "std" and min(values) <= 0):
            rule = "positive numbers" if name == "std" else "numbers"
            raise TrainingError(f"{name} must be {rule}, for inputs in 0..1, but is {values}")
    n_values = {len(values) for values in scale.values()} - {1}
    if len(n_values) > 1:
        raise TrainingError(
            f"mean and std must have as many values as each other but have {len(scale['mean'])} and {len(scale['std'])}"
        )
    return scale["mean"], scale["std"]


def _shaped(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=torch.float32, device=like.device).view(1, -1, 1, 1)
