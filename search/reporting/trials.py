"""What all trials together show: figures over seeds, and which parameters mattered."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from search.analysis.importance import parameter_importance
from search.figures.importance import draw_importance
from search.reporting.seeds import seed_table
from search.run_folder.folder import RunFolder
from search.run_folder.result_files import write_csv
from search.trials.log import SweepRecord
from search.trials.outcomes import TrialOutcome


def write_study(
    folder: RunFolder,
    record: SweepRecord,
    outcomes: Sequence[TrialOutcome],
    *,
    objectives: Sequence[str],
    seeds: Sequence[int],
    n_exits: int,
    seed: int,
) -> pd.DataFrame | None:
    """Write ``importance.csv`` and ``.png`` where enough trials were drawn, and ``seeds.csv`` where seeds are several.

    Args:
        folder: Where to.
        record: The trials with what the sampler drew.
        outcomes: The same trials as they ended.
        objectives: Figures of trials that importance is told for.
        seeds: Of each configuration.
        n_exits: Of the network.
        seed: Of the forest that importance is read from.

    Returns:
        The table over seeds, or None.
    """
    importance = parameter_importance([trial for trial in record.ended if trial.is_full], objectives, seed=seed)
    if len(importance):
        write_csv(folder.importance_csv, importance)
        n_trials = importance["n_trials"].max()
        draw_importance(
            importance,
            folder.importance_png,
            title=f"{folder.name}: importance of parameters in up to {n_trials} trials",
        )
    if len(seeds) == 1:
        return None
    table = seed_table(outcomes, seeds, n_exits=n_exits)
    write_csv(folder.seeds_csv, table)
    return table
