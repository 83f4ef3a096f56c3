"""After the last trial: search policies on the best trials' tables, merge, certify, choose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import ray

from policies.baselines import full_network
from policies.certify import Certificate, certificate_of, fixed_sequence
from policies.front import merge_fronts, preference
from policies.metrics import exit_accuracies
from policies.policy import Policy
from search.config import SweepConfig
from search.policy_task import CheckpointPolicies, search_checkpoint
from search.trials import TrialOutcome
from trainables.data import Splits
from trainables.multi_exit import TrialTask


@dataclass(frozen=True)
class TrialPolicies(CheckpointPolicies):
    """The policies of one trial; its front has the column ``trial_id``."""

    trial: TrialOutcome


@dataclass(frozen=True)
class Selection:
    """The policy that a sweep selects.

    Attributes:
        of_trial: The trial whose network the policy is for.
        policy: The policy.
        certificate: What is certain about it.
        feasible: Whether it meets the target on ``search``.
        front: The merged front, shallowest first, with ``trial_id``, ``certified`` and ``selected``.
    """

    of_trial: TrialPolicies
    policy: Policy
    certificate: Certificate
    feasible: bool
    front: pd.DataFrame


def search_policies(
    trials: list[TrialOutcome], task: TrialTask, splits: Splits, config: SweepConfig
) -> list[TrialPolicies]:
    """Search the policies of each trial, as Ray tasks.

    Args:
        trials: Trials with a checkpoint.
        task: What they trained.
        splits: Only ``train`` (for its shape), ``search`` and ``certify`` are used.
        config: The sweep.
    """
    parts = [ray.put(split) for split in (splits.train, splits.search, splits.certify)]
    remote = ray.remote(num_cpus=config.resources.cpus_per_trial)(search_checkpoint)
    found = ray.get(
        [
            remote.remote(
                trial.checkpoint,
                task,
                *parts,
                target=config.target,
                rules=config.policy.rules,
                settings=config.policy.evolve_settings(),
                seed=config.seed,
            )
            for trial in trials
        ]
    )
    return [
        TrialPolicies(
            search=policies.search,
            certify=policies.certify,
            front=policies.front.assign(trial_id=trial.trial_id),
            notes=tuple(f"trial {trial.trial_id}: {note}" for note in policies.notes),
            trial=trial,
        )
        for trial, policies in zip(trials, found, strict=True)
    ]


def select_policy(
    candidates: list[TrialPolicies], *, target: float, aim: float, delta: float, front_size: int
) -> Selection:
    """Merge the trials' fronts, certify from the safest end downwards, and choose the cheapest certified policy.

    The sequence begins with the full network, where that reaches the aim: nobody chose its thresholds, so its
    accuracy on ``search`` is the least flattered. Where nothing is certified, the policy nearest to the aim is
    chosen, the shallowest of those that reach it.

    Args:
        candidates: The policies of each trial.
        target: Least accuracy.
        aim: Accuracy on ``search`` that leaves the margin for a certificate.
        delta: Largest probability of certifying a policy that misses the target.
        front_size: Most policies of the merged front.
    """
    front = merge_fronts([candidate.front for candidate in candidates], target=target, front_size=front_size)
    by_trial = {candidate.trial.trial_id: candidate for candidate in candidates}
    on_front = [(by_trial[row.trial_id], row.policy) for row in front.itertuples()]
    sequence = [*_full_network_first(candidates, aim), *on_front[::-1]]
    steps = fixed_sequence([(policy, one.certify) for one, policy in sequence], target=target, delta=delta)
    n_passed = sum(step.passed for step in steps)
    if n_passed:
        of_trial, policy = sequence[n_passed - 1]
    else:
        nearest = preference(front["accuracy"].to_numpy(), front["mean_depth"].to_numpy(), aim)[0]
        of_trial, policy = on_front[int(nearest)]
    certificate = certificate_of(policy, of_trial.certify, steps, target=target, delta=delta)
    passed = {step.policy_hash for step in steps if step.passed}
    front["certified"] = [row.policy_hash in passed for row in front["policy"]]
    front["selected"] = [row.policy_hash == policy.policy_hash for row in front["policy"]]
    return Selection(
        of_trial=of_trial, policy=policy, certificate=certificate, feasible=bool(front["feasible"].any()), front=front
    )


def _full_network_first(candidates: list[TrialPolicies], aim: float) -> list[tuple[TrialPolicies, Policy]]:
    """The most accurate network without early exits, if it reaches the aim on ``search``."""
    best = max(candidates, key=lambda candidate: exit_accuracies(candidate.search)[-1])
    if exit_accuracies(best.search)[-1] < aim:
        return []
    temperatures = np.asarray(best.front["policy"].iloc[0].temperatures)
    return [(best, full_network(best.search.n_exits, temperatures))]
