"""How each configuration of a sweep did over its seeds: as a table of all figures, and as what a person is shown."""

from __future__ import annotations

from collections.abc import Sequence
import math

import pandas as pd

from search.console_table import FigureRow, FigureTable
from search.trials.outcomes import TrialOutcome
from trainables.tasks import get_training_task
from trainables.trials.seed_run import OF_SEED


POLICY_FIGURES = ("accuracy", "mean_depth", "mean_cost", "objective_at_target")
LAST_EXIT = "last_exit_"
"""Before the names of figures of the last exit."""

_MOST_ROWS = 16
_SHOWN = {
    "accuracy": "accuracy",
    "mean_depth": "depth",
    f"{LAST_EXIT}accuracy": "accuracy\nlast exit",
    f"{LAST_EXIT}macro_f1": "macro-F1\nlast exit",
    f"{LAST_EXIT}raw_ece": "ECE\nlast exit",
    f"{LAST_EXIT}raw_nll": "NLL\nlast exit",
}


def seed_table(trials: Sequence[TrialOutcome], seeds: Sequence[int], *, n_exits: int) -> pd.DataFrame:
    """One row for each fully trained trial and seed.

    Args:
        trials: Trials that were trained with several seeds.
        seeds: Seeds that each trial was trained with.
        n_exits: Number of exits of the network, ``E``.

    Returns:
        ``trial_id``, ``label``, ``seed``, figures of the quick policy on ``search``, and with ``last_exit_`` before
        them those of the last exit alone: :attr:`~trainables.tasks.base.TrainingTask.exit_figure_names`.
    """
    figures = get_training_task("classification").exit_figure_names
    own = {f"{LAST_EXIT}{name}": f"{name}_exit_{n_exits}" for name in figures}
    columns = {**{name: name for name in POLICY_FIGURES}, **own}
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


def show_seeds(table: pd.DataFrame) -> FigureTable:
    """Mean and standard deviation over the seeds of each configuration, in the order of the trials.

    Of many configurations those with the least ``objective_at_target`` are shown.
    """
    trials = table.groupby(["trial_id", "label"], sort=False)
    means, deviations = trials.mean(), trials.std()
    kept = means.index.isin(means["objective_at_target"].nsmallest(_MOST_ROWS).index)
    n_seeds = table["seed"].nunique()
    title = f"Mean and sd over {n_seeds} seeds, on search; ECE and NLL before temperature scaling"
    if not kept.all():
        title += f"; the best {_MOST_ROWS} of {len(means)} configurations"
    return FigureTable(
        headings=tuple(_SHOWN.values()),
        rows=tuple(_row(key, means.loc[key], deviations.loc[key]) for key in means.index[kept]),
        title=title,
    )


def _row(key: tuple[str, str], mean: pd.Series[float], deviation: pd.Series[float]) -> FigureRow:
    return FigureRow("\n".join(key), tuple(f"{mean[name]:.4f}\n±{deviation[name]:.4f}" for name in _SHOWN))
