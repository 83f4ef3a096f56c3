"""From Ray Tune's callbacks into the journal, and to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
import signal
from typing import TYPE_CHECKING, Any, Protocol

from ray.tune import Callback
from ray.tune.result import AUTO_RESULT_KEYS

from search.trials.log import TrialLog
from search.trials.records import TrialRecord
from search.tuning.searcher import failure_reason
from trainables.errors import StorageFullError


if TYPE_CHECKING:
    from ray.tune.experiment import Trial


_OUT_OF_MEMORY = "killed due to the node running low on memory"


class TrialWatcher(Protocol):
    """Somebody who shows trials to a person."""

    def trial_started(self, trial: TrialRecord) -> None:
        """A trial runs, for the first time or again."""

    def trial_ended(self, trial: TrialRecord) -> None:
        """A trial finished or failed."""

    def trial_retried(self, trial: TrialRecord, reason: str) -> None:
        """A machine failed under a trial, which is started again from its last epoch."""


class Unwatched:
    """Nobody is shown anything."""

    def trial_started(self, trial: TrialRecord) -> None:
        """Say nothing."""

    def trial_ended(self, trial: TrialRecord) -> None:
        """Say nothing."""

    def trial_retried(self, trial: TrialRecord, reason: str) -> None:
        """Say nothing."""


class Recorder:
    """Writes down what Tune tells, then shows it; stops the sweep where nothing can be written any more.

    Attributes:
        trouble: Why the sweep was stopped, or empty.
    """

    def __init__(self, log: TrialLog, watcher: TrialWatcher) -> None:
        self.trouble = ""
        self._log = log
        self._watcher = watcher

    def started(self, trial: Trial) -> None:
        """A trial runs."""
        self._watcher.trial_started(self._log.trials[_name(trial)])

    def reported(self, trial: Trial, result: Mapping[str, Any]) -> None:
        """A trial finished an epoch."""
        failure, done = failure_reason(result), bool(result["done"])
        self._try(lambda: self._log.reported(_name(trial), _metrics(result), failure=failure, is_done=done))

    def ended(self, trial: Trial, failure: str) -> None:
        """A trial finished, was stopped early or failed."""
        known = self._log.trials[_name(trial)]
        if not known.state.is_finished() and self._try(lambda: self._log.ended(known.trial_id, failure)):
            self._watcher.trial_ended(known)

    def lost(self, trial: Trial) -> None:
        """A machine failed under a trial; the log decides whether it is handed out again or given up."""
        reason = fault_reason(_error_text(trial))
        known = self._log.trials[_name(trial)]
        if StorageFullError.__name__ in reason:
            self._stop(reason.partition(": ")[2])
        elif self._log.lost(known.trial_id, trial.trial_id):
            self._watcher.trial_retried(known, reason)
        else:
            self.ended(trial, reason)

    def _try(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except OSError as error:
            # Tune would take the exception for the trial's.
            self._stop(f"{error.filename or 'the journal'}: {error.strerror}")
            return False
        return True

    def _stop(self, trouble: str) -> None:
        if not self.trouble:
            self.trouble = trouble
            # As Ctrl-C does: Tune starts nothing more and leaves its loop.
            signal.raise_signal(signal.SIGINT)


_RECORDERS: list[Recorder] = []


@contextmanager
def recording(recorder: Recorder) -> Iterator[DriverCallback]:
    """Give a recorder to Tune for one run.

    Tune pickles its callbacks. So the callback that it gets holds nothing, and finds the recorder in this module.
    """
    _RECORDERS[:] = [recorder]
    try:
        yield DriverCallback()
    finally:
        _RECORDERS.clear()


class DriverCallback(Callback):  # type: ignore[misc]
    """Forwards to the current recorder."""

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Say that a trial runs."""
        for recorder in _RECORDERS:
            recorder.started(trial)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """Pass a report on."""
        for recorder in _RECORDERS:
            recorder.reported(trial, result)

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Pass the end of a trial on."""
        for recorder in _RECORDERS:
            recorder.ended(trial, failure_reason(trial.last_result))

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """Pass on that a trial was lost."""
        for recorder in _RECORDERS:
            recorder.lost(trial)


def _name(trial: Trial) -> str:
    return str(trial.config["trial"])


def _metrics(result: Mapping[str, Any]) -> dict[str, float]:
    """What the trial itself reported, without what Tune adds."""
    return {
        key: value
        for key, value in result.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and key not in AUTO_RESULT_KEYS
    }


def _error_text(trial: Trial) -> str:
    # Just after the failure the text is in the driver's own folder only.
    if trial.error_file and Path(trial.error_file).is_file():
        return Path(trial.error_file).read_text()
    return str(trial.get_error() or "")


def fault_reason(text: str) -> str:
    """Why a process was lost, in one line: what names the error at the end of a traceback."""
    if _OUT_OF_MEMORY in text:
        # Ray ends its own text with advice for other programs.
        return (
            "Ray's memory monitor ended the process, since its node was out of memory; set resources.concurrent to "
            "fewer trials at the same time, or train smaller networks"
        )
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "unknown error"
