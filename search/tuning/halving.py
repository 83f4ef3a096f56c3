"""Asynchronous successive halving: which trials go on, by any order of several figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from policies.errors import ExitSearchError
from search.tuning.priorities import Priority


if TYPE_CHECKING:
    from ray.tune.execution.tune_controller import TuneController
    from ray.tune.experiment import Trial


class HalvingError(ExitSearchError):
    """Halving was set up wrongly, or given the state of another halving."""


class AsyncHalving(FIFOScheduler):  # type: ignore[misc]
    """Stops a trial that is not among the best ``1 / reduction`` of those that came as far as it.

    Reports are compared at rungs only: epochs ``grace_epochs * reduction ** k`` below ``max_epochs``. A trial that
    comes to a rung is ranked among all that came there before, itself among them, and goes on where fewer than
    ``ceil(n / reduction)`` of these ``n`` are better: nothing is waited for, the first always goes on, and so do all
    that tie with the last of the best. It is the stopping form of ASHA (Li et al., 2020); with a priority over
    several objectives it is MO-ASHA (Schmucker et al., 2021).

    Every decision depends on nothing but the order of the reports so far: given them again in that order, another
    object comes to the same decisions and the same state.

    Args:
        priority: Ranks the reports of a rung.
        grace_epochs: The first rung; no trial is stopped earlier.
        reduction: One in how many goes on, and how many times as long to the next rung; at least 2.
        max_epochs: Length of a full training; reports from there on are not compared.
        exempt: Trials that are ranked but never stopped.

    Raises:
        HalvingError: If a number is out of range.
    """

    def __init__(
        self,
        priority: Priority,
        *,
        grace_epochs: int,
        reduction: int,
        max_epochs: int,
        exempt: Collection[str] = (),
    ) -> None:
        if not 1 <= grace_epochs <= max_epochs:
            raise HalvingError(f"grace_epochs must lie in [1, max_epochs = {max_epochs}] but is {grace_epochs}")
        if reduction < 2:
            raise HalvingError(f"reduction must be at least 2 but is {reduction}")
        super().__init__()
        self._priority = priority
        self._reduction = reduction
        self._max_epochs = max_epochs
        self._exempt = frozenset(exempt)
        self._rungs: dict[int, dict[str, tuple[float, ...]]] = {}
        rung = grace_epochs
        while rung < max_epochs:
            self._rungs[rung] = {}
            rung *= reduction
        self._latest: dict[str, int] = {}
        self._stopped: dict[str, int] = {}

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs at which trials are compared, the earliest first."""
        return tuple(self._rungs)

    @property
    def stopped(self) -> dict[str, int]:
        """The epoch at which each stopped trial was stopped."""
        return dict(self._stopped)

    def goes_on(self, trial_id: str, epoch: int, figures: Mapping[str, float]) -> bool:
        """Record a report, and say whether its trial goes on.

        A report that came before, or one from before the trial's latest, is not recorded and gets the answer
        that holds for its epoch. A report between rungs stands for the last rung that its trial has passed, where
        the trial did not report at it; rungs before that are left out.

        Args:
            trial_id: The trial, by a name that it keeps when the sweep is resumed.
            epoch: Epochs trained, from 1.
            figures: The report; the priority reads what it compares. A trial of which one such figure, or the
                ``accuracy``, is not finite is not compared and goes on: it ends as failed by itself.

        Returns:
            False where the trial is to be stopped, and for all of its later epochs.

        Raises:
            PriorityError: If a figure that is compared is missing.
        """
        if epoch > self._latest.get(trial_id, 0):
            self._latest[trial_id] = epoch
            is_over = trial_id in self._stopped
            if not is_over and not self._passes(trial_id, epoch, figures) and trial_id not in self._exempt:
                self._stopped[trial_id] = epoch
        return epoch < self._stopped.get(trial_id, math.inf)

    def _passes(self, trial_id: str, epoch: int, figures: Mapping[str, float]) -> bool:
        """Enter a report at its rung; whether it is among the best there."""
        point = self._priority.point(figures)
        rung = max((rung for rung in self._rungs if rung <= epoch), default=None)
        if rung is None or epoch >= self._max_epochs:
            return True
        # A diverged network has no accuracy.
        if not all(map(math.isfinite, (*point, figures.get("accuracy", 0.0)))):
            return True
        points = self._rungs[rung]
        if trial_id in points:
            return True
        points[trial_id] = point
        ranks = self._priority.ranks(np.array(list(points.values()), dtype=np.float64))
        return bool(ranks[-1] < math.ceil(len(points) / self._reduction))

    def state(self) -> dict[str, Any]:
        """Everything that was reported and decided, for JSON."""
        return {
            **self._settings(),
            "rungs": {str(rung): {name: list(point) for name, point in at.items()} for rung, at in self._rungs.items()},
            "latest": dict(self._latest),
            "stopped": dict(self._stopped),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Continue from :meth:`state`.

        Raises:
            HalvingError: If it is the state of a halving with other settings.
        """
        for name, own in self._settings().items():
            if state[name] != own:
                raise HalvingError(f"the state is of a halving whose {name} is {state[name]!r} but here it is {own!r}")
        if set(state["rungs"]) != set(map(str, self._rungs)):
            raise HalvingError(
                f"the state has rungs {', '.join(state['rungs'])} but here they are {', '.join(map(str, self._rungs))}"
            )
        self._rungs = {
            rung: {name: tuple(point) for name, point in state["rungs"][str(rung)].items()} for rung in self._rungs
        }
        self._latest, self._stopped = dict(state["latest"]), dict(state["stopped"])

    def _settings(self) -> dict[str, Any]:
        return {
            "priority": self._priority.name,
            "reduction": self._reduction,
            "max_epochs": self._max_epochs,
            "exempt": sorted(self._exempt),
        }

    def on_trial_result(self, controller: TuneController | None, trial: Trial, result: dict[str, Any]) -> str:
        """Tune asks after each report of a running trial; the trial's name is ``config["trial"]``."""
        goes_on = self.goes_on(trial.config["trial"], int(result["epoch"]), result)
        return str(TrialScheduler.CONTINUE if goes_on else TrialScheduler.STOP)

    def on_trial_complete(self, controller: TuneController | None, trial: Trial, result: dict[str, Any]) -> None:
        """Tune hands over here the last report of a trial that ended by itself, instead of asking about it."""
        if "epoch" in result:
            self.goes_on(trial.config["trial"], int(result["epoch"]), result)

    def debug_string(self) -> str:
        """One line for Tune's status: how many trials came to each rung, and how many were stopped."""
        rungs = ", ".join(f"{len(points)} at epoch {rung}" for rung, points in self._rungs.items())
        return f"Halving by {self._priority.name}: {rungs or 'no rungs'}; {len(self._stopped)} stopped"

    def save(self, checkpoint_path: str) -> None:
        """Write the state as JSON."""
        Path(checkpoint_path).write_text(json.dumps(self.state()))

    def restore(self, checkpoint_path: str) -> None:
        """Continue from :meth:`save`.

        Raises:
            HalvingError: If the file is of a halving with other settings.
        """
        self.load_state(json.loads(Path(checkpoint_path).read_text()))
