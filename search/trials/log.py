"""What is known of a sweep's trials; it grows with the journal, and is read from it again after a kill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from optuna.trial import TrialState

from search.errors import RunFolderError
from search.run_folder.journal import Event, Journal


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
    is_done: bool = False
    state: TrialState = TrialState.RUNNING
    failure: str = ""
    lost_attempts: list[str] = field(default_factory=list)

    def end_state(self, failure: str) -> TrialState:
        """The state in which it ends where nothing more is reported; with a reason it fails."""
        if failure:
            return TrialState.FAIL
        return TrialState.COMPLETE if self.result.get("epochs_left") == 0 else TrialState.PRUNED


class TrialLog:
    """The trials of a sweep, by name, in the order in which they were suggested.

    Args:
        journal: Journal that the trials are kept in.
        retries: How often a trial is handed out again after a worker or node was lost under it.

    Raises:
        RunFolderError: If the journal tells what no sweep could have written.
    """

    def __init__(self, journal: Journal, *, retries: int = 0) -> None:
        self.trials: dict[str, TrialRecord] = {}
        self._journal = journal
        self._retries = retries
        for line, event in enumerate(journal.events, start=1):
            try:
                self._take(event)
            except (KeyError, TypeError, ValueError):
                raise RunFolderError(
                    f"{journal.path}: line {line} is damaged, so the sweep cannot be resumed; start a new one"
                ) from None

    @property
    def finished(self) -> list[TrialRecord]:
        """The trials that will not go on."""
        return [trial for trial in self.trials.values() if trial.state.is_finished()]

    @property
    def seconds(self) -> float:
        """How long the sweep ran so far, in all of its sessions, to the last event of each."""
        total = 0
        session: tuple[int, int] | None = None
        for event in self._journal.events:
            now = event["time_ms"]
            if event["event"] == "started":
                total += _length(session)
                session = now, now
            elif session is not None:
                # Before its first session there is only the sweep's name; a clock that is set back takes no time away.
                session = session[0], max(session[1], now)
        return (total + _length(session)) / 1000

    @property
    def running(self) -> list[TrialRecord]:
        """The trials that were begun and have not ended, though nobody may train them now."""
        return [trial for trial in self.trials.values() if not trial.state.is_finished()]

    def settle(self) -> None:
        """Close the trials of which only the end was left to say when the sweep was killed."""
        for trial in self.running:
            if trial.is_done:
                self.ended(trial.trial_id, trial.failure)

    def reports(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Name and metrics of every report of every trial, in the order in which they came."""
        for event in self._journal.events:
            if event["event"] == "reported":
                yield event["trial"], event["metrics"]

    def suggested(self, number: int, params: Mapping[str, Any], drawn: Mapping[str, Any]) -> TrialRecord:
        """A trial was proposed.

        Raises:
            OSError: If the journal cannot be written; so with the other methods.
        """
        trial_id = trial_name(number)
        self._append("suggested", trial=trial_id, number=number, params=dict(params), drawn=dict(drawn))
        return self.trials[trial_id]

    def reported(self, trial_id: str, metrics: Mapping[str, Any], *, failure: str, is_done: bool) -> None:
        """A trial finished an epoch. One that is known already, of a trial that was started again, changes nothing."""
        if int(metrics["epoch"]) > self.trials[trial_id].epoch:
            self._append("reported", trial=trial_id, metrics=dict(metrics), failure=failure, done=is_done)

    def ended(self, trial_id: str, failure: str = "") -> None:
        """A trial ended: complete, pruned, or with a reason failed."""
        trial = self.trials[trial_id]
        if not trial.state.is_finished():
            self._append("ended", trial=trial_id, state=trial.end_state(failure).name, failure=failure)

    def lost(self, trial_id: str, attempt: str) -> bool:
        """A worker or node was lost under an attempt at a trial: whether the trial is handed out again.

        The answer for an attempt is always the same, however many ask and whoever asks first.

        Args:
            trial_id: Name of the trial.
            attempt: What tells this attempt at it from others, such as Tune's own id.
        """
        lost = self.trials[trial_id].lost_attempts
        if attempt not in lost:
            lost.append(attempt)
        return lost.index(attempt) < self._retries

    def _append(self, event: str, **facts: Any) -> None:
        self._journal.append(event, **facts)
        self._take(self._journal.events[-1])

    def _take(self, event: Event) -> None:
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
            trial.failure, trial.is_done = event["failure"], event["done"]
        elif kind == "ended":
            trial = self.trials[event["trial"]]
            trial.state, trial.failure = TrialState[event["state"]], event["failure"]


def _length(session: tuple[int, int] | None) -> int:
    return 0 if session is None else session[1] - session[0]


def trial_name(number: int) -> str:
    """What a trial is called by its place in Optuna's study, from 0."""
    return f"trial-{number + 1:04d}"
