"""One real batch through a network before anything is trained: forward, loss, backward, and an exit table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
import math
from typing import Any

import torch
from torch import Tensor

from policies.tables.base import ExitTable
from policies.user_code import name_of, user_code
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.models import MultiExitModel
from trainables.models.inference import unit_scale
from trainables.models.plain import PlainNetwork
from trainables.training.determinism import deterministic_operations
from trainables.trials.spec import TrialSpec
from trainables.workloads import get_workload


_MOST_SAMPLES = 16
_TOLERANCE = 1e-3
# What the numbers of a network's outputs are called, by how many more there are than samples and exits.
_OUTPUTS = {
    1: (("samples", "exits", "classes"), "(N, E, C)"),
    2: (("samples", "exits", "anchors", "numbers"), "(N, E, A, 5 + C)"),
}


def check_batch(spec: TrialSpec, params: Mapping[str, Any], train: Split) -> ExitTable:
    """Do with a few samples what a trial does with all, and look at what comes out.

    Args:
        spec: What all trials have in common. Teachers are not asked.
        params: What of the network a trial may vary; the rest of the training is as where nothing is said.
        train: The training split; at most 16 samples from all over it are taken.

    Returns:
        What the network, hardly trained, answers about these samples.

    Raises:
        TrainingError: If the network gives other than finite logits of every class at every exit for every sample, if
            an exit cannot learn, if its stages do not give what its forward gives, or anything of it fails.
    """
    # Views are left out below, since all of them would be drawn.
    spec.require_views()
    batch = train.spread(min(spec.recipe.batch_size, _MOST_SAMPLES))
    spec = replace(spec, use_gpu=False, recipe=replace(spec.recipe, batch_size=len(batch.ids), n_views=None))
    deterministic = deterministic_operations(enabled=spec.recipe.deterministic)
    with torch.random.fork_rng(devices=[]), deterministic:
        training = spec.training(params, batch)
        network = training.network
        who = _name(spec, network, params)
        with user_code(who, TrainingError):
            images = unit_scale(torch.tensor(batch.inputs))
            _check_outputs(training.model, images, spec.task.output_shape(network, len(spec.class_names)), who)
            if spec.recipe.epochs:
                _check_gradients(training.model, images, who)
                loss = training.train_epoch()
                if not math.isfinite(loss):
                    raise TrainingError(f"{who}: the loss of the first batch is {loss}")
            _check_stages(network, images, who)
            return spec.table(network, batch, "search")


def _name(spec: TrialSpec, network: MultiExitModel, params: Mapping[str, Any]) -> str:
    """The network's own class where it is not ours alone, and what built it."""
    builder = get_workload(spec.workload).builder(spec.with_params(params).network)
    own = type(network)
    return builder if own in (MultiExitModel, PlainNetwork) else f"{name_of(own)}, which {builder} builds,"


def _check_outputs(model: MultiExitModel, images: Tensor, shape: tuple[int, ...], who: str) -> None:
    logits = model.eval()(images)
    wanted = (len(images), model.n_exits, *shape)
    names, form = _OUTPUTS[len(shape)]
    if not isinstance(logits, Tensor) or logits.dim() != len(wanted):
        given = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise TrainingError(f"{who}: forward must give logits of shape {form}, here {wanted}, but gives {given}")
    for name, n, found in zip(names, wanted, logits.shape, strict=True):
        if n != found:
            raise TrainingError(
                f"{who}: forward must give logits of shape {form}, here {wanted}, but gives {tuple(logits.shape)}: "
                f"{found} {name} instead of {n}"
            )
    if not logits.is_floating_point():
        raise TrainingError(f"{who}: logits must be real numbers but are {logits.dtype}")
    _require_finite(logits, who)


def _require_finite(logits: Tensor, who: str) -> None:
    bad = (~torch.isfinite(logits).transpose(0, 1).flatten(1).all(dim=1)).nonzero().flatten().tolist()
    if bad:
        raise TrainingError(f"{who}: exit {bad[0] + 1} gives NaN or infinity for samples of the training split")


def _check_gradients(model: MultiExitModel, images: Tensor, who: str) -> None:
    """Every exit must reach its own weights, where it has some that are to be trained; a frozen one need not."""
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    if not weights:
        raise TrainingError(f"{who}: no weight is to be trained (requires_grad); with training.epochs 0 none need be")
    logits = model.train()(images)
    _require_finite(logits, who)
    for exit_index, (stage, head) in enumerate(zip(model.stages, model.heads, strict=True)):
        own = [weight for part in (stage, head) for weight in part.parameters() if weight.requires_grad]
        if own and not _reaches(logits[:, exit_index], own):
            raise TrainingError(
                f"{who}: the logits of exit {exit_index + 1} have no gradient, so that its weights would never change; "
                f"leave out detach(), .data and torch.no_grad() in its forward"
            )


def _reaches(logits: Tensor, weights: list[torch.nn.Parameter]) -> bool:
    if not logits.requires_grad:
        return False
    # Neither heads that begin at zero nor logits that sum to zero give a gradient of zero then.
    different = torch.linspace(1, 2, logits.shape[-1])
    found = torch.autograd.grad((logits.float() * different).sum(), weights, retain_graph=True, allow_unused=True)
    return any(gradient is not None and bool(gradient.any()) for gradient in found)


def _check_stages(network: MultiExitModel, images: Tensor, who: str) -> None:
    """Early exit runs stage by stage, and costs are counted so: it must come to what the forward gives."""
    with torch.inference_mode():
        logits = network.eval()(images)
        staged = MultiExitModel.forward(network, images)
    if logits.shape != staged.shape or not torch.allclose(logits, staged, rtol=_TOLERANCE, atol=_TOLERANCE):
        raise TrainingError(
            f"{who}: forward must give what stages and heads give one after the other, since early exit runs these, "
            f"but gives something else"
        )
