"""After the last trial: the policies of the best trials' networks, searched as Ray tasks."""

from __future__ import annotations

import ray

from search.config import SweepConfig
from search.network_search import NetworkPolicies
from search.policy_task import search_checkpoint
from search.trials import TrialOutcome
from trainables.data import Splits
from trainables.multi_exit import TrialTask


def search_trials(
    trials: list[TrialOutcome], task: TrialTask, splits: Splits, config: SweepConfig
) -> list[NetworkPolicies]:
    """Search the policies of each trial's network.

    Args:
        trials: Trials with a checkpoint.
        task: What they trained.
        splits: Only ``train`` (for its shape), ``search`` and ``certify`` are used.
        config: The sweep.
    """
    parts = [ray.put(split) for split in (splits.train, splits.search, splits.certify)]
    remote = ray.remote(num_cpus=config.resources.cpus_per_trial)(search_checkpoint)
    return list(
        ray.get(
            [remote.remote(trial.trial_id, trial.checkpoint, task, *parts, config.policy_search()) for trial in trials]
        )
    )
