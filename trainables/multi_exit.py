"""The Ray Tune trainable: one trial trains one multi-exit network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ray import tune
import torch

from trainables.data import Split
from trainables.teachers.teacher import TeacherSet
from trainables.training.checkpoints import CheckpointFolder, read_state, write_state
from trainables.trials.spec import TrialSpec
from trainables.trials.trial import Trial


class MultiExitTrainable(tune.Trainable):  # type: ignore[misc]
    """Trains with the trial's parameters, once with each seed; one step is one epoch of each.

    It is given the splits ``train`` and ``search`` and never sees the others. Every report holds all metrics. What
    a configuration does wrong (a loss that is not a number, an exception while training) ends the trial with a
    ``failure`` in its report, so that it is not tried again; what happens to a machine is left to Tune, which starts
    the trial elsewhere, where it goes on from its last epoch.
    """

    trial: Trial

    def setup(
        self,
        config: dict[str, Any],
        spec: TrialSpec,
        train: Split,
        search: Split,
        checkpoints: Path | None = None,
        teachers: TeacherSet | None = None,
    ) -> None:
        """Build the network, or continue the trial's own; the data stay for the actor's next trials.

        Args:
            config: The trial's parameters, and as ``trial`` its name.
            spec: What all trials have in common.
            train: Weights are fitted on it.
            search: Reports are made on it.
            checkpoints: Folder with a folder for each trial, seen by all nodes; None keeps no checkpoints.
            teachers: Those that the spec names, or None.
        """
        torch.set_num_threads(spec.n_threads)
        self._spec, self._train, self._search, self._checkpoints = spec, train, search, checkpoints
        self._teachers = teachers.build() if teachers is not None else None
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take over the next trial in the same process."""
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        """Train one epoch, keep a checkpoint and report; see :meth:`trainables.trials.trial.Trial.step`."""
        return self.trial.step()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Write weights, optimisers, schedules, random states and epochs."""
        write_state(Path(checkpoint_dir), self.trial.state(None))

    def load_checkpoint(self, checkpoint: str) -> None:
        """Continue from :meth:`save_checkpoint`; nothing is unpickled but tensors and plain values."""
        self.trial.load_state(read_state(Path(checkpoint)))

    def _begin(self, config: Mapping[str, Any]) -> None:
        params = dict(config)
        name = params.pop("trial", None)
        folder = CheckpointFolder(self._checkpoints / name) if self._checkpoints and name else None
        self.trial = Trial(self._spec, params, self._train, self._search, folder=folder, teachers=self._teachers)
