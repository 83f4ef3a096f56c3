"""``summary.json`` of a sweep: what its policy search found, and its trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.exit_table import ExitTable
from search.config import SweepConfig
from search.policy_summary import summarise_policies
from search.selection import Selection
from search.trials import TrialOutcome, trial_counts


def build_summary(
    config: SweepConfig,
    selection: Selection,
    tables: Mapping[str, ExitTable],
    outcomes: list[TrialOutcome],
    *,
    seconds: float,
) -> dict[str, Any]:
    """Put the figures of a sweep together.

    Args:
        config: The sweep.
        selection: What was chosen, before ``test`` was read.
        tables: The selected network's tables on ``search``, ``certify`` and ``test``.
        outcomes: All trials.
        seconds: Wall time of the sweep.
    """
    found = summarise_policies(selection, config.goal(), tables, delta=config.delta, seed=config.seed)
    trial_id = selection.network.network
    hyperparameters = next(trial.params for trial in outcomes if trial.trial_id == trial_id)
    return {
        "name": config.name,
        "workload": config.workload,
        **found,
        "selected": {"trial_id": trial_id, "hyperparameters": hyperparameters, **found["selected"]},
        "trials": trial_counts(outcomes),
        "failures": {trial.trial_id: trial.failure for trial in outcomes if trial.failure},
        "seconds": seconds,
    }
