"""What is the same for all trials of a sweep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from policies.exit_table import ExitTable
from trainables.checkpoints import CheckpointFolder, read_state
from trainables.data import Split
from trainables.errors import CheckpointError
from trainables.models import MultiExitModel
from trainables.tabulate import exit_table
from trainables.training import MultiExitTraining
from trainables.workloads import get_workload


@dataclass(frozen=True)
class TrialTask:
    """What is the same for all trials of a sweep.

    Attributes:
        workload: Name of the workload.
        class_names: Of the data.
        n_exits: Number of exits.
        width: Channels of the first stage.
        epochs: Length of the training.
        batch_size: Samples per step.
        aim: The accuracy that policies are searched for: the target and the margin that a certificate needs.
        seed: Of initial weights, sample order and augmentation; the same for all trials, so that they
            differ by their parameters only.
        n_threads: Threads to compute with: the trial's CPU share.
        use_gpu: Whether the trial was given a GPU.
    """

    workload: str
    class_names: tuple[str, ...]
    n_exits: int
    width: int
    epochs: int
    batch_size: int
    aim: float
    seed: int
    n_threads: int = 1
    use_gpu: bool = False

    def build_model(self, train: Split) -> MultiExitModel:
        """The untrained network."""
        torch.manual_seed(self.seed)
        workload = get_workload(self.workload)
        return workload.build_model(train, len(self.class_names), n_exits=self.n_exits, width=self.width)

    def training(self, params: Mapping[str, Any], train: Split) -> MultiExitTraining:
        """A training from its beginning."""
        workload = get_workload(self.workload)
        return MultiExitTraining(
            self.build_model(train),
            workload.settings(params, n_exits=self.n_exits, epochs=self.epochs),
            train,
            augmentation=workload.augmentation,
            epochs=self.epochs,
            batch_size=self.batch_size,
            seed=self.seed,
            device=torch.device("cuda" if self.use_gpu and torch.cuda.is_available() else "cpu"),
        )

    def table(self, model: MultiExitModel, split: Split, name: str) -> ExitTable:
        """The exit table of a network on one split."""
        return exit_table(model, split, workload=self.workload, split=name, class_names=list(self.class_names))

    def load_model(self, folder: Path, train: Split) -> MultiExitModel:
        """The network of a finished trial, on the CPU, in evaluation mode.

        Args:
            folder: The trial's checkpoints.
            train: For the shape of the samples.

        Raises:
            CheckpointError: If the checkpoint of the last epoch is gone or damaged.
        """
        state = CheckpointFolder(folder).newest(read_state)
        if state is None or state["epoch"] < self.epochs:
            raise CheckpointError(f"{folder}: the checkpoint of the last epoch is gone or damaged")
        model = self.build_model(train)
        model.load_state_dict(state["model"])
        return model.eval()
