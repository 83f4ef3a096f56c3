"""From Ray Tune's callbacks to plain observers in the driver."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ray.tune import Callback

from search.searcher import failure_reason


if TYPE_CHECKING:
    from ray.tune.experiment import Trial


@dataclass(frozen=True)
class TrialReport:
    """What a trial said last.

    Attributes:
        trial_id: Tune's name for the trial.
        params: Training parameters.
        result: All metrics of its last report; empty where it never reported.
        failure: Why it counts as failed, or empty.
    """

    trial_id: str
    params: Mapping[str, Any]
    result: Mapping[str, Any]
    failure: str = ""


class TrialObserver(Protocol):
    """Somebody in the driver who wants to know about trials."""

    def sweep_began(self, finished: Sequence[TrialReport], known: Set[str]) -> None:
        """The sweep starts; ``finished`` trials and all ids that are ``known`` are from before a resumption."""

    def trial_reported(self, report: TrialReport) -> None:
        """A trial finished an epoch."""

    def trial_ended(self, report: TrialReport) -> None:
        """A trial finished or failed."""


_OBSERVERS: list[TrialObserver] = []


@contextmanager
def observing(*observers: TrialObserver) -> Iterator[DriverCallback]:
    """Give observers to Tune for one run.

    Tune pickles its callbacks with the experiment and takes them out of the pickle when it resumes. So
    the callback that it gets holds nothing, and finds the observers, which are live, in this module.
    """
    _OBSERVERS[:] = observers
    try:
        yield DriverCallback()
    finally:
        _OBSERVERS.clear()


class DriverCallback(Callback):  # type: ignore[misc]
    """Forwards to the current observers."""

    def __init__(self) -> None:
        self._began = False

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Announce the sweep before its first step."""
        self._announce_once(trials)

    def on_experiment_end(self, trials: list[Trial], **info: Any) -> None:
        """Announce a sweep that had no step left to do."""
        self._announce_once(trials)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """Pass a report on."""
        report = TrialReport(trial.trial_id, trial.config, result)
        for observer in _OBSERVERS:
            observer.trial_reported(report)

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Pass the end of a trial on."""
        self._ended(trial)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Pass the failure of a trial on."""
        self._ended(trial)

    def __getstate__(self) -> dict[str, Any]:
        return {"_began": False}

    def _announce_once(self, trials: list[Trial]) -> None:
        if self._began:
            return
        self._began = True
        finished = [_report(trial) for trial in trials if trial.is_finished()]
        for observer in _OBSERVERS:
            observer.sweep_began(finished, {trial.trial_id for trial in trials})

    @staticmethod
    def _ended(trial: Trial) -> None:
        report = _report(trial)
        for observer in _OBSERVERS:
            observer.trial_ended(report)


def _report(trial: Trial) -> TrialReport:
    result = dict(trial.last_result or {})
    # A trial that ended with an exception has its text in a file; one that diverged says so in its last report.
    error = _error_text(trial)
    failure = last_line(error) if error else failure_reason(result)
    return TrialReport(trial.trial_id, trial.config, result, failure)


def _error_text(trial: Trial) -> str:
    # Just after the failure the text is in the driver's own folder only, after a resumption in the storage only.
    if trial.error_file and Path(trial.error_file).is_file():
        return Path(trial.error_file).read_text()
    return str(trial.get_error() or "")


def last_line(text: str) -> str:
    """The last line of a traceback, which names the error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "unknown error"
