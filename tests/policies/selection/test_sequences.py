"""Where the sequences that are tested start, where they lead to, and what share each has."""

from dataclasses import replace

import numpy as np
import pytest

from policies.baselines.full_network import full_network
from policies.certificates.claims import Claim
from policies.evolution.settings import EvolveSettings
from policies.goals.front import Front
from policies.goals.goal import Goal
from policies.goals.request import Request
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.search_target import table_target
from policies.selection.select import select_policy
from policies.selection.sequences import PLAIN_SHARE, allowed_losses, policy_sequences
from policies.selection.split_size import SplitSize
from tests.tables import make_table


QUICK = EvolveSettings(population=8, generations=2, max_levels=64, front_size=20)
SEARCH = make_table(600, 3, 4)
DROP = Request(max_drop=0.04)


def certify_table(n, seed=7):
    return make_table(n, 3, 4, seed=seed, prefix="c")


CERTIFY = certify_table(600)


def network_of(asked, rules=("confidence", "ensemble"), certify=CERTIFY, name="only", search=SEARCH):
    return search_network(name, search, certify, PolicySearch(asked=asked, rules=rules, settings=QUICK))


def sequences_of(asked, *networks, certify=CERTIFY):
    target = table_target(asked, SEARCH, certify)
    front = Front.merged([own.front for own in networks], Goal(), front_size=20)
    return policy_sequences(list(networks), target, front, seed=0), front


@pytest.fixture(scope="module")
def network():
    return network_of(DROP)


def depth(policy):
    return policy.decide(SEARCH).exits.mean()


def test_two_paths_lead_from_the_full_network_to_a_plain_policy_and_to_the_most_wanted(network):
    (plain, wanted), front = sequences_of(DROP, network)
    assert (plain.share, plain.share + wanted.share) == (PLAIN_SHARE, 1.0)
    full = full_network(SEARCH, network.temperatures)
    assert plain.policies[0] == wanted.policies[0] == (network, full)
    assert wanted.policies[-1][1] == front.points[0].policy
    assert plain.policies[-1][1] in [point.policy for point in network.plain]
    for sequence in (plain, wanted):
        depths = [depth(policy) for _, policy in sequence.policies]
        assert depths == sorted(depths, reverse=True)
        assert len(depths) > 5


def test_the_first_path_is_of_a_rule_that_answers_as_the_full_network_if_nobody_leaves(network):
    """An ensemble saves more here, but its last exit is an answer of its own."""
    assert [point.rule for point in network.plain] == ["confidence", "ensemble"]
    (plain, _), _ = sequences_of(DROP, network)
    assert {policy.rule for _, policy in plain.policies} == {"confidence"}
    alone = network_of(DROP, rules=("ensemble",))
    (only,), front = sequences_of(DROP, alone)
    assert only.share == 1.0
    assert only.policies[-1][1] == front.points[0].policy


def test_where_next_to_no_loss_is_allowed_the_simplest_rule_has_all_of_delta():
    few = certify_table(120)
    network = network_of(DROP, rules=("class-wise", "learned-gate", "confidence"), certify=few)
    (only,), _ = sequences_of(DROP, network, certify=few)
    assert only.share == 1.0
    assert {policy.rule for _, policy in only.policies} == {"confidence"}
    assert only.policies[-1][1].leaves_early


def test_where_the_full_network_does_not_reach_the_search_target_the_front_is_tested():
    right = float((SEARCH.logits[:, -1].argmax(axis=1) == SEARCH.labels).mean())
    asked = Request(target=round(right - 0.005, 3))
    network = network_of(asked)
    (only,), front = sequences_of(asked, network)
    assert [policy for _, policy in only.policies] == [point.policy for point in front.points[::-1]]


def test_steps_do_on_search_what_is_asked_for(network):
    sequences, _ = sequences_of(DROP, network)
    right = {True: 0.0}
    for sequence in sequences:
        for _, policy in sequence.policies:
            decision = policy.decide(SEARCH)
            right[policy.leaves_early] = float((decision.answers == SEARCH.labels).mean())
            if policy.rule == "confidence":
                assert right[policy.leaves_early] >= right.get(False, 0.0) - 0.04 - 1e-9


@pytest.mark.parametrize(
    ("claim", "n", "allowed"),
    [
        (Claim(max_drop=0.01), 298, 0),
        (Claim(max_drop=0.01), 300, 0),
        (Claim(max_drop=0.01), 1000, 4),
        (Claim(target=0.9), 100, 4),
        (Claim(target=0.5, class_floor=0.5), 100, 6),
    ],
)
def test_losses_that_are_allowed_are_known_before_any_is_seen(claim, n, allowed):
    table = certify_table(n)
    size = replace(SplitSize.of(table, table.truth), smallest_class=21)
    assert allowed_losses(claim, size, delta=0.05) == allowed


def test_of_all_that_passed_the_most_wanted_is_chosen_and_stands_on_the_front(network):
    target = table_target(DROP, SEARCH, CERTIFY)
    chosen = select_policy([network], target, front_size=20)
    assert chosen.is_certified
    assert chosen.certificate.level < chosen.certificate.delta == 0.05
    (own,) = [point for point in chosen.front if point.selected]
    assert own.policy == chosen.policy
    assert own.certified
    assert own.figures.keys() == chosen.front.points[0].figures.keys()
    assert own.figures["mean_depth"] == pytest.approx(depth(chosen.policy) + 1)
    assert own.violation == 0
    spent = chosen.front.figure("mean_depth")
    assert (np.diff(spent) >= 0).all()
    passed = {step.policy_hash for step in chosen.certificate.sequence if step.passed}
    (sequences, _) = sequences_of(DROP, network)
    depths = [depth(policy) for own in sequences for _, policy in own.policies if policy.policy_hash in passed]
    assert depth(chosen.policy) == min(depths)


def test_of_two_networks_with_one_policy_one_is_selected():
    """Nothing but their names tells them apart."""
    networks = [network_of(DROP, name=name, rules=("confidence",)) for name in ("a", "b")]
    chosen = select_policy(networks, table_target(DROP, SEARCH, CERTIFY), front_size=20)
    assert [point.network for point in chosen.front if point.selected] == [chosen.network.network]
