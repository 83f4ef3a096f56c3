"""How each configuration of a sweep did over its seeds: as a table of all figures, and as what a person is shown."""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

import pandas as pd

from search.console_table import FigureRow, FigureTable
from search.reporting.shown import TaskFigures
from search.trials.outcomes import TrialOutcome
from trainables.tasks import TrainingTask
from trainables.trials.seed_run import OF_SEED


LAST_EXIT = "last_exit_"
"""Before the names of figures of the last exit."""

_OF_POLICY = ("mean_depth", "mean_cost", "objective_at_target")
_MOST_ROWS = 16


def seed_table(
    trials: Sequence[TrialOutcome], seeds: Sequence[int], *, task: TrainingTask[Any], n_exits: int
) -> pd.DataFrame:
    """One row for each fully trained trial and seed.

    Args:
        trials: Trials that were trained with several seeds.
        seeds: Seeds that each trial was trained with.
        task: The kind of answers that the trials' networks give.
        n_exits: Number of exits of the network, ``E``.

    Returns:
        ``trial_id``, ``label``, ``seed``, figures of the quick policy on ``search``, and with ``last_exit_`` before
        them those of the last exit alone: :attr:`~trainables.tasks.base.TrainingTask.exit_figure_names`.
    """
    names = task.exit_figure_names
    of_policy = (names[0], *_OF_POLICY)
    columns = {name: name for name in of_policy} | {f"{LAST_EXIT}{name}": f"{name}_exit_{n_exits}" for name in names}
    return pd.DataFrame(
        [
            {
                "trial_id": trial.trial_id,
                "label": trial.label,
                "seed": seed,
                **{name: trial.metrics.get(f"{key}{OF_SEED}{seed}", math.nan) for name, key in columns.items()},
            }
            for trial in trials
            if trial.is_complete
            for seed in seeds
        ],
        columns=["trial_id", "label", "seed", *columns],
    )


def show_seeds(table: pd.DataFrame, figures: TaskFigures) -> FigureTable:
    """Mean and standard deviation over the seeds of each configuration, in the order of the trials.

    Of many configurations those with the least ``objective_at_target`` are shown.

    Args:
        table: Rows as :func:`seed_table` gives them.
        figures: Which of them are shown.
    """
    trials = table.groupby(["trial_id", "label"], sort=False)
    means, deviations = trials.mean(), trials.std()
    kept = means.index.isin(means["objective_at_target"].nsmallest(_MOST_ROWS).index)
    n_seeds = table["seed"].nunique()
    shown = {name: heading for name, heading in figures.of_seeds.items() if name in table}
    title = "; ".join(filter(None, (f"Mean and sd over {n_seeds} seeds, on search", figures.note_on_seeds)))
    if not kept.all():
        title += f"; the best {_MOST_ROWS} of {len(means)} configurations"
    return FigureTable(
        headings=tuple(shown.values()),
        rows=tuple(_row(key, means.loc[key, [*shown]], deviations.loc[key, [*shown]]) for key in means.index[kept]),
        title=title,
    )


def _row(key: tuple[str, str], mean: pd.Series[float], deviation: pd.Series[float]) -> FigureRow:
    return FigureRow("\n".join(key), tuple(f"{mean[name]:.4f}\n±{deviation[name]:.4f}" for name in mean.index))
