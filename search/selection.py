"""Choosing one policy: merge the networks' fronts, certify from the safest end downwards, take the cheapest."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from policies.baselines import full_network
from policies.certify import Certificate, certificate_of, fixed_sequence
from policies.claims import Claim
from policies.exit_metrics import exit_accuracies
from policies.exit_table import ExitTable
from policies.front import merge_fronts
from policies.goal import Goal
from policies.policy import Policy
from search.network_search import NetworkPolicies


@dataclass(frozen=True)
class Selection:
    """The policy that was chosen.

    Attributes:
        network: The network that the policy is for, with its tables and front.
        policy: The policy.
        certificate: What is certain about it; None where nothing was to be certified.
        feasible: Whether some policy met the goal on ``search``.
        front: The merged front, least effort first, with ``network``, ``certified`` and ``selected``.
    """

    network: NetworkPolicies
    policy: Policy
    certificate: Certificate | None
    feasible: bool
    front: pd.DataFrame

    @property
    def is_certified(self) -> bool:
        """Whether the claim holds of the policy, with confidence."""
        return self.certificate is not None and self.certificate.certified


def select_policy(
    networks: list[NetworkPolicies],
    goal: Goal,
    *,
    aim: Goal,
    claim: Claim | None,
    delta: float,
    front_size: int,
) -> Selection:
    """Merge the fronts of all networks and choose.

    With a claim, policies are tested on ``certify`` from the safest to the boldest and the last one that passes is
    chosen. The sequence begins with the full network, where that reaches the aim: nobody chose its thresholds, so
    its accuracy on ``search`` is the least flattered. Where nothing is certified, or nothing is claimed, the
    best policy for the aim is chosen.

    Args:
        networks: The policies of each network, searched for the same goal.
        goal: What they were searched for.
        aim: The goal with the margin that a certificate needs.
        claim: What is to be certified, or None.
        delta: Largest probability of certifying a policy of which the claim does not hold.
        front_size: Most policies of the merged front.
    """
    front = merge_fronts([network.front for network in networks], goal, front_size=front_size)
    by_name = {network.network: network for network in networks}
    on_front = [(by_name[row.network], row.policy) for row in front.itertuples()]
    chosen = on_front[aim.best(aim.assess_frame(front).with_limits(aim.target, aim.budget))]
    passed: set[str] = set()
    certificate = None
    if claim is not None:
        sequence = [*_full_network_first(networks, aim), *on_front[::-1]]
        tested = [(policy, _certify_table(network)) for network, policy in sequence]
        steps = fixed_sequence(tested, claim, delta=delta)
        n_passed = sum(step.passed for step in steps)
        chosen = sequence[n_passed - 1] if n_passed else chosen
        certificate = certificate_of(chosen[1], _certify_table(chosen[0]), steps, claim, delta=delta)
        passed = {step.policy_hash for step in steps if step.passed}
    network, policy = chosen
    front["certified"] = [row.policy_hash in passed for row in front["policy"]]
    front["selected"] = [row.policy_hash == policy.policy_hash for row in front["policy"]]
    return Selection(network, policy, certificate, bool(front["feasible"].any()), front)


def _certify_table(network: NetworkPolicies) -> ExitTable:
    if network.certify is None:
        raise ValueError(f"network {network.network!r} has no certify table")
    return network.certify


def _full_network_first(networks: list[NetworkPolicies], aim: Goal) -> list[tuple[NetworkPolicies, Policy]]:
    """The most accurate network without early exits, if its accuracy reaches the aim on ``search``."""
    best = max(networks, key=lambda network: exit_accuracies(network.search)[-1])
    if exit_accuracies(best.search)[-1] < aim.target:
        return []
    return [(best, full_network(best.search.n_exits, best.temperatures))]
