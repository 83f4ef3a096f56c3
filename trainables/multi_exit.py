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
from policies.user_code import cause
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.teachers.teacher import TeacherSet
from trainables.training.checkpoints import CheckpointFolder, read_state, write_state
from trainables.trials.metrics import diverged_report
from trainables.trials.seed_run import SeedRun, joint_report
from trainables.trials.spec import TrialSpec


class MultiExitTrainable(tune.Trainable):  # type: ignore[misc]
    """Trains with the trial's parameters, once with each seed; one step is one epoch of each.

    It is given the splits ``train`` and ``search`` and never sees the others. Every report holds all metrics. What
    a configuration does wrong (a loss that is not a number, an exception while training) ends the trial with a
    ``failure`` in its report, so that it is not tried again; what happens to a machine is left to Tune, which starts
    the trial elsewhere, where it goes on from its last epoch.
    """

    _params: dict[str, Any]
    _runs: dict[int, SeedRun]
    _untold: dict[str, Any] | None

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
        """Train one epoch, keep a checkpoint and report the best quick policy on ``search``.

        The first step after a restart repeats the last report: nobody may have heard it.
        """
        if self._untold is not None:
            report, self._untold = self._untold, None
            return report
        report = self._train_and_report()
        if self._folder is not None and not report["failure"]:
            state = self._state(report)
            self._folder.save(report["epoch"], lambda path: write_state(path, state))
        return report

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Write weights, optimisers, schedules, random states and epochs."""
        write_state(Path(checkpoint_dir), self._state(None))

    def load_checkpoint(self, checkpoint: str) -> None:
        """Continue from :meth:`save_checkpoint`; nothing is unpickled but tensors and plain values."""
        self._continue(read_state(Path(checkpoint)))

    def _begin(self, config: Mapping[str, Any]) -> None:
        self._params = params = dict(config)
        name = params.pop("trial", None)
        self._folder = CheckpointFolder(self._checkpoints / name) if self._checkpoints and name else None
        self._untold = None
        self._broken = ""
        try:
            self._runs = {
                seed: SeedRun(
                    self._spec,
                    self._spec.training(params, self._train, seed=seed, teachers=self._teachers),
                    self._search,
                )
                for seed in self._spec.seeds
            }
        except Exception as error:
            self._broken = describe(error)
            return
        state = self._folder.newest(read_state) if self._folder is not None else None
        if state is not None:
            self._continue(state)

    def _continue(self, state: dict[str, Any]) -> None:
        for seed, own in state["runs"].items():
            self._runs[seed].load_state(own)
        self._untold = state["report"]

    def _state(self, report: dict[str, Any] | None) -> dict[str, Any]:
        """What continues the trial, its parameters, and what it reported last."""
        runs = {seed: run.state() for seed, run in self._runs.items()}
        return {"params": self._params, "runs": runs, "report": report}

    def _train_and_report(self) -> dict[str, Any]:
        started = time.perf_counter()
        if self._broken:
            return self._failed(0, self._broken)
        for seed, run in self._runs.items():
            if run.is_over:
                continue
            epoch = min(run.training.epoch + 1, self._spec.recipe.epochs)
            of_seed = f" with seed {seed}" if len(self._runs) > 1 else ""
            try:
                run.step()
            except TrainingError as error:
                return self._failed(epoch, f"{error}{of_seed}")
            except Exception as error:
                return self._failed(epoch, f"epoch {epoch}{of_seed}: {describe(error)}")
        return {
            **joint_report(self._runs, n_exits=self._spec.n_exits),
            "seconds": time.perf_counter() - started,
            "failure": "",
        }

    def _failed(self, epoch: int, reason: str) -> dict[str, Any]:
        figures = diverged_report(self._spec.n_exits, task=self._spec.task, search_target=self._spec.search_target)
        state = {"train_loss": math.nan, "epoch": epoch, "best_epoch": epoch, "epochs_left": 0, "seconds": 0.0}
        return {**figures, **state, "failure": reason, "done": True}


def describe(error: Exception) -> str:
    """An exception in one line: its kind, the first line of its text, and where a user's own code raised it."""
    text = str(error).strip()
    return text if isinstance(error, ExitSearchError) and text else cause(error)
