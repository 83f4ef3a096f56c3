"""Asking a network from elsewhere: how it gives the logits of its exits, and whether they can be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from policies.user_code import cause
from trainables.errors import TrainingError
from trainables.models.inference import device_of
from trainables.models.outputs import OutputForm


FEW, MANY = 3, 5
"""Numbers of samples that a network is asked about: what grows from one to the other is the axis of samples."""
TOLERANCE = 1e-3
"""By how much logits may differ where they must be the same, relative to the largest of them."""


def some_samples(input_shape: tuple[int, ...], n_samples: int, *, like: nn.Module) -> Tensor:
    """Random inputs in 0..1, the same each time, on a network's device, shape (n_samples, *input_shape)."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(n_samples, *input_shape, generator=generator).to(device_of(like))


def ask(network: nn.Module, inputs: Tensor, *, seed: int = 0) -> Any:
    """What a network gives for inputs that are standardised already, shape (N, channels, height, width).

    Args:
        network: In evaluation mode.
        inputs: Left as they are.
        seed: Of anything random in it; the global state of random numbers is put back.

    Raises:
        TrainingError: If it fails.
    """
    try:
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(seed)
            return network(inputs.clone())
    # It is a user's own code, which may raise anything.
    except Exception as error:
        raise TrainingError(
            f"a network must take samples of shape {tuple(inputs.shape[1:])} but {type(network).__name__} does not "
            f"({cause(error)}); give samples of the size and the channels that it was trained on"
        ) from None


def output_form(network: nn.Module, inputs: Tensor) -> OutputForm:
    """How a network gives the logits of its exits.

    Args:
        network: Gives them as a list, a tuple or a dict of tensors of shape (N, C), or as one tensor of shape (N, E, C)
            or (E, N, C); it must be in evaluation mode.
        inputs: Standardised already, shape (:data:`MANY`, channels, height, width).

    Raises:
        TrainingError: If it fails, gives anything else, fewer than two exits or NaN, or if what it gives for a sample
            differs from time to time or depends on the other samples.
    """
    few, many = ask(network, inputs[:FEW]), ask(network, inputs)
    form = _form(few, many, type(network).__name__)
    logits = form(network, (), many)
    if logits.shape[:2] != (len(inputs), form.n_exits) or logits.dim() != 3:
        raise TrainingError(
            f"a network must give one row of logits for each sample, but {type(network).__name__} gives "
            f"{tuple(logits.shape[1:])} for {len(inputs)} samples at {form.n_exits} exits"
        )
    _require_numbers(logits, network)
    _require_reliable(network, inputs, form, logits)
    return form


def _form(few: Any, many: Any, name: str) -> OutputForm:
    if isinstance(few, Mapping | list | tuple):
        n_exits, exits_first = len(few), False
    elif isinstance(few, Tensor) and few.dim() == 3:
        sizes = list(zip(few.shape, many.shape, strict=True))
        if (FEW, MANY) not in sizes[:2]:
            raise TrainingError(
                f"a tensor of all exits' logits must have shape (N, E, C) or (E, N, C), but {name} gives "
                f"{tuple(few.shape)} for {FEW} samples; return a list of the exits' logits"
            )
        exits_first = sizes[1] == (FEW, MANY)
        n_exits = few.shape[0 if exits_first else 1]
    else:
        n_exits, exits_first = 1, False
    if n_exits < 2:
        is_tensor = isinstance(few, Tensor)
        given = f"one tensor of shape {tuple(few.shape)}" if is_tensor else f"{type(few).__name__} of {n_exits}"
        raise TrainingError(
            f"a network must give logits at two exits or more, in evaluation mode too, but {name} gives {given} for "
            f"{FEW} samples; return a list of all exits' logits"
        )
    return OutputForm(n_exits, exits_first)


def _require_numbers(logits: Tensor, network: nn.Module) -> None:
    name = type(network).__name__
    if not logits.is_floating_point():
        raise TrainingError(f"logits must be real numbers but those of {name} are {logits.dtype}")
    bad = first_exit(~torch.isfinite(logits))
    if bad is not None:
        raise TrainingError(
            f"logits must be finite but exit {bad} of {name} gives NaN or infinity for random inputs in 0..1; give the "
            f"weights that it was trained to, and the mean and std that it was trained with"
        )


def _require_reliable(network: nn.Module, inputs: Tensor, form: OutputForm, logits: Tensor) -> None:
    name = type(network).__name__
    again = first_difference(form(network, (), ask(network, inputs, seed=1)), logits)
    if again is not None:
        raise TrainingError(
            f"a network must give the same logits each time, but exit {again} of {name} does not; a dropout must not "
            f"drop in evaluation, such as F.dropout(x, training=self.training)"
        )
    alone = first_difference(_alone(network, inputs[1:2], form), logits[1:2])
    if alone is not None:
        raise TrainingError(
            f"what a network says about a sample must not depend on the others of its batch, but at exit {alone} of "
            f"{name} it does; BatchNorm needs running statistics, and squeeze() the axis that it is to take out"
        )


def _alone(network: nn.Module, sample: Tensor, form: OutputForm) -> Tensor:
    outputs = ask(network, sample)
    try:
        return form(network, (), outputs)
    # Without the axis of samples, which squeeze() has taken out.
    except TrainingError:
        return torch.full((1, form.n_exits, 1), torch.nan, device=sample.device)


def first_difference(one: Tensor, other: Tensor) -> int | None:
    """The first exit, from 1, whose logits differ by more than :data:`TOLERANCE`; None where none does.

    Args:
        one: Logits, shape (N, E, C).
        other: Logits that they must equal, shape (N, E, C).
    """
    if one.shape != other.shape:
        return 1
    allowed = TOLERANCE * max(1.0, float(other.abs().max()))
    return first_exit(~((one - other).abs() <= allowed))


def first_exit(marks: Tensor) -> int | None:
    """The first exit, from 1, that has a mark, of shape (N, E, C); None where none has."""
    marked: Sequence[int] = marks.any(dim=2).any(dim=0).nonzero().flatten().tolist()
    return marked[0] + 1 if marked else None
