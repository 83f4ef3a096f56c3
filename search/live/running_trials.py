"""The trials of a sweep that runs, by what its journal tells."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from search.run_folder.journal import Event


_FIRST_REPORTS = 2
"""With so many reports there is a time between two."""


@dataclass
class RunningTrial:
    """One trial as far as it is known.

    Attributes:
        name: Name of the trial, ``trial-<number>``.
        number: Its place, from 1.
        metrics: All metrics of its last report; empty where it never reported.
        reported_ms: When that was, in milliseconds since 1970; 0 for never.
        state: ``RUNNING`` until it ended, then ``COMPLETE``, ``PRUNED`` (stopped early) or ``FAIL``.
        failure: Why it counts as failed, or empty.
    """

    name: str
    number: int
    metrics: dict[str, Any] = field(default_factory=dict)
    reported_ms: int = 0
    state: str = "RUNNING"
    failure: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether it will not go on."""
        return self.state != "RUNNING"

    @property
    def epoch(self) -> int:
        """Epochs that it was trained for."""
        return max(0, int(self.metrics.get("epoch", 0)))

    @property
    def is_feasible(self) -> bool:
        """Whether its best policy does what trials are asked for."""
        return not self.failure and bool(self.metrics) and float(self.metrics["violation"]) <= 0


@dataclass
class RunningTrials:
    """The trials in the order in which they were suggested, and how quickly epochs come.

    Attributes:
        by_name: The trials.
        n_reports: Reports since the sweep was started or resumed last.
        first_ms: When the first of these came, in milliseconds since 1970.
        last_ms: When the last of them came.
    """

    by_name: dict[str, RunningTrial] = field(default_factory=dict)
    n_reports: int = 0
    first_ms: int = 0
    last_ms: int = 0

    @property
    def all(self) -> list[RunningTrial]:
        """Every trial."""
        return list(self.by_name.values())

    @property
    def ended(self) -> list[RunningTrial]:
        """Those that will not go on."""
        return [trial for trial in self.by_name.values() if trial.has_ended]

    @property
    def running(self) -> list[RunningTrial]:
        """Those that were begun and have not ended."""
        return [trial for trial in self.by_name.values() if not trial.has_ended]

    @property
    def best(self) -> RunningTrial | None:
        """Of the trials that were trained to their end and do what was asked, the one that the sweep ranks first."""
        found = [trial for trial in self.ended if trial.state == "COMPLETE" and trial.is_feasible]
        return min(found, key=lambda trial: float(trial.metrics["objective_at_target"]), default=None)

    @property
    def nearest(self) -> RunningTrial | None:
        """The trial that misses what was asked by least; None before the first report."""
        found = [trial for trial in self.all if trial.metrics and not trial.failure]
        return min(found, key=lambda trial: float(trial.metrics["violation"]), default=None)

    def take(self, event: Event) -> None:
        """Add what an event tells of trials.

        Raises:
            KeyError: If it tells what no sweep could have written; so with TypeError and ValueError.
        """
        kind, now = event["event"], event["time_ms"]
        if kind == "suggested":
            name = str(event["trial"])
            self.by_name[name] = RunningTrial(name, int(event["number"]) + 1)
        elif kind == "reported":
            trial = self.by_name[event["trial"]]
            trial.metrics, trial.reported_ms = dict(event["metrics"]), now
            trial.failure = str(event["failure"])
            self.first_ms, self.last_ms = (self.first_ms if self.n_reports else now), now
            self.n_reports += 1
        elif kind == "ended":
            trial = self.by_name[event["trial"]]
            trial.state, trial.failure = str(event["state"]), str(event["failure"])
        elif kind == "started":
            self.n_reports = 0

    def seconds_left(self, n_trials: int, epochs: int) -> float | None:
        """About how long the trials still take, at the pace since the sweep was started or resumed last.

        Args:
            n_trials: Number of trials of the sweep.
            epochs: Epochs of a trial that is trained to its end.

        Returns:
            Seconds from the last report; None where too few reports came to tell.
        """
        if self.n_reports < _FIRST_REPORTS:
            return None
        pace = max(0, self.last_ms - self.first_ms) / 1000 / (self.n_reports - 1)
        # Trials that are stopped early take less; of those that failed nobody knows.
        usual = _mean((trial.epoch for trial in self.ended if not trial.failure), otherwise=epochs)
        open_epochs = sum(max(0.0, usual - trial.epoch) for trial in self.running)
        return pace * (open_epochs + max(0, n_trials - len(self.by_name)) * usual)


def _mean(values: Iterable[int], *, otherwise: float) -> float:
    found = list(values)
    return sum(found) / len(found) if found else otherwise
