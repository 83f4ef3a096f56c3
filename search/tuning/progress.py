"""What a person sees while trials run: one line per finished trial, and a live bar where there is a terminal."""

from __future__ import annotations

from datetime import timedelta
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from policies.goals.request import Request
from policies.qualities import get_quality
from policies.registry import title_of
from search.console_table import print_line
from search.trials.log import TrialLog, TrialRecord


class TrialProgress:
    """Prints trials as they end. Use as a context; the bar is gone afterwards.

    Args:
        console: Console that trials are printed on.
        n_trials: Number of trials of the sweep.
        search_target: What trials are searched for.
    """

    def __init__(self, console: Console, *, n_trials: int, search_target: Request) -> None:
        self._console = console
        self._n_trials = n_trials
        self._search_target = search_target
        self._best: float | None = None
        self._n_before = 0
        self._n_finished = 0
        self._started = time.monotonic()
        self._bar = Progress(
            TextColumn("trials"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._bar_task = self._bar.add_task("", total=n_trials)

    def __enter__(self) -> TrialProgress:
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def begin(self, log: TrialLog) -> None:
        """Start the clock, and count what was finished before."""
        self._started = time.monotonic()
        finished = log.finished
        self._n_before = self._n_finished = len(finished)
        for trial in finished:
            self._note_best(trial)
        if log.trials:
            n_open = len(log.running)
            self._print(f"{len(finished)} trials were finished before, {n_open} go on")
        self._bar.update(self._bar_task, completed=self._n_finished)

    def trial_retried(self, trial: TrialRecord, reason: str) -> None:
        """Say that a machine failed and the trial goes on."""
        self._print(f"         {trial.trial_id}  goes on from its last epoch after a fault: {reason}")

    def trial_ended(self, trial: TrialRecord) -> None:
        """Say what the trial reached, the best so far and the time left."""
        self._n_finished += 1
        self._note_best(trial)
        n_here = self._n_finished - self._n_before
        left = (time.monotonic() - self._started) / n_here * (self._n_trials - self._n_finished)
        asked = self._search_target
        best = f"none at {asked} yet" if self._best is None else f"best {self._wanted} {self._best:.3f}"
        self._print(
            f"{self._n_finished:>3}/{self._n_trials}  {trial.trial_id}  {self._outcome(trial)}  |  {best}  |  "
            f"{timedelta(seconds=round(max(left, 0)))} left"
        )
        self._bar.update(self._bar_task, completed=self._n_finished)

    def _print(self, line: str) -> None:
        print_line(self._console, line)

    def _outcome(self, trial: TrialRecord) -> str:
        if trial.failure:
            return f"failed: {trial.failure}"
        asked, result = self._search_target, trial.result
        misses = f" (misses {asked} by {result['violation']:.4f})" if result["violation"] > 0 else ""
        reached = f"{title_of(asked.quality)} {result[asked.quality]:.4f}{misses}"
        return f"{reached} at {asked.objective} {result[asked.objective_column]:.3f}"

    @property
    def _wanted(self) -> str:
        """What trials compete for."""
        return self._search_target.objective if self._search_target.budget is None else self._search_target.quality

    def _note_best(self, trial: TrialRecord) -> None:
        if trial.failure or trial.result["violation"] > 0:
            return
        if self._search_target.budget is None:
            found = float(trial.result[self._search_target.objective_column])
            self._best = found if self._best is None else min(self._best, found)
        else:
            found, sign = float(trial.result[self._wanted]), get_quality(self._wanted).sign
            self._best = found if self._best is None else sign * max(sign * self._best, sign * found)
