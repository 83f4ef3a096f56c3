"""The Ray Tune trainable: one trial trains one multi-exit network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math
from pathlib import Path
import time
from typing import Any

from ray import tune
import torch

from policies.errors import ExitTableError
from policies.exit_table import ExitTable
from trainables.data import Split
from trainables.models import MultiExitModel
from trainables.report import diverged_report, quick_report
from trainables.tabulate import exit_table
from trainables.training import MultiExitTraining
from trainables.workloads import get_workload


CHECKPOINT_FILE = "training.pt"


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

    def table(self, model: MultiExitModel, split: Split, name: str) -> ExitTable:
        """The exit table of a network on one split."""
        return exit_table(model, split, workload=self.workload, split=name, class_names=list(self.class_names))


class MultiExitTrainable(tune.Trainable):  # type: ignore[misc]
    """Trains with the trial's parameters; one step is one epoch.

    It is given the splits ``train`` and ``search`` and never sees the others. Every report holds all metrics.
    """

    def setup(self, config: dict[str, Any], task: TrialTask, train: Split, search: Split) -> None:
        """Build the network; the data stay for the actor's next trials."""
        torch.set_num_threads(task.n_threads)
        self._task, self._train, self._search = task, train, search
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take over the next trial in the same process."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch and report the best quick policy on ``search``."""
        started = time.perf_counter()
        loss = self._training.train_epoch()
        report, failure = self._report(loss)
        epoch = self._training.epoch
        return {
            **report,
            "train_loss": loss,
            "epoch": epoch,
            "seconds": time.perf_counter() - started,
            "failure": failure,
            "done": bool(failure) or epoch >= self._task.epochs,
        }

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Write weights, optimiser, schedule, random states and epoch."""
        torch.save(self._training.state(), Path(checkpoint_dir) / CHECKPOINT_FILE)

    def load_checkpoint(self, checkpoint: str) -> None:
        """Continue from :meth:`save_checkpoint`; nothing is unpickled but tensors and plain numbers."""
        path = Path(checkpoint) / CHECKPOINT_FILE
        self._training.load_state(torch.load(path, weights_only=True, map_location="cpu"))

    def _begin(self, config: Mapping[str, Any]) -> None:
        task = self._task
        workload = get_workload(task.workload)
        self._training = MultiExitTraining(
            task.build_model(self._train),
            workload.settings(config, n_exits=task.n_exits, epochs=task.epochs),
            self._train,
            augmentation=workload.augmentation,
            epochs=task.epochs,
            batch_size=task.batch_size,
            seed=task.seed,
            device=torch.device("cuda" if task.use_gpu and torch.cuda.is_available() else "cpu"),
        )

    def _report(self, loss: float) -> tuple[dict[str, float], str]:
        task = self._task
        if not math.isfinite(loss):
            reason = f"the loss is {loss} in epoch {self._training.epoch}"
            return diverged_report(task.n_exits, target=task.aim), reason
        try:
            table = task.table(self._training.model, self._search, "search")
        except ExitTableError as error:
            return diverged_report(task.n_exits, target=task.aim), f"epoch {self._training.epoch}: {error}"
        return quick_report(table, target=task.aim), ""


def load_model(checkpoint_dir: Path, task: TrialTask, train: Split) -> MultiExitModel:
    """The network of a checkpoint, on the CPU, in evaluation mode."""
    model = task.build_model(train)
    state = torch.load(checkpoint_dir / CHECKPOINT_FILE, weights_only=True, map_location="cpu")
    model.load_state_dict(state["model"])
    return model.eval()
