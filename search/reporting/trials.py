"""What all trials together show: figures over seeds, and which parameters mattered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from search.analysis.importance import parameter_importance
from search.figures.importance import draw_importance
from search.inputs import SweepInputs
from search.reporting.seeds import seed_table
from search.run_folder.folder import RunFolder
from search.run_folder.result_files import write_csv
from search.trials.log import TrialLog
from search.trials.outcomes import TrialOutcome


@dataclass(frozen=True)
class AllTrials:
    """Figures over all trials of a sweep.

    Attributes:
        importance: Table of :func:`~search.analysis.importance.parameter_importance`; without rows where too few trials
            were drawn.
        over_seeds: Table of :func:`~search.reporting.seeds.seed_table`; None where there is one seed.
    """

    importance: pd.DataFrame
    over_seeds: pd.DataFrame | None


def figures_of_all_trials(inputs: SweepInputs, log: TrialLog, outcomes: Sequence[TrialOutcome]) -> AllTrials:
    """Read from the trials which parameters mattered for the sweep's objectives, and how much seeds differ.

    Args:
        inputs: The sweep on its data.
        log: The trials with what the sampler drew.
        outcomes: How the trials ended, with their reports.
    """
    asked, seeds = inputs.target.asked, inputs.spec.seeds
    complete = {trial.trial_id for trial in outcomes if trial.is_complete}
    importance = parameter_importance(
        [trial for trial in log.finished if trial.trial_id in complete],
        (asked.quality, asked.objective_column, "objective_at_target"),
        seed=inputs.config.seed,
    )
    over_seeds = None
    if len(seeds) > 1:
        over_seeds = seed_table(outcomes, seeds, task=inputs.spec.task, n_exits=inputs.spec.n_exits)
    return AllTrials(importance, over_seeds)


def write_all_trials(folder: RunFolder, figures: AllTrials) -> None:
    """Write ``importance.csv`` and ``.png`` where enough trials were drawn, and ``seeds.csv`` where seeds are several.

    Raises:
        OSError: If the folder cannot be written to.
    """
    importance = figures.importance
    if len(importance):
        write_csv(folder.importance_csv, importance)
        n_trials = importance["n_trials"].max()
        draw_importance(
            importance,
            folder.importance_png,
            title=f"{folder.name}: importance of parameters in up to {n_trials} trials",
        )
    if figures.over_seeds is not None:
        write_csv(folder.seeds_csv, figures.over_seeds)
