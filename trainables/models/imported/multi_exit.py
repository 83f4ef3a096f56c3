"""Any network that gives several outputs as a multi-exit network: its stages and heads, found by tracing it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any
import warnings

import numpy as np
import torch
from torch import Tensor, nn

from trainables.errors import CutError, ImportedNetworkWarning, TrainingError
from trainables.models.base import MultiExitModel, cumulative_macs
from trainables.models.exits.tracing import first_line
from trainables.models.imported.asking import MANY, ask, first_difference, some_samples
from trainables.models.imported.first_look import look_at, require_classes
from trainables.models.imported.stages import cut
from trainables.models.imported.steps import Steps, trace_steps
from trainables.models.inference import device_of
from trainables.models.outputs import settle_outputs, stack_exits


def as_multi_exit(
    network: nn.Module,
    *,
    input_shape: tuple[int, ...],
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    n_classes: int | None = None,
) -> MultiExitModel:
    """Cut a network that gives the logits of several exits into stages, with a head after each.

    Stage ``k`` is what exit ``k`` needs and no exit before it has needed, so that answering at an exit costs what the
    exit needs. Where later exits need several tensors, features are a tuple of them, each with the samples first.
    Weights and modules are the network's own, not copies, also where exits share them.

    Args:
        network: Takes a tensor of shape (N, channels, height, width) and gives logits of shape (N, C) for each exit,
            the shallowest first: a list, a tuple, a dict in order, or one tensor, (N, E, C) or (E, N, C), made by
            ``torch.stack``. A :class:`MultiExitModel` is returned as it is. It is put into evaluation mode, and what
            its forward does in that mode is what the stages do.
        input_shape: (channels, height, width) of one sample.
        mean: What it was trained with: mean of each input channel, for inputs in 0..1; None gives it inputs as they
            are. Grey samples, with a mean for each of three colours, become three channels.
        std: Standard deviation of each input channel likewise; positive.
        n_classes: Number of classes of the data, ``C``, where that is to be checked.

    Raises:
        CutError: If torch.fx cannot trace it, or its stages do not give what it gives.
        TrainingError: If it does not fit the samples or the classes, gives fewer than two exits, exits that get no
            deeper, or answers that are not the same each time.

    Warns:
        ImportedNetworkWarning: If an exit alone takes less than the one before it.
    """
    if isinstance(network, MultiExitModel):
        return _own(network, input_shape, mean, std, n_classes)
    name = type(network).__name__
    seen = look_at(network, input_shape, mean, std, n_classes)
    steps = trace_steps(network, seen.scaled)
    model = _built(steps, seen.mean, seen.std, name).to(device_of(network))
    _require_same(model, seen.inputs, seen.logits, name)
    _require_depth(model, steps, input_shape, name)
    return model


def _built(steps: Steps, mean: Sequence[float], std: Sequence[float], name: str) -> MultiExitModel:
    stages, heads = cut(steps, name=name)
    model = MultiExitModel(stages, heads, mean=mean, std=std).eval()
    # With the channels last in memory, forwards that view what a convolution gives would fail.
    model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return model


def _own(
    model: MultiExitModel,
    input_shape: tuple[int, ...],
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    n_classes: int | None,
) -> MultiExitModel:
    if mean is not None or std is not None:
        raise TrainingError(
            f"mean and std are for networks that do not standardise, but {type(model).__name__} is a MultiExitModel, "
            f"which does; leave them out"
        )
    model.eval()
    if type(model).forward is not MultiExitModel.forward:
        settle_outputs(model, input_shape, n_exits=model.n_exits)
    inputs = some_samples(input_shape, MANY, like=model)
    logits = ask(model, inputs)
    require_classes(model, logits.shape[2], n_classes)
    _require_same(model, inputs, logits, type(model).__name__)
    return model


def _require_same(model: MultiExitModel, inputs: Tensor, whole: Tensor, name: str) -> None:
    """The stages must give what the network gives, also about those alone whom no earlier exit has let go."""
    rows = torch.tensor([MANY - 1, 1], device=inputs.device)
    for kept, wanted in ((None, whole), (rows, whole[rows]), (rows[:1], whole[rows[:1]])):
        try:
            with torch.no_grad(), torch.random.fork_rng():
                differs = first_difference(_run(model, inputs.clone(), kept), wanted)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise CutError(_other(name, f"fail: {first_line(error)}")) from None
        if differs is not None:
            raise CutError(_other(name, f"do not at exit {differs}{', once samples have left' * (kept is not None)}"))


def _other(name: str, how: str) -> str:
    return (
        f"stages must give the logits that the network gives, but those of {name} {how}; have the forward change no "
        f"tensor in place between its exits, name the stages, MultiExitModel(stages, heads, mean=..., std=...), or "
        f"tabulate it only"
    )


def _run(model: MultiExitModel, inputs: Tensor, kept: Tensor | None) -> Tensor:
    """Logits at every exit of the kept samples, all others leaving after the first exit."""
    features: Any = model.normalise(inputs)
    logits = []
    for k, (stage, head) in enumerate(zip(model.stages, model.heads, strict=True)):
        features = stage(features)
        said = model.logits_of(head(features))
        logits.append(said[kept] if k == 0 and kept is not None else said)
        if k == 0 and kept is not None:
            features = tuple(one[kept] for one in features) if isinstance(features, tuple) else features[kept]
    return stack_exits(logits)


def _require_depth(model: MultiExitModel, steps: Steps, input_shape: tuple[int, ...], name: str) -> None:
    macs = cumulative_macs(model, input_shape)
    if macs[0] <= 0 or (np.diff(macs) <= 0).any():
        shallow = int(np.flatnonzero(np.diff(macs, prepend=0) <= 0)[0])
        than = f"than exit {shallow} has taken already" if shallow else "at all"
        raise TrainingError(
            f"every exit must be deeper than the one before it, but exit {shallow + 1} of {name} takes no "
            f"multiply-accumulates more {than}; give outputs from the shallowest to the deepest, each one once"
        )
    alone = [sum(steps.macs[step] for step in steps.before(exit_)) for exit_ in steps.exits]
    backwards = [k for k, (one, next_one) in enumerate(pairwise(alone), start=1) if next_one < one]
    if backwards:
        k = backwards[0]
        warnings.warn(
            f"outputs of {name} should go from the shallowest to the deepest, but exit {k + 1} alone takes "
            f"{alone[k]} multiply-accumulates and exit {k} alone {alone[k - 1]}: is their order right?",
            ImportedNetworkWarning,
            stacklevel=3,
        )
