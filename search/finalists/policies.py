"""After the last trial: the policies of the best trials' networks, searched as Ray tasks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
import ray

from policies.errors import ExitSearchError
from policies.selection.networks import NetworkPolicies
from search.config.sweep import SweepConfig
from search.finalists.remote import search_checkpoint
from search.trials.outcomes import TrialNetwork
from trainables.data import Splits
from trainables.models.latency import exit_latencies_ms
from trainables.trials.spec import TrialSpec


def search_trials(
    candidates: list[TrialNetwork], spec: TrialSpec, splits: Splits, config: SweepConfig
) -> tuple[list[NetworkPolicies], list[str]]:
    """Search the policies of each network.

    Args:
        candidates: Networks that were trained to their end.
        spec: What they trained.
        splits: Only ``train`` (for its shape), ``search`` and ``certify`` are used.
        config: The sweep.

    Returns:
        The policies, and why networks were lost, if any were.
    """
    parts = [ray.put(split) for split in (splits.train, splits.search, splits.certify)]
    remote = ray.remote(num_cpus=config.resources.cpus_per_trial)(search_checkpoint)
    how = config.policy_search()
    found: list[NetworkPolicies] = []
    losses: list[str] = []
    timed: list[tuple[TrialNetwork, NDArray[np.float64] | None]] = []
    for one in candidates:
        try:
            timed.append((one, _latency_ms(one, spec, splits, config)))
        except ExitSearchError as error:
            losses.append(_loss(one, error))
    # None runs while a network is timed.
    answers = [
        (one, remote.remote(one.name, one.trial.checkpoints, one.seed, spec, *parts, how, times))
        for one, times in timed
    ]
    for one, answer in answers:
        try:
            found.append(ray.get(answer))
        except ExitSearchError as error:
            losses.append(_loss(one, error))
    return found, losses


def _latency_ms(one: TrialNetwork, spec: TrialSpec, splits: Splits, config: SweepConfig) -> NDArray[np.float64] | None:
    """Where latency is minimised, the time up to each exit: all networks are timed on the driver's processor."""
    if config.policy.objective != "latency" or config.policy.latency_ms:
        return None
    model = spec.load_model(one.trial.checkpoints, splits.train, seed=one.seed)
    return exit_latencies_ms(model, splits.train.inputs.shape[1:])


def _loss(one: TrialNetwork, error: ExitSearchError) -> str:
    return f"{one.name}: {str(error.args[-1] if error.args else error).splitlines()[-1]}"
