"""The trials that a journal tells of, for who writes it and for who only reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
import math
from typing import Any

from optuna.trial import TrialState

from search.run_folder.journal import Event


@dataclass
class TrialRecord:
    """One trial as far as it is known.

    Attributes:
        trial_id: Name of the trial, ``trial-<number>`` from 1.
        number: Number of the trial in Optuna's study, from 0.
        params: Training parameters of the trial, by name.
        drawn: Parameters that the sampler drew, with their distributions as JSON, and what it noted down.
        result: All metrics of the trial's last report; empty where it never reported.
        epoch: Epoch of the last report; -1 before the first.
        reported_ms: When that report came, in milliseconds since 1970; 0 before the first.
        is_done: Whether the last report said that there is nothing left to train.
        state: State as Optuna names it: ``RUNNING`` until the trial ended, then ``COMPLETE`` (trained to its end),
            ``PRUNED`` (stopped early, and not compared further) or ``FAIL``.
        failure: Why the trial counts as failed, or empty.
        lost_attempts: Attempts under which a worker or node was lost since the sweep was started or resumed, first one
            first.
    """

    trial_id: str
    number: int
    params: dict[str, Any]
    drawn: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    epoch: int = -1
    reported_ms: int = 0
    is_done: bool = False
    state: TrialState = TrialState.RUNNING
    failure: str = ""
    lost_attempts: list[str] = field(default_factory=list)

    @property
    def violation(self) -> float:
        """By how much its last report misses what was asked for; NaN where it failed or never reported."""
        return math.nan if self.failure else float(self.result.get("violation", math.nan))

    @property
    def is_feasible(self) -> bool:
        """Whether its last report does what was asked for."""
        return self.violation <= 0

    def end_state(self, failure: str) -> TrialState:
        """The state in which it ends where nothing more is reported; with a reason it fails."""
        if failure:
            return TrialState.FAIL
        return TrialState.COMPLETE if self.result.get("epochs_left") == 0 else TrialState.PRUNED


class TrialRecords:
    """The trials by name, in the order in which they were suggested.

    Attributes:
        trials: The trials.
    """

    def __init__(self) -> None:
        self.trials: dict[str, TrialRecord] = {}

    @property
    def finished(self) -> list[TrialRecord]:
        """The trials that will not go on."""
        return [trial for trial in self.trials.values() if trial.state.is_finished()]

    @property
    def running(self) -> list[TrialRecord]:
        """The trials that were begun and have not ended, though nobody may train them now."""
        return [trial for trial in self.trials.values() if not trial.state.is_finished()]

    def take(self, event: Event) -> None:
        """Add what an event tells of trials; those of other kinds tell nothing.

        Raises:
            KeyError: If it tells what no sweep could have written; so with TypeError and ValueError.
        """
        kind = event["event"]
        if kind == "suggested":
            # Names become folders: no other than the sweep's own.
            trial_id = trial_name(len(self.trials))
            if (event["trial"], event["number"]) != (trial_id, len(self.trials)):
                raise ValueError(event["trial"])
            self.trials[trial_id] = TrialRecord(trial_id, event["number"], event["params"], event["drawn"])
        elif kind == "reported":
            trial = self.trials[event["trial"]]
            trial.result, trial.epoch = event["metrics"], int(event["metrics"]["epoch"])
            trial.failure, trial.is_done, trial.reported_ms = event["failure"], event["done"], event["time_ms"]
        elif kind == "ended":
            trial = self.trials[event["trial"]]
            trial.state, trial.failure = TrialState[event["state"]], event["failure"]


def read_trials(events: Iterable[Event]) -> list[TrialRecord]:
    """All trials that were begun, in that order.

    Args:
        events: The journal's events, oldest first.

    Raises:
        KeyError: If one tells what no sweep could have written; so with TypeError and ValueError.
    """
    records = TrialRecords()
    for event in events:
        records.take(event)
    return list(records.trials.values())


def best_of(trials: Iterable[TrialRecord]) -> TrialRecord | None:
    """Of the trials that were trained to their end and do what was asked, the one that the sweep ranks first."""
    found = (trial for trial in trials if trial.state is TrialState.COMPLETE and trial.is_feasible)
    return min(found, key=lambda trial: float(trial.result["objective_at_target"]), default=None)


def nearest_of(trials: Iterable[TrialRecord]) -> TrialRecord | None:
    """The trial that misses what was asked by least, finished or not; None before the first report."""
    return min(
        (trial for trial in trials if trial.violation == trial.violation), key=lambda one: one.violation, default=None
    )


def trial_name(number: int) -> str:
    """What a trial is called by its place in Optuna's study, from 0."""
    return f"trial-{number + 1:04d}"
