"""Training the heads of a detector together with a router, its backbone left as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainables.data import Split
from trainables.errors import TrainingError
from trainables.models.detection.model import DetectorModel
from trainables.models.inference import device_of, unit_scale
from trainables.routing.router import Router, distribution_loss
from trainables.routing.settings import RoutingSettings
from trainables.training.freezing import freeze, train_the_rest


ImageLosses = Callable[[Tensor, Tensor], Tensor]
"""From what all exits give, shape (N, E, A, 4 + 1 + C), and true boxes, shape (N, M, 6), to the detection loss of each
image at each exit, shape (N, E)."""

_NEW_HEADS_FASTER = 10.0


@dataclass(frozen=True)
class RoutingEpoch:
    """What an epoch of training came to; means over its images.

    Attributes:
        epoch: Index of the epoch, from 0.
        loss: What was minimised.
        detection_losses: Detection loss of each exit, whatever it counted, length E.
        distribution_loss: Distance of the exit mix to its target.
        confidences: Confidence of each exit, times how open its gate was where the gate counted, length E.
        exit_mix: Share of the images that the router would have had leave at each exit, length E.
        thresholds: Threshold of each early exit at the end of the epoch, length E - 1.
        temperatures: Temperature of each exit at the end of the epoch, length E.
    """

    epoch: int
    loss: float
    detection_losses: tuple[float, ...]
    distribution_loss: float
    confidences: tuple[float, ...]
    exit_mix: tuple[float, ...]
    thresholds: tuple[float, ...]
    temperatures: tuple[float, ...]


@dataclass(frozen=True)
class TrainedRouting:
    """A detector and a router that were trained together.

    Attributes:
        model: The detector, in evaluation mode.
        router: Its router.
        curve: What each epoch came to.
    """

    model: DetectorModel
    router: Router
    curve: tuple[RoutingEpoch, ...]


def train_routing(
    model: DetectorModel,
    train: Split,
    settings: RoutingSettings,
    image_losses: ImageLosses,
    *,
    seed: int,
    has_new_heads: bool = False,
) -> TrainedRouting:
    """Train a copy of a detector's heads with a router, image by image at the exits that it is routed to.

    The loss is the mean over images of ``sum_k r_k L_k``, where ``r_k`` is how much the image leaves at exit ``k`` and
    ``L_k`` its detection loss there, with the distribution loss. The backbone stays, and so do its statistics.

    Args:
        model: A trained detector; it stays as it is.
        train: Images that are trained on, as they are.
        settings: How the router is trained.
        image_losses: The detection loss of each image at each exit.
        seed: Seed of the order of images, of Gumbel-softmax and of new heads.
        has_new_heads: Whether heads begin anew, and learn faster then.

    Raises:
        TrainingError: If the detector has one exit only, there are less than two images, or the training diverges.
    """
    require_exits(model)
    if len(train.ids) < 2:
        raise TrainingError(f"routing needs at least 2 images to train on but got {len(train.ids)}; give more")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        training = _RoutingTraining(deepcopy(model), train, settings, image_losses, seed, has_new_heads)
        curve = tuple(training.train_epoch(epoch) for epoch in range(settings.epochs))
    return TrainedRouting(training.model.eval(), training.router, curve)


class _RoutingTraining:
    """A detector with its router and their optimiser; one call trains one epoch."""

    def __init__(
        self,
        model: DetectorModel,
        train: Split,
        settings: RoutingSettings,
        image_losses: ImageLosses,
        seed: int,
        has_new_heads: bool,
    ) -> None:
        self.model, self.router = model, Router(settings, model.n_exits).to(device_of(model))
        self._settings, self._image_losses = settings, image_losses
        self._inputs, self._objects = torch.tensor(train.inputs), torch.tensor(train.labels, dtype=torch.float32)
        self._generator = torch.Generator().manual_seed(seed)
        self._target = torch.as_tensor(settings.mix(model.n_exits), dtype=torch.float32, device=device_of(model))
        freeze(model, "backbone")
        if has_new_heads:
            renew_heads(model)
        heads_rate = settings.heads_rate * (_NEW_HEADS_FASTER if has_new_heads else 1.0)
        self._optimiser = torch.optim.Adam(
            [
                {"params": model.parameter_groups()["heads"], "lr": heads_rate},
                {"params": list(self.router.parameters()), "lr": settings.router_rate},
            ]
        )

    def train_epoch(self, epoch: int) -> RoutingEpoch:
        """Train one epoch.

        Raises:
            TrainingError: If the loss is not a number.
        """
        train_the_rest(self.model, "backbone")
        self.router.begin_epoch(epoch)
        steps = [self._step(rows) for rows in self._batches()]
        means = {name: np.mean([step[name] for step in steps], axis=0) for name in steps[0]}
        if not np.isfinite(means["loss"]):
            raise TrainingError(
                f"routing must have a finite loss but it is {means['loss']:g} in epoch {epoch + 1}; lower heads_rate"
            )
        return RoutingEpoch(
            epoch=epoch,
            loss=float(means["loss"]),
            detection_losses=_floats(means["detection_losses"]),
            distribution_loss=float(means["distribution_loss"]),
            confidences=_floats(means["confidences"]),
            exit_mix=_floats(means["exit_mix"]),
            thresholds=_floats(self.router.thresholds.detach().cpu().numpy()),
            temperatures=_floats(self.router.temperatures.detach().cpu().numpy()),
        )

    def _batches(self) -> Iterator[Tensor]:
        """Rows of each step, in a new order; what would be a smaller batch is left out."""
        size = min(self._settings.batch_size, len(self._inputs))
        order = torch.randperm(len(self._inputs), generator=self._generator)
        yield from torch.split(order[: len(order) // size * size], size)

    def _step(self, rows: Tensor) -> dict[str, Any]:
        """Train on some images, and tell what they came to."""
        device = self._target.device
        raw = self.model.outputs(unit_scale(self._inputs[rows].to(device)))
        signals = self.router.signals(raw)
        weights = self.router.weights(signals, self._generator)
        losses = self._image_losses(raw, self._objects[rows].to(device))
        distribution = distribution_loss(weights, self._target)
        loss = (weights * losses).sum(dim=1).mean() + self._settings.distribution_weight * distribution
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self.router.clamp()
        exits = self.router.exits(signals)
        return {
            "loss": float(loss.detach()),
            "detection_losses": losses.detach().mean(dim=0).cpu().numpy(),
            "distribution_loss": float(distribution.detach()),
            "confidences": signals.gated.detach().mean(dim=0).cpu().numpy(),
            "exit_mix": np.bincount(exits.cpu().numpy(), minlength=self.model.n_exits) / len(rows),
        }


def require_exits(model: DetectorModel) -> None:
    """Refuse a detector that cannot be left early.

    Raises:
        TrainingError: If it has one exit only.
    """
    if model.n_exits < 2:
        raise TrainingError("routing needs a detector with at least 2 exits but this has 1; train one with exits")


def renew_heads(model: DetectorModel) -> None:
    """Have all that is not the backbone begin anew, as torch begins layers, with its global generator."""
    heads = {id(weight) for weight in model.parameter_groups()["heads"]}
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        begin = getattr(module, "reset_parameters", None)
        if own and all(id(weight) in heads for weight in own) and callable(begin):
            begin()


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
