"""The sequences of policies that are tested on ``certify``: where they start, where they lead to, and what each gets.

All of it is settled on ``search``, with the claim and the size of ``certify``. A sequence that starts at the boldest
policies needs these to be as good as they look, and of a front they look better than they are: each was chosen among
thousands. So the sequences start at the full network, whose quality nobody chose, and grow bolder in small steps. The
first leads to a plain policy (:mod:`policies.evolution.plain`), which was chosen among few of one or two numbers, so
that little flatters it, and with it the steps that lead there. The second leads to what is wanted most of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import math

import numpy as np

from policies.baselines.choice import baseline_evaluator
from policies.baselines.full_network import full_network
from policies.certificates.claims import Claim
from policies.evaluation.cross_fitted import chosen_view
from policies.goals.figures import asked_figures
from policies.goals.front import Front, FrontPoint
from policies.goals.goal import Goal
from policies.goals.request import Request
from policies.judging.judged import Judged
from policies.policy import Policy
from policies.qualities import get_quality
from policies.rules import get_rule
from policies.selection.eased import eased
from policies.selection.margins.margin import CertificateMargin
from policies.selection.margins.tightened_claim import with_margin
from policies.selection.networks import NetworkPolicies
from policies.selection.references import full_network_quality, goal_on
from policies.selection.search_target import SearchTarget
from policies.selection.split_size import SplitSize
from policies.tables.base import ExitTable
from policies.tasks import get_task


PLAIN_SHARE = 0.8
"""Share of delta of the sequence that leads to a plain policy; the other has the rest: see
``benchmarks/sequence_comparison.py``."""
_FEW_LOSSES = 2
"""A certificate that allows fewer losses on ``certify`` than this leaves nothing for a second sequence."""


@dataclass(frozen=True)
class PolicySequence:
    """Policies that are tested one after the other until one fails.

    Attributes:
        name: What it leads along, in words.
        policies: The policies, each with its network, the safest first.
        share: Share of delta that it is tested at, in (0, 1].
    """

    name: str
    policies: tuple[tuple[NetworkPolicies, Policy], ...]
    share: float = 1.0


def policy_sequences(
    networks: Sequence[NetworkPolicies], target: SearchTarget, front: Front, *, seed: int
) -> tuple[PolicySequence, ...]:
    """The sequences that are tested, with shares that sum to 1.

    Where the full network reaches the search target on ``search``, two of them start there: to the most wanted plain
    policy of the rules that answer as the full network where nobody leaves early, so that its mildest steps change few
    answers, and to the most wanted policy of the front. Both lead over milder forms of these that do on ``search`` what
    is asked for. Where ``certify`` is so small that next to no loss is allowed, all of delta goes to the first, which
    then leads to a policy of the simplest such rule. Where the full network does not reach the search target, the one
    sequence is the front from the safest on.

    Args:
        networks: The policies of each network.
        target: What was asked, with its margin and its claim.
        front: The merged front of the networks.
        seed: Seed of the search.
    """
    by_name = {network.network: network for network in networks}
    start = _full_network(networks, target.tightened)
    if start is None:
        safest_first = tuple((by_name[point.network], point.policy) for point in front.points[::-1])
        return (PolicySequence("front, the safest first", safest_first),)
    goal = goal_on(target.asked, networks[0].search)
    few = _allows_few_losses(target)
    plain = _plain_end(networks, goal, is_simplest=few, seed=seed)
    wanted = front.best(goal)

    def path(name: str, end: FrontPoint, share: float) -> PolicySequence:
        steps = _steps(by_name[end.network], end.policy, target.asked, seed=seed)
        return PolicySequence(name, (start, *steps), share)

    if plain is None:
        return (path("to the most wanted policy", wanted, 1.0),)
    if few or plain.policy.policy_hash == wanted.policy.policy_hash:
        return (path("to a plain policy", plain, 1.0),)
    return (
        path("to a plain policy", plain, PLAIN_SHARE),
        path("to the most wanted policy", wanted, 1 - PLAIN_SHARE),
    )


def _full_network(networks: Sequence[NetworkPolicies], request: Request) -> tuple[NetworkPolicies, Policy] | None:
    """The best network without early exits; None where that does not do what is asked for on ``search``."""
    name = request.drop_quality
    sign = get_quality(name).sign
    best = max(networks, key=lambda own: sign * full_network_quality(name, own.search, own.temperatures))
    goal = goal_on(request, best.search)
    evaluator = baseline_evaluator(best.search, best.temperatures, goal)
    closed = np.asarray(evaluator.n_levels - 1)[None]
    if goal.assess(evaluator.evaluate(closed)).violation[0] > 0:
        return None
    return best, full_network(best.search, best.temperatures)


def _allows_few_losses(target: SearchTarget) -> bool:
    """Whether next to nothing may be lost on ``certify`` by what is to be certified, whatever is seen there."""
    if target.claim is None or target.certify is None:
        return False
    return allowed_losses(target.claim, target.certify, delta=target.asked.delta) < _FEW_LOSSES


def allowed_losses(claim: Claim, certify: SplitSize, *, delta: float) -> int:
    """How many units may be lost of ``certify``, or of its smallest subgroup, if the claim is to be certified.

    It is 0 where it never is, and else read off the true loss that is certified in half of the draws: its expected
    number of losses lies less than one above the most that pass.

    Args:
        claim: Claim that is to be certified.
        certify: Size of the split that certifies.
        delta: Largest probability of certifying what does not hold, in (0, 1).
    """
    possible = with_margin(claim, certify, CertificateMargin(delta, 0.5))
    if possible is None:
        return 0
    allowed = [certify.deciding(claim).units.n * one.allowed for one in possible.statements]
    if possible.class_floor is not None and certify.smallest_class is not None:
        allowed.append(certify.smallest_class * (1 - possible.class_floor))
    return math.floor(min(allowed))


def _plain_end(networks: Sequence[NetworkPolicies], goal: Goal, *, is_simplest: bool, seed: int) -> FrontPoint | None:
    """The most wanted plain policy that does what is asked for and answers as the full network if nobody leaves."""
    by_name = {network.network: network for network in networks}
    found = [
        point
        for own in networks
        for point in own.plain
        if point.feasible and _answers_as_full_network(point.policy, by_name[point.network].search, seed=seed)
    ]
    if found and is_simplest:
        simplest = min(_complexity(point.policy, networks[0].search) for point in found)
        found = [point for point in found if _complexity(point.policy, networks[0].search) == simplest]
    return Front(tuple(found)).best(goal) if found else None


def _complexity(policy: Policy, search: ExitTable) -> tuple[bool, bool, int]:
    """How much a rule can be fitted to: the least by the task's baseline rule, the most by one that learns."""
    return (
        policy.rule != get_task(search.task).baseline_rule,
        get_rule(policy.rule).is_fitted,
        max((len(row) for row in policy.thresholds), default=1),
    )


def _answers_as_full_network(policy: Policy, search: ExitTable, *, seed: int) -> bool:
    """Whether what the policy's rule makes of the last exit is the full network's answer, about all of ``search``."""
    last = np.full(search.n_samples, search.n_exits - 1)
    own, full = (
        Judged(chosen_view(one, search, seed=seed), search.truth).answers(last) for one in (policy, policy.full_network)
    )
    return bool(np.array_equal(own, full, equal_nan=own.dtype.kind == "f"))


def _steps(
    network: NetworkPolicies, policy: Policy, request: Request, *, seed: int
) -> list[tuple[NetworkPolicies, Policy]]:
    """The path to a policy, the mildest form first, without those of it that do not do on ``search`` what is asked."""
    goal, view = goal_on(request, network.search), chosen_view(policy, network.search, seed=seed)
    milder = [
        own for own in eased(policy, view) if goal.is_met(asked_figures(goal, network.search, own.decide_on(view)))
    ]
    return [(network, own) for own in (*milder, policy)]
