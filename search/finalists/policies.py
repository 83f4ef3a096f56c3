"""After the last trial: the policies of the best trials' networks, searched as Ray tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
import ray

from policies.errors import ExitSearchError
from policies.goals.objectives import get_objective
from policies.selection.networks import NetworkPolicies
from search.errors import SweepError
from search.finalists.remote import search_checkpoint
from search.inputs import SweepInputs
from search.messages import OnMessage, silent
from search.trials.outcomes import TrialNetwork, TrialOutcome, best_trials, networks_of
from trainables.models.latency import exit_latencies_ms


@dataclass(frozen=True)
class SearchedNetworks:
    """What came of searching policies on networks.

    Attributes:
        networks: Networks whose policies were found, in the order in which they were given.
        failures: Why further networks have no policies, one line each.
    """

    networks: list[NetworkPolicies]
    failures: list[str]


def search_finalists(
    inputs: SweepInputs, outcomes: Sequence[TrialOutcome], *, on_message: OnMessage = silent
) -> list[NetworkPolicies]:
    """Search policies on the networks of the best trials.

    Raises:
        SweepError: If no trial is complete, or none of the best has a network any more.
    """
    trials = best_trials(outcomes, inputs.config.policy.best_trials)
    if not trials:
        reason = next((trial.failure for trial in outcomes if trial.failure), "none was trained to its last epoch")
        raise SweepError(f"none of the {len(outcomes)} trials finished; the first reason is: {reason}")
    on_message(f"Searching policies on the tables of {_named(len(trials))}")
    found = search_networks(inputs, networks_of(trials, inputs.spec.seeds))
    for failure in found.failures:
        on_message(f"Note: {failure}")
    if not found.networks:
        raise SweepError(f"none of the best trials has a network any more; the first reason is: {found.failures[0]}")
    for network in found.networks:
        for note in network.notes:
            on_message(f"Note: {network.network}: {note}")
    return found.networks


def _named(n_trials: int) -> str:
    return "the best trial" if n_trials == 1 else f"the best {n_trials} trials"


def search_networks(inputs: SweepInputs, candidates: Sequence[TrialNetwork]) -> SearchedNetworks:
    """Search the policies of each network.

    Of the data only ``train`` (for its shape), ``search`` and ``certify`` are used.

    Args:
        inputs: The sweep on its data.
        candidates: Networks that were trained to their end.
    """
    splits, config = inputs.splits, inputs.config
    parts = [ray.put(split) for split in (splits.train, splits.search, splits.certify)]
    remote = ray.remote(num_cpus=config.resources.cpus_per_trial)(search_checkpoint)
    how = config.policy_search()
    found: list[NetworkPolicies] = []
    failures: list[str] = []
    timed: list[tuple[TrialNetwork, NDArray[np.float64] | None]] = []
    for one in candidates:
        try:
            timed.append((one, _latency_ms(one, inputs)))
        except ExitSearchError as error:
            failures.append(_failure(one, error))
    # None runs while a network is timed.
    answers = [
        (one, remote.remote(one.name, one.trial.checkpoints, one.seed, inputs.spec, *parts, how, times))
        for one, times in timed
    ]
    for one, answer in answers:
        try:
            found.append(ray.get(answer))
        except ExitSearchError as error:
            failures.append(_failure(one, error))
    return SearchedNetworks(found, failures)


def _latency_ms(one: TrialNetwork, inputs: SweepInputs) -> NDArray[np.float64] | None:
    """Where latency is minimised, the time up to each exit: all networks are timed on the driver's processor."""
    policy, train = inputs.config.policy, inputs.splits.train
    if not get_objective(policy.objective).needs_latency or policy.latency_ms:
        return None
    model = inputs.spec.load_model(one.trial.checkpoints, train, seed=one.seed)
    return exit_latencies_ms(model, train.inputs.shape[1:])


def _failure(one: TrialNetwork, error: ExitSearchError) -> str:
    return f"{one.name}: {str(error.args[-1] if error.args else error).splitlines()[-1]}"
