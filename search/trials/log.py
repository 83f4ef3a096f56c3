"""What is known of a sweep's trials; it grows with the journal, and is read from it again after a kill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from search.errors import RunFolderError
from search.run_folder.journal import Journal
from search.trials.records import TrialRecord, TrialRecords, trial_name


class TrialLog(TrialRecords):
    """The trials of a sweep that this process runs: what happens to them is written to the journal first.

    Args:
        journal: Journal that the trials are kept in.
        retries: How often a trial is handed out again after a worker or node was lost under it.

    Raises:
        RunFolderError: If the journal tells what no sweep could have written.
    """

    def __init__(self, journal: Journal, *, retries: int = 0) -> None:
        super().__init__()
        self._journal = journal
        self._retries = retries
        for line, event in enumerate(journal.events, start=1):
            try:
                self.take(event)
            except (KeyError, TypeError, ValueError):
                raise RunFolderError(
                    f"{journal.path}: line {line} is damaged, so the sweep cannot be resumed; start a new one"
                ) from None

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
        self.take(self._journal.events[-1])


def _length(session: tuple[int, int] | None) -> int:
    return 0 if session is None else session[1] - session[0]
