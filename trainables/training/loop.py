"""Training one multi-exit network, epoch by epoch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.amp.grad_scaler import GradScaler
from torch.nn.utils import clip_grad_norm_
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from trainables.augmentation.images import Augmentation, Views
from trainables.augmentation.mixup import Mixture
from trainables.data import Split
from trainables.losses.base import BatchLoss
from trainables.losses.exit_loss import LossWeights
from trainables.models import MultiExitModel
from trainables.models.inference import unit_scale
from trainables.recipes.hyperparameters import TrainingSettings
from trainables.recipes.recipe import Recipe
from trainables.teachers.teacher import Teachers
from trainables.training.bilevel import turns_of
from trainables.training.freezing import freeze, train_the_rest


Augment = Callable[[Augmentation, Tensor, Tensor, torch.Generator], tuple[Tensor, Tensor]]
"""Moves images and what is to be answered of them: :meth:`trainables.tasks.base.TrainingTask.augmented`."""


def images_alone(
    augmentation: Augmentation, images: Tensor, targets: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Moved images, of which the same is to be answered wherever they are moved to."""
    return augmentation(images, generator), targets


class MultiExitTraining:
    """A network with its optimiser, schedule and random states; one call trains one epoch.

    The split sits in memory as tensors; no Python runs per sample. On a GPU it computes in mixed precision.

    Args:
        model: The untrained network; it is moved to the device and trained in place.
        settings: Optimiser, rates and weights of the loss, which a trial may vary.
        recipe: Length, batches and safeguards, which all trials share.
        train: The training split, whose samples weights are fitted on.
        loss: What is minimised; see :meth:`trainables.tasks.base.TrainingTask.loss`.
        targets: What the network is to answer for each sample of the split, shape (N, ...).
        augmentation: How images are moved before each step.
        augment: What moves them, with their targets where these move too.
        seed: Seed of the sample order and the augmentation.
        device: Where it computes; on a GPU in mixed precision.
        teachers: From outside the network, or None.
    """

    def __init__(
        self,
        model: MultiExitModel,
        settings: TrainingSettings,
        recipe: Recipe,
        train: Split,
        *,
        loss: BatchLoss,
        targets: np.ndarray[Any, Any],
        augmentation: Augmentation,
        seed: int,
        device: torch.device,
        teachers: Teachers | None = None,
        augment: Augment = images_alone,
    ) -> None:
        self.model = model.to(device)
        freeze(self.model, recipe.frozen)
        self.epoch = 0
        self._settings = settings
        self._recipe = recipe
        self._inputs = _tensor(train.inputs).to(device)
        self._targets = _tensor(targets).to(device)
        self._loss = loss
        self._augmentation, self._augment = augmentation, augment
        self._views = (
            Views(augmentation, recipe.n_views, recipe.view_seed).draw(len(train.ids)) if recipe.n_views else []
        )
        self._teachers = teachers.to(device) if teachers is not None else None
        self._turns = turns_of(self.model, train, is_bilevel=settings.stopping.is_bilevel, seed=seed)
        self._batch_size = min(recipe.batch_size, *(len(turn.rows) for turn in self._turns))
        self._n_steps = len(self._turns[-1].rows) // self._batch_size
        self._optimiser = settings.build_optimiser(self.model)
        self._scheduler = settings.build_scheduler(
            self._optimiser, n_steps=recipe.epochs * self._n_steps, final_div_factor=recipe.final_div_factor
        )
        self._average = _average_of(self.model, recipe.ema_decay)
        self._scaler = GradScaler(device.type, enabled=device.type == "cuda")
        self._generator = torch.Generator().manual_seed(seed)
        # Of torch's global generator, which dropout draws from: other trainings of the process do not disturb it.
        self._torch_random = torch.get_rng_state()

    @property
    def network(self) -> MultiExitModel:
        """The network that is judged: the average of the weights where one is kept, else the trained one."""
        return self.model if self._average is None else cast(MultiExitModel, self._average.module)

    def train_epoch(self) -> float:
        """Train one epoch and return its mean loss; NaN or infinity when the training diverged."""
        torch.set_rng_state(self._torch_random)
        train_the_rest(self.model, self._recipe.frozen)
        weights = self._settings.loss_weights(self.epoch)
        total = torch.zeros((), device=self._targets.device)
        batches = [turn.batches(self._n_steps, self._batch_size, self._generator) for turn in self._turns]
        for rows_of_turns in zip(*batches, strict=True):
            for turn, rows in zip(self._turns, rows_of_turns, strict=True):
                loss = self._loss_of(rows.to(self._targets.device), weights)
                self._step(loss, turn.parameters)
            total += loss.detach()
            self._scheduler.step()
            if self._average is not None:
                self._average.update_parameters(self.model)
        self.epoch += 1
        self._torch_random = torch.get_rng_state()
        return float(total) / self._n_steps

    def state(self) -> dict[str, Any]:
        """Everything that continues the training exactly: tensors and plain numbers only."""
        return {
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "average": None if self._average is None else self._average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "scheduler": self._scheduler.state_dict(),
            "scaler": self._scaler.state_dict(),
            "generator": self._generator.get_state(),
            "torch_random": self._torch_random,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self.epoch = state["epoch"]
        self.model.load_state_dict(state["model"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._scheduler.load_state_dict(state["scheduler"])
        self._scaler.load_state_dict(state["scaler"])
        self._generator.set_state(state["generator"])
        self._torch_random = state["torch_random"]

    @property
    def _view(self) -> int:
        return self.epoch % len(self._views) if self._views else 0

    def _moved(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        images, targets = unit_scale(self._inputs[rows]), self._targets[rows]
        if self._views:
            return self._views[self._view][rows].apply(images), targets
        return self._augment(self._augmentation, images, targets, self._generator)

    def _loss_of(self, rows: Tensor, weights: LossWeights) -> Tensor:
        """The loss of some samples, moved and mixed."""
        mixed = Mixture.draw(len(rows), self._settings.mixup)
        images, targets = self._moved(rows)
        inputs = mixed.inputs(self._settings.spec_augment(images))
        taught = self._teachers(inputs, rows, self._view) if self._teachers is not None else None
        with torch.autocast(inputs.device.type, enabled=self._scaler.is_enabled()):
            outputs = self.model.outputs(inputs)
        loss_of = partial(self._loss, outputs.float(), weights=weights, teacher_logits=taught)
        return mixed.loss(loss_of, targets)

    def _step(self, loss: Tensor, parameters: list[nn.Parameter]) -> None:
        """Move some of the parameters; those without a gradient stay as they are."""
        self._optimiser.zero_grad(set_to_none=True)
        # With one turn these are all that there are.
        self._scaler.scale(loss).backward(inputs=parameters if len(self._turns) > 1 else None)  # type: ignore[no-untyped-call]
        if self._recipe.gradient_clip is not None:
            self._scaler.unscale_(self._optimiser)
            clip_grad_norm_(parameters, self._recipe.gradient_clip)
        self._scaler.step(self._optimiser)
        self._scaler.update()


def _average_of(model: MultiExitModel, decay: float | None) -> AveragedModel | None:
    if decay is None:
        return None
    return AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)  # type: ignore[no-untyped-call]


def _tensor(array: np.ndarray[Any, Any]) -> Tensor:
    # Arrays from the object store are read-only, which torch warns about: copy them once.
    return torch.from_numpy(array if array.flags.writeable else array.copy())
