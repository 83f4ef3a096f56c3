"""Choosing by estimates where not all is certified: a margin on ``search``, which ``certify`` does not contradict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from policies.baselines.full_network import full_network
from policies.estimates.candidates import Candidate
from policies.estimates.estimate import Estimate, estimated_choice
from policies.goals.request import Request
from policies.policy import Policy
from policies.selection.networks import NetworkPolicies
from policies.selection.references import references


AGAINST_GREEDY = " against the greedy shared threshold"
"""What is said of a drop that is not counted from the full network, where every other is."""


def choose_uncertified(
    found: Sequence[tuple[NetworkPolicies, Policy]], networks: Sequence[NetworkPolicies], asked: Request, *, seed: int
) -> tuple[NetworkPolicies, Policy, Estimate]:
    """The most wanted policy of which everything that was asked for has its margin on ``search``.

    The full networks stand among the candidates: nobody chose their thresholds, so nothing flatters them. Where no
    policy has the margin, or ``certify`` contradicts all that do, the most reliable one is chosen.

    Args:
        found: The policies that were found, each with its network.
        networks: All networks that were searched.
        asked: What was asked for, without a margin.
        seed: Seed of the search; the same seed gives the same choice.

    Returns:
        The network, the policy, and why it was chosen.
    """
    whole = [(own, full_network(own.search, own.temperatures)) for own in networks]
    return choose_estimated([*found, *whole], asked, asked, seed=seed)


def choose_estimated(
    offered: Sequence[tuple[NetworkPolicies, Policy]], asked: Request, needed: Request, *, seed: int
) -> tuple[NetworkPolicies, Policy, Estimate]:
    """The most wanted of some policies that has its margin on ``search`` in everything that needs one.

    Args:
        offered: Policies that may be chosen, each with its network.
        asked: What was asked for, without a margin.
        needed: What of it needs a margin.
        seed: Seed of the search; the same seed gives the same choice.

    Returns:
        The network, the policy, and what is estimated of it; the most reliable one where none has the margin. It is
        estimated over all samples, also where something is asked for every value of a column, and then says so.
    """
    networks = {own.network: own for own, _ in offered}
    places = [place for place, drop in enumerate(asked.drops) if drop in needed.drops]
    counted_from = {}
    for name, own in networks.items():
        every = references(asked, own.search, own.temperatures)
        counted_from[name] = tuple(every[place] for place in places)
    candidates = [Candidate(policy, own.search, own.certify, counted_from[own.network]) for own, policy in offered]
    goal = needed.goal_without_drops(offered[0][0].search)
    drops = [asked.drops[place] for place in places]
    estimate = estimated_choice(candidates, goal, drops=drops, seed=seed)
    against = AGAINST_GREEDY if goal.target is None and places[:1] == [len(asked.full_drops)] else ""
    return *offered[estimate.chosen], replace(estimate, quality=f"{estimate.quality}{against}", by=asked.by or "")
