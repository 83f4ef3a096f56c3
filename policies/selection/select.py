"""Choosing one policy over all networks of a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from policies.certificates.certificate import Certificate
from policies.certificates.certifying import certificate_of
from policies.certificates.testing.fixed_sequence import SequenceStep, WeightedSequence, split_sequences
from policies.estimates.estimate import Estimate
from policies.evaluation.cross_fitted import ChosenViews
from policies.goals.figures import front_figures, quality_of
from policies.goals.front import Front, FrontPoint
from policies.goals.request import Request
from policies.policy import Policy
from policies.selection.networks import NetworkPolicies
from policies.selection.references import goal_on
from policies.selection.search_target import SearchTarget
from policies.selection.sequences import PolicySequence, policy_sequences
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
        front: The merged front, on which it is known which policies are certified and selected. The chosen policy
            always stands among its points, also where another beats it that was not tested, or has no margin.
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

    With a claim, sequences of policies are tested on ``certify`` (:mod:`policies.selection.sequences`), and of all that
    pass the most wanted one is chosen; where not all that was asked for can be claimed, such as a mean average
    precision, the most wanted one that has a margin on ``search`` in the rest. Where nothing is certified, or nothing
    is claimed, the most wanted policy is chosen that has a margin on ``search``
    (:mod:`policies.selection.uncertified`). Where no policy meets what was asked for, it is the one that misses it by
    least.

    Args:
        networks: The policies of each network, searched for what was asked.
        target: What was asked, with its margin and its claim.
        front_size: Most policies of the merged front, without the chosen one.
        seed: Seed of the search; the same seed gives the same choice.
    """
    goal = goal_on(target.asked, networks[0].search)
    front = Front.merged([network.front for network in networks], goal, front_size=front_size)
    by_name = {network.network: network for network in networks}
    on_front = [(by_name[point.network], point.policy) for point in front]
    splits = _compared(*on_front[goal.best(front.assessment(goal))], seed=seed)
    sequences = () if target.claim is None else policy_sequences(networks, target, front, seed=seed)
    tested = certify_sequences(sequences, target)
    passed = [(network, policy) for network, policy, step in tested if step.passed]
    estimate, rest = None, target.asked.rest
    if passed and rest is None:
        network, policy = most_wanted(passed, front, target.asked, seed=seed)
    elif passed and rest is not None:
        network, policy, estimate = choose_estimated(passed, target.asked, rest, seed=seed)
    elif front.is_feasible:
        network, policy, estimate = choose_uncertified(on_front, networks, target.asked, seed=seed)
    else:
        network, policy = on_front[goal.best(front.assessment(goal))]
    certificate = None
    if target.claim is not None:
        certificate = certificate_of(
            *(policy, _certify_table(network), tuple(step for _, _, step in tested), target.claim),
            delta=target.asked.delta,
            search=network.search,
        )
    chosen = _point_of(network, policy, front, target.asked, ChosenViews(network.search, seed=seed))
    marks = {(own.network, policy.policy_hash): step.passed for own, policy, step in tested}
    marked = _marked(front.with_point(chosen, goal), marks, chosen)
    return Selection(network, policy, certificate, estimate, front.is_feasible, marked, splits)


def certify_sequences(
    sequences: Sequence[PolicySequence], target: SearchTarget
) -> list[tuple[NetworkPolicies, Policy, SequenceStep]]:
    """Every policy that is tested on ``certify``, with its network and what came of it, in the order of the tests.

    Args:
        sequences: The sequences that are tested; none where nothing is claimed.
        target: What was asked, with its claim.
    """
    if target.claim is None:
        return []
    weighted = [
        WeightedSequence(
            [(policy, _certify_table(network)) for network, policy in own.policies],
            own.share,
            [network.search for network, _ in own.policies],
        )
        for own in sequences
    ]
    found = split_sequences(weighted, target.claim, delta=target.asked.delta)
    return [
        (*sequences[one].policies[place], step) for step, (one, place) in zip(found.steps, found.places, strict=True)
    ]


def most_wanted(
    passed: Sequence[tuple[NetworkPolicies, Policy]], front: Front, asked: Request, *, seed: int
) -> tuple[NetworkPolicies, Policy]:
    """Of some policies, each with its network, the one that is wanted most by its figures on ``search``.

    Args:
        passed: The policies, at least one.
        front: The front of their networks.
        asked: What was asked for, without a margin.
        seed: Seed of the search.
    """
    views = {network.network: ChosenViews(network.search, seed=seed) for network, _ in passed}
    points = Front(
        tuple(_point_of(network, policy, front, asked, views[network.network]) for network, policy in passed)
    )
    goal = goal_on(asked, passed[0][0].search)
    return passed[goal.best(points.assessment(goal))]


def _point_of(network: NetworkPolicies, policy: Policy, front: Front, asked: Request, views: ChosenViews) -> FrontPoint:
    """A policy as the front tells of it: its point there, or a new one with the same figures on ``search``."""
    same = (network.network, policy.policy_hash)
    on_front = next((point for point in front if (point.network, point.policy.policy_hash) == same), None)
    if on_front is not None:
        return on_front
    goal = goal_on(asked, network.search)
    decision = views.decision(policy)
    asked_for = front_figures(goal, network.search, decision)
    # A front also tells of qualities that nobody asked for, such as accuracy beside a macro-F1.
    figures = {
        name: asked_for[name] if name in asked_for else quality_of(name, network.search, decision)
        for name in front.points[0].figures
    }
    return FrontPoint(
        policy=policy,
        figures=figures,
        violation=goal.violation(asked_for),
        network=network.network,
    )


def _marked(front: Front, passed: dict[tuple[str, str], bool], chosen: FrontPoint) -> Front:
    """The front, on which it is told which policies passed, of those that were tested, and which was chosen."""
    names = [(point.network, point.policy.policy_hash) for point in front]
    selected = (chosen.network, chosen.policy.policy_hash)
    return Front(
        tuple(
            replace(point, certified=passed.get(name), selected=name == selected)
            for point, name in zip(front, names, strict=True)
        )
    )


def _compared(network: NetworkPolicies, policy: Policy, *, seed: int) -> SplitComparison | None:
    if network.certify is None:
        return None
    return compare_splits(network.search, network.certify, policy, seed=seed)


def _certify_table(network: NetworkPolicies) -> ExitTable:
    if network.certify is None:
        raise ValueError(f"network {network.network!r} has no certify table")
    return network.certify
