"""One trial from its beginning to its end: once with each seed, epoch by epoch, with checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
import math
import time
from typing import Any

from policies.errors import ExitSearchError
from policies.user_code import cause
from trainables.data import Split
from trainables.errors import TrainingError
from trainables.teachers.teacher import Teachers
from trainables.training.checkpoints import CheckpointFolder, read_state, write_state
from trainables.training.determinism import deterministic_operations
from trainables.trials.metrics import diverged_report
from trainables.trials.seed_run import SeedRun, joint_report
from trainables.trials.spec import TrialSpec


class Trial:
    """Trains with a trial's parameters, once with each seed; one step is one epoch of each.

    What a configuration does wrong (a loss that is not a number, an exception while training) ends the trial with a
    ``failure`` in its report. Where the folder holds checkpoints of it already, the trial goes on from the newest.

    Args:
        spec: What all trials have in common.
        params: The trial's parameters by name.
        train: Weights are fitted on it.
        search: Reports are made on it.
        folder: The trial's own folder of checkpoints, seen by all nodes; None keeps no checkpoints.
        teachers: Those that the spec names, or None.

    Attributes:
        runs: The training with each seed, by seed; empty where the network cannot be built.
    """

    def __init__(
        self,
        spec: TrialSpec,
        params: Mapping[str, Any],
        train: Split,
        search: Split,
        *,
        folder: CheckpointFolder | None = None,
        teachers: Teachers | None = None,
    ) -> None:
        self._spec, self._params, self._folder = spec, dict(params), folder
        self._untold: dict[str, Any] | None = None
        self._broken = ""
        self.runs: dict[int, SeedRun] = {}
        try:
            self.runs = {
                seed: SeedRun(spec, spec.training(params, train, seed=seed, teachers=teachers), search)
                for seed in spec.seeds
            }
        except Exception as error:
            self._broken = describe(error)
            return
        state = folder.newest(read_state) if folder is not None else None
        if state is not None:
            self.load_state(state)

    def step(self) -> dict[str, Any]:
        """Train one epoch, keep a checkpoint and report the best quick policy on ``search``.

        The first step after a restart repeats the last report: nobody may have heard it.
        """
        if self._untold is not None:
            report, self._untold = self._untold, None
            return report
        report = self._train_and_report()
        if self._folder is not None and not report["failure"]:
            state = self.state(report)
            self._folder.save(report["epoch"], lambda path: write_state(path, state))
        return report

    def state(self, report: dict[str, Any] | None) -> dict[str, Any]:
        """What continues the trial, its parameters, and what it reported last."""
        runs = {seed: run.state() for seed, run in self.runs.items()}
        return {"params": self._params, "runs": runs, "report": report}

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        for seed, own in state["runs"].items():
            self.runs[seed].load_state(own)
        self._untold = state["report"]

    def _train_and_report(self) -> dict[str, Any]:
        started = time.perf_counter()
        if self._broken:
            return self._failed(0, self._broken)
        for seed, run in self.runs.items():
            if run.is_over:
                continue
            epoch = min(run.training.epoch + 1, self._spec.recipe.epochs)
            of_seed = f" with seed {seed}" if len(self.runs) > 1 else ""
            try:
                with deterministic_operations(enabled=self._spec.recipe.deterministic):
                    run.step()
            except TrainingError as error:
                return self._failed(epoch, f"{error}{of_seed}")
            except Exception as error:
                return self._failed(epoch, f"epoch {epoch}{of_seed}: {describe(error)}")
        return {
            **joint_report(self.runs, n_exits=self._spec.n_exits),
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
