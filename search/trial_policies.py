"""After the last trial: the policies of the best trials' networks, searched as Ray tasks."""

from __future__ import annotations

import ray

from policies.errors import ExitSearchError
from search.config import SweepConfig
from search.network_search import NetworkPolicies
from search.policy_task import search_checkpoint
from search.trials import TrialNetwork
from trainables.data import Splits
from trainables.task import TrialTask


def search_trials(
    candidates: list[TrialNetwork], task: TrialTask, splits: Splits, config: SweepConfig
) -> tuple[list[NetworkPolicies], list[str]]:
    """Search the policies of each network.

    Args:
        candidates: Networks that were trained to their end.
        task: What they trained.
        splits: Only ``train`` (for its shape), ``search`` and ``certify`` are used.
        config: The sweep.

    Returns:
        The policies, and why networks were lost, if any were.
    """
    parts = [ray.put(split) for split in (splits.train, splits.search, splits.certify)]
    remote = ray.remote(num_cpus=config.resources.cpus_per_trial)(search_checkpoint)
    how = config.policy_search()
    answers = [remote.remote(one.name, one.trial.checkpoints, one.seed, task, *parts, how) for one in candidates]
    found: list[NetworkPolicies] = []
    losses: list[str] = []
    for one, answer in zip(candidates, answers, strict=True):
        try:
            found.append(ray.get(answer))
        except ExitSearchError as error:
            losses.append(f"{one.name}: {str(error.args[-1] if error.args else error).splitlines()[-1]}")
    return found, losses
