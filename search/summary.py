"""``summary.json``: everything a sweep found, in one mapping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from policies.baselines import full_network, greedy_shared_threshold
from policies.exit_table import ExitTable
from policies.metrics import policy_figures
from policies.oracle import oracle_mean_depth
from policies.policy import Policy
from search.config import SweepConfig
from search.selection import Selection
from search.trials import TrialOutcome, trial_counts


def build_summary(
    config: SweepConfig,
    selection: Selection,
    test: ExitTable,
    outcomes: list[TrialOutcome],
    *,
    seconds: float,
) -> dict[str, Any]:
    """Put the figures of a sweep together.

    Args:
        config: The sweep.
        selection: What was chosen, before ``test`` was read.
        test: The selected network's table on ``test``.
        outcomes: All trials.
        seconds: Wall time of the sweep.
    """
    own = selection.of_trial
    tables = {"search": own.search, "certify": own.certify, "test": test}
    policy = selection.policy
    temperatures = np.asarray(policy.temperatures)
    baselines = {
        "full_network": full_network(policy.n_exits, temperatures),
        "greedy_shared_threshold": greedy_shared_threshold(own.search, temperatures, target=config.target),
    }
    return {
        "name": config.name,
        "workload": config.workload,
        "target": config.target,
        "delta": config.delta,
        "n_exits": policy.n_exits,
        "feasible": selection.feasible,
        "certified": selection.certificate.certified,
        "certificate": {"reason": selection.certificate.reason, "bound": selection.certificate.bound},
        "selected": {
            "trial_id": own.trial.trial_id,
            "rule": policy.rule,
            "params": policy.to_dict(),
            "hyperparameters": own.trial.params,
            **_on_all(policy, tables),
        },
        "baselines": {name: _on_all(baseline, tables) for name, baseline in baselines.items()},
        "oracle": {name: oracle_mean_depth(table, config.target) for name, table in tables.items()},
        "front_size": len(selection.front),
        "trials": trial_counts(outcomes),
        "failures": {trial.trial_id: trial.failure for trial in outcomes if trial.failure},
        "seconds": seconds,
    }


def _on_all(policy: Policy, tables: Mapping[str, ExitTable]) -> dict[str, Any]:
    return {name: policy_figures(table, policy.decide(table)) for name, table in tables.items()}
