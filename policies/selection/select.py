"""Choosing one policy over all networks of a search."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from policies.baselines.choice import baseline_evaluator
from policies.baselines.full_network import full_network
from policies.certificates.certificate import Certificate, certificate_of
from policies.certificates.fixed_sequence import fixed_sequence
from policies.estimates.estimate import Estimate
from policies.evaluation.cross_fitted import chosen_view
from policies.goals.figures import asked_figures
from policies.goals.front import Front
from policies.goals.request import Request
from policies.policy import Policy
from policies.qualities import get_quality
from policies.selection.eased import eased
from policies.selection.networks import NetworkPolicies
from policies.selection.references import full_network_quality, goal_on
from policies.selection.search_target import SearchTarget, SplitSize, has_few_losses
from policies.selection.uncertified import choose_estimated, choose_uncertified
from policies.tables.base import ExitTable
from policies.transfer.splits import SplitComparison, compare_splits


@dataclass(frozen=True)
class Selection:
    """The policy that was chosen.

    Attributes:
        network: The network that the policy is for, with its tables and front.
        policy: Policy that was chosen.
        certificate: What is certain about it; None where nothing was to be certified.
        estimate: Why the policy was chosen where it is not certified, or not all that was asked can be; None where all
            is certified, and where nothing met what was asked.
        feasible: Whether some policy met what was asked for on ``search``.
        front: The merged front, on which it is known which policies are certified and selected.
        splits: How alike ``search`` and ``certify`` are; None where there is no ``certify`` table.
    """

    network: NetworkPolicies
    policy: Policy
    certificate: Certificate | None
    estimate: Estimate | None
    feasible: bool
    front: Front
    splits: SplitComparison | None = None

    @property
    def is_certified(self) -> bool:
        """Whether the claim holds of the policy, with confidence."""
        return self.certificate is not None and self.certificate.certified


def select_policy(
    networks: list[NetworkPolicies], target: SearchTarget, *, front_size: int, seed: int = 0
) -> Selection:
    """Merge the fronts of all networks and choose.

    With a claim, policies are tested on ``certify`` from the safest to the least safe and the last one that passes is
    chosen; where not all that was asked for can be claimed, such as a mean average precision, of those that pass the
    most wanted one that has a margin on ``search`` in the rest. The sequence begins with the full network, where that
    reaches the search target: nobody chose its thresholds, so its quality on ``search`` is the least flattered. Then
    come the policies of the front; but where ``search`` has too few losses to tell these apart, a path to the most
    wanted of the plain policies (:mod:`policies.selection.eased`, :mod:`policies.evolution.plain`). Where nothing is
    certified, or nothing is claimed, the most wanted policy is chosen that has a margin on ``search``
    (:mod:`policies.selection.uncertified`). Where no policy meets what was asked for, it is the one that misses it by
    least.

    Args:
        networks: The policies of each network, searched for what was asked.
        target: What was asked, with its margin and its claim.
        front_size: Most policies of the merged front.
        seed: Seed of the search; the same seed gives the same choice.
    """
    goal = goal_on(target.asked, networks[0].search)
    front = Front.merged([network.front for network in networks], goal, front_size=front_size)
    by_name = {network.network: network for network in networks}
    on_front = [(by_name[point.network], point.policy) for point in front]
    splits = _compared(*on_front[goal.best(front.assessment(goal))], seed=seed)
    passed: dict[str, bool] = {}
    certificate, n_passed = None, 0
    sequence: list[tuple[NetworkPolicies, Policy]] = []
    if target.claim is not None:
        first = _full_network_first(networks, target.tightened)
        if first and has_few_losses(target.claim, SplitSize.of_table(networks[0].search)):
            plain = Front(tuple(own.plain for own in networks if own.plain is not None))
            wanted = (plain if len(plain) else front).best(goal)
            on_path = _path(by_name[wanted.network], wanted.policy, target.asked, seed=seed)
        else:
            on_path = on_front[::-1]
        sequence = [*first, *on_path]
        tested = [(policy, _certify_table(network)) for network, policy in sequence]
        searches = [network.search for network, _ in sequence]
        steps = fixed_sequence(tested, target.claim, delta=target.asked.delta, searches=searches)
        n_passed = sum(step.passed for step in steps)
        passed = {step.policy_hash: step.passed for step in steps}
    estimate = None
    rest = target.asked.rest
    if n_passed and rest is None:
        network, policy = sequence[n_passed - 1]
    elif n_passed and rest is not None:
        network, policy, estimate = choose_estimated(sequence[:n_passed], target.asked, rest, seed=seed)
    elif front.is_feasible:
        network, policy, estimate = choose_uncertified(on_front, networks, target.asked, seed=seed)
    else:
        network, policy = on_front[goal.best(front.assessment(goal))]
    if target.claim is not None:
        certificate = certificate_of(
            *(policy, _certify_table(network), steps, target.claim),
            delta=target.asked.delta,
            search=network.search,
        )
    marked = _marked(front, passed, policy)
    return Selection(network, policy, certificate, estimate, front.is_feasible, marked, splits)


def _marked(front: Front, passed: dict[str, bool], chosen: Policy) -> Front:
    """The front, on which it is told which policies passed, of those that were tested, and which was chosen."""
    found = [(point, point.policy.policy_hash) for point in front]
    return Front(
        tuple(replace(point, certified=passed.get(own), selected=own == chosen.policy_hash) for point, own in found)
    )


def _compared(network: NetworkPolicies, policy: Policy, *, seed: int) -> SplitComparison | None:
    if network.certify is None:
        return None
    return compare_splits(network.search, network.certify, policy, seed=seed)


def _certify_table(network: NetworkPolicies) -> ExitTable:
    if network.certify is None:
        raise ValueError(f"network {network.network!r} has no certify table")
    return network.certify


def _path(
    network: NetworkPolicies, policy: Policy, request: Request, *, seed: int
) -> list[tuple[NetworkPolicies, Policy]]:
    """The path to a policy, without those of it that do not do on ``search`` what is asked for."""
    goal, view = goal_on(request, network.search), chosen_view(policy, network.search, seed=seed)
    milder = [
        own for own in eased(policy, view) if goal.is_met(asked_figures(goal, network.search, own.decide_on(view)))
    ]
    return [(network, own) for own in (*milder, policy)]


def _full_network_first(networks: list[NetworkPolicies], request: Request) -> list[tuple[NetworkPolicies, Policy]]:
    """The best network without early exits, if that does what is asked for on ``search``."""
    name = request.drop_quality
    sign = get_quality(name).sign
    best = max(networks, key=lambda own: sign * full_network_quality(name, own.search, own.temperatures))
    goal = goal_on(request, best.search)
    evaluator = baseline_evaluator(best.search, best.temperatures, goal)
    closed = np.asarray(evaluator.n_levels - 1)[None]
    if goal.assess(evaluator.evaluate(closed)).violation[0] > 0:
        return []
    return [(best, full_network(best.search, best.temperatures))]
