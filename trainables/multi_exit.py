"""The Ray Tune trainable: one trial trains one multi-exit network."""

from __future__ import annotations

from collections.abc import Mapping
import math
from pathlib import Path
import time
from typing import Any

from ray import tune
import torch

from policies.errors import ExitSearchError
from trainables.checkpoints import CheckpointFolder, read_state, write_state
from trainables.data import Split
from trainables.report import diverged_report, quick_report
from trainables.task import TrialTask
from trainables.training import MultiExitTraining


class MultiExitTrainable(tune.Trainable):  # type: ignore[misc]
    """Trains with the trial's parameters; one step is one epoch.

    It is given the splits ``train`` and ``search`` and never sees the others. Every report holds all metrics. What
    a configuration does wrong (a loss that is not a number, an exception while training) ends the trial with a
    ``failure`` in its report, so that it is not tried again; what happens to a machine is left to Tune, which starts
    the trial elsewhere, where it goes on from its last epoch.
    """

    _training: MultiExitTraining
    _untold: dict[str, Any] | None

    def setup(
        self, config: dict[str, Any], task: TrialTask, train: Split, search: Split, checkpoints: Path | None = None
    ) -> None:
        """Build the network, or continue the trial's own; the data stay for the actor's next trials.

        Args:
            config: The trial's parameters, and as ``trial`` its name.
            task: What all trials have in common.
            train: Weights are fitted on it.
            search: Reports are made on it.
            checkpoints: Folder with a folder for each trial, seen by all nodes; None keeps no checkpoints.
        """
        torch.set_num_threads(task.n_threads)
        self._task, self._train, self._search, self._checkpoints = task, train, search, checkpoints
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take over the next trial in the same process."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch, keep a checkpoint and report the best quick policy on ``search``.

        The first step after a restart repeats the last report: nobody may have heard it.
        """
        if self._untold is not None:
            report, self._untold = self._untold, None
            return report
        report = self._train_and_report()
        if self._folder is not None and not report["failure"]:
            state = {**self._training.state(), "report": report}
            self._folder.save(report["epoch"], lambda path: write_state(path, state))
        return report

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Write weights, optimiser, schedule, random states and epoch."""
        write_state(Path(checkpoint_dir), {**self._training.state(), "report": None})

    def load_checkpoint(self, checkpoint: str) -> None:
        """Continue from :meth:`save_checkpoint`; nothing is unpickled but tensors and plain values."""
        self._continue(read_state(Path(checkpoint)))

    def _begin(self, config: Mapping[str, Any]) -> None:
        params = dict(config)
        name = params.pop("trial", None)
        self._folder = CheckpointFolder(self._checkpoints / name) if self._checkpoints and name else None
        self._untold = None
        self._broken = ""
        try:
            self._training = self._task.training(params, self._train)
        except Exception as error:
            self._broken = describe(error)
            return
        state = self._folder.newest(read_state) if self._folder is not None else None
        if state is not None:
            self._continue(state)

    def _continue(self, state: dict[str, Any]) -> None:
        self._training.load_state(state)
        self._untold = state["report"]

    def _train_and_report(self) -> dict[str, Any]:
        started = time.perf_counter()
        if self._broken:
            return self._failed(0, math.nan, self._broken)
        epoch = self._training.epoch + 1
        loss = math.nan
        try:
            loss = self._training.train_epoch()
            if not math.isfinite(loss):
                return self._failed(epoch, loss, f"the loss is {loss} in epoch {epoch}")
            table = self._task.table(self._training.model, self._search, "search")
            figures = quick_report(table, target=self._task.aim)
        except Exception as error:
            return self._failed(epoch, loss, f"epoch {epoch}: {describe(error)}")
        return {
            **figures,
            "train_loss": loss,
            "epoch": epoch,
            "seconds": time.perf_counter() - started,
            "failure": "",
            "done": epoch >= self._task.epochs,
        }

    def _failed(self, epoch: int, loss: float, reason: str) -> dict[str, Any]:
        figures = diverged_report(self._task.n_exits, target=self._task.aim)
        return {**figures, "train_loss": loss, "epoch": epoch, "seconds": 0.0, "failure": reason, "done": True}


def describe(error: Exception) -> str:
    """An exception in one line: its kind and the first line of its text."""
    text = str(error).strip()
    if isinstance(error, ExitSearchError) and text:
        return text
    kind = type(error).__name__
    return f"{kind}: {text.splitlines()[0]}"[:300] if text else kind
