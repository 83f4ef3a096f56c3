"""What a person sees while trials run: a line per finished trial, and in a terminal a bar and a picture."""

from __future__ import annotations

from collections.abc import Callable
import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from policies.goals.request import Request
from policies.registry import number_of, title_of
from search.console_table import print_line
from search.trials.log import TrialLog
from search.trials.records import TrialRecord
from search.trials.time_left import TimeLeft, spoken
from search.tuning.best_trial import BestTrial
from search.tuning.front_plot import MOST_LINES, TrialPoint, plot_trials, point_of


_LEAST_COLUMNS, _LEAST_LINES = 40, 2 * MOST_LINES


class TrialProgress:
    """Prints trials as they end. Use as a context; the bar and the picture are gone afterwards.

    Args:
        console: Console that trials are printed on.
        n_trials: Number of trials of the sweep.
        search_target: What trials are searched for.
        clock: Gives seconds, monotonic.
    """

    def __init__(
        self,
        console: Console,
        *,
        n_trials: int,
        search_target: Request,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._n_trials = n_trials
        self._search_target = search_target
        self._best = BestTrial(search_target)
        self._clock = clock
        self._time_left = TimeLeft()
        self._points: list[TrialPoint] = []
        self._n_finished = 0
        self._bar = Progress(
            TextColumn("trials"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        )
        self._bar_task = self._bar.add_task("", total=n_trials)
        self._live = Live(self._bar, console=console, transient=True) if console.is_terminal else None

    def __enter__(self) -> TrialProgress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._live is not None:
            self._live.stop()

    def begin(self, log: TrialLog) -> None:
        """Count what was finished before."""
        finished = log.finished
        for trial in finished:
            self._note(trial)
        if log.trials:
            before, n_open = number_of(len(finished), "trial"), len(log.running)
            were, go = "was" if len(finished) == 1 else "were", "goes" if n_open == 1 else "go"
            self._print(f"{before} {were} finished before, {n_open} {go} on")
        self._draw()

    def trial_started(self, trial: TrialRecord) -> None:
        """Take its time from now on."""
        self._time_left.started(trial.trial_id, self._clock())

    def trial_retried(self, trial: TrialRecord, reason: str) -> None:
        """Say that a machine failed and the trial goes on."""
        self._print(f"         {trial.trial_id}  goes on from its last epoch after a fault: {reason}")

    def trial_ended(self, trial: TrialRecord) -> None:
        """Say what the trial reached, the best so far and the time left."""
        self._note(trial)
        self._time_left.ended(trial.trial_id, self._clock())
        parts = (f"{trial.trial_id}  {self._outcome(trial)}", str(self._best), self._left())
        self._print(f"{self._n_finished:>3}/{self._n_trials}  {'  |  '.join(filter(None, parts))}")
        self._draw()

    def _note(self, trial: TrialRecord) -> None:
        self._n_finished += 1
        self._best.note(trial)
        point = point_of(trial, self._search_target)
        if point is not None:
            self._points.append(point)

    def _left(self) -> str:
        """The time left in words; empty where it is not known, or nothing is left."""
        n_open = self._n_trials - self._n_finished
        seconds = self._time_left.seconds(n_open, self._clock())
        return "" if seconds is None or n_open <= 0 else f"{spoken(seconds)} left"

    def _print(self, line: str) -> None:
        print_line(self._console, line)

    def _draw(self) -> None:
        """Bring the bar and the picture up to date; the picture only where a terminal has room for it."""
        self._bar.update(self._bar_task, completed=self._n_finished)
        if self._live is None:
            return
        shown: list[RenderableType] = [self._bar]
        size = self._console.size
        has_room = size.width >= _LEAST_COLUMNS and size.height >= _LEAST_LINES
        # Its marks are no letters of ASCII.
        can_draw = has_room and not self._console.options.ascii_only
        picture = plot_trials(self._points, self._search_target, width=size.width) if can_draw else None
        if picture is not None:
            shown.insert(0, picture)
        self._live.update(Group(*shown))

    def _outcome(self, trial: TrialRecord) -> str:
        if trial.failure:
            return f"failed: {trial.failure}"
        if not trial.result:
            return "ended without a report"
        asked, result = self._search_target, trial.result
        misses = f" (misses {asked} by {result['violation']:.4f})" if result["violation"] > 0 else ""
        reached = f"{title_of(asked.quality)} {result[asked.quality]:.4f}{misses}"
        return f"{reached} at {asked.objective} {result[asked.objective_column]:.3f}"
