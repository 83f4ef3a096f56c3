"""The summary of a sweep: what its policy search found, and its trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from policies.selection.search_target import SearchTarget
from policies.selection.select import Selection
from policies.tables.base import ExitTable
from search.config.sweep import SweepConfig
from search.reporting.policy_summary import summarise_policies
from search.run_folder.answers import PolicyAnswers
from search.run_folder.summary import BaselineTrialFigures, Summary, TrialCounts
from search.trials.outcomes import TrialOutcome, networks_of, trial_counts


def build_summary(
    config: SweepConfig,
    selection: Selection,
    target: SearchTarget,
    tables: Mapping[str, ExitTable],
    outcomes: list[TrialOutcome],
    compared: list[BaselineTrialFigures],
    *,
    tables_of: Callable[[str], Mapping[str, ExitTable]],
    search_of: Callable[[str], ExitTable],
    seconds: float,
) -> tuple[Summary, list[PolicyAnswers[Any]]]:
    """Put the figures of a sweep together.

    Args:
        config: Configuration of the sweep.
        selection: What was chosen, before ``test`` was read.
        target: What was searched for, with its margin.
        tables: The selected network's tables on ``search``, ``certify`` and ``test``.
        outcomes: How all trials of the sweep ended.
        compared: Baselines of the sweep file beside the front, a row for each policy.
        tables_of: The tables, by split, of any network of the front.
        search_of: The ``search`` table of any network of the front.
        seconds: Wall time of the sweep.

    Returns:
        The summary, and what :func:`~search.reporting.policy_summary.summarise_policies` tells beside it.
    """
    found, answered = summarise_policies(
        selection,
        target,
        tables,
        tables_of=tables_of,
        search_of=search_of,
        seed=config.seed,
        further_baselines=config.policy.baselines,
    )
    name = selection.network.network
    chosen = next(one for one in networks_of(outcomes, config.all_seeds) if one.name == name)
    trained = {
        "trial_id": chosen.trial.trial_id,
        "network": name,
        "seed": chosen.seed,
        "hyperparameters": chosen.trial.params,
    }
    of_sweep = {
        "name": config.name,
        "workload": config.workload,
        "selected": found.selected.model_copy(update=trained),
        "baseline_trials": compared,
        "trials": TrialCounts(**trial_counts(outcomes)),
        "failures": {trial.trial_id: trial.failure for trial in outcomes if trial.failure},
        "seconds": seconds,
    }
    return found.model_copy(update=of_sweep), answered
