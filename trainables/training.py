"""Training one multi-exit network, epoch by epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from trainables.augment import Augmentation
from trainables.data import Split
from trainables.models import MultiExitModel
from trainables.settings import TrainingSettings
from trainables.tabulate import unit_scale


class MultiExitTraining:
    """A network with its optimiser, schedule and random states; one call trains one epoch.

    The split sits in memory as tensors; no Python runs per sample.

    Args:
        model: The network to train.
        settings: How.
        train: The training split.
        augmentation: Applied to every batch.
        epochs: Length of the training, for the learning-rate cycle.
        batch_size: Samples per step; the incomplete last batch of an epoch is left out.
        seed: Of the sample order and the augmentation.
        device: Where to train.
    """

    def __init__(
        self,
        model: MultiExitModel,
        settings: TrainingSettings,
        train: Split,
        *,
        augmentation: Augmentation,
        epochs: int,
        batch_size: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.model = model.to(device)
        self.epoch = 0
        self._settings = settings
        self._inputs = _tensor(train.inputs).to(device)
        self._labels = _tensor(train.labels).to(device)
        self._augmentation = augmentation
        self._batch_size = min(batch_size, len(train.labels))
        self._n_steps = len(train.labels) // self._batch_size
        self._optimiser = settings.build_optimiser(self.model)
        self._scheduler = settings.build_scheduler(self._optimiser, n_steps=epochs * self._n_steps)
        self._generator = torch.Generator().manual_seed(seed)

    def train_epoch(self) -> float:
        """Train one epoch and return its mean loss; NaN or infinity when the training diverged."""
        self.model.train()
        alpha = self._settings.alpha.at(self.epoch)
        margin_weight = self._settings.margin_weight.at(self.epoch)
        order = torch.randperm(len(self._labels), generator=self._generator).to(self._labels.device)
        total = torch.zeros((), device=self._labels.device)
        for step in range(self._n_steps):
            rows = order[step * self._batch_size : (step + 1) * self._batch_size]
            inputs = self._augmentation(unit_scale(self._inputs[rows]), self._generator)
            loss = self._settings.loss(self.model(inputs), self._labels[rows], alpha=alpha, margin_weight=margin_weight)
            self._optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            self._scheduler.step()
            total += loss.detach()
        self.epoch += 1
        return float(total) / self._n_steps

    def state(self) -> dict[str, Any]:
        """Everything that continues the training exactly: tensors and plain numbers only."""
        return {
            "epoch": self.epoch,
            "model": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "scheduler": self._scheduler.state_dict(),
            "generator": self._generator.get_state(),
            "torch_random": torch.get_rng_state(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self.epoch = state["epoch"]
        self.model.load_state_dict(state["model"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._scheduler.load_state_dict(state["scheduler"])
        self._generator.set_state(state["generator"])
        torch.set_rng_state(state["torch_random"])


def _tensor(array: np.ndarray[Any, Any]) -> Tensor:
    # Arrays from the object store are read-only, which torch warns about: copy them once.
    return torch.from_numpy(array if array.flags.writeable else array.copy())
