"""Plain networks within the cost of a policy: as wide as can be, at every exit that allows one."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from policies.goals.request import Request
from policies.policy import Policy
from search.control.candidates import plain_candidates, policy_macs
from tests.tables import make_table
from trainables.models import NetworkSpec, cumulative_macs
from trainables.models.plain import plain_macs
from trainables.recipes.recipe import Recipe
from trainables.trials.spec import GivenWeights, TrialSpec
from trainables.workloads import get_workload


DIGITS = (1, 8, 8)


def spec_of(network):
    recipe = Recipe(epochs=3, batch_size=64)
    return TrialSpec("digits", tuple("0123456789"), network, recipe, Request(target=0.9), (0,))


def build(network, shape=DIGITS):
    channels = shape[0]
    scale = {"mean": [0.0] * channels, "std": [1.0] * channels}
    return get_workload("digits").build_network(shape, 10, network, **scale)


def test_each_exit_gets_the_widest_network_that_fits():
    network, budget = NetworkSpec(3, 16), 30_000
    candidates = plain_candidates(spec_of(network), {}, DIGITS, budget_macs=budget)
    assert [one.depth for one in candidates.found] == [1, 2, 3]
    for one in candidates.found:
        assert cumulative_macs(build(one.network), DIGITS).tolist() == [one.macs]
        assert (
            one.macs <= budget < plain_macs(build(replace(network, width=one.network.width + 1)), DIGITS)[one.depth - 1]
        )
    assert candidates.notes == []


def test_what_cannot_be_had_is_said_in_one_line():
    too_few = int(plain_macs(build(NetworkSpec(3, 1)), DIGITS)[1]) - 1
    candidates = plain_candidates(spec_of(NetworkSpec(3, 16)), {}, DIGITS, budget_macs=too_few)
    assert [one.depth for one in candidates.found] == [1]
    (note,) = candidates.notes
    assert (
        note
        == f"no plain network that ends at depths 2, 3 costs at most {too_few:,} multiply-accumulates, in any width"
    )
    nothing = plain_candidates(spec_of(NetworkSpec(3, 16)), {}, DIGITS, budget_macs=10)
    assert nothing.found == []
    assert "depths 1, 2, 3" in nothing.notes[0]


def test_widths_are_those_that_the_family_allows():
    network = NetworkSpec(2, 16, family="mobilenet-v3-small")
    shape = (3, 32, 32)
    macs = {width: plain_macs(build(replace(network, width=width), shape), shape) for width in (8, 16, 24, 32, 40)}
    budget = int(macs[16][1]) - 1
    expected = [max(width for width in macs if macs[width][k] <= budget) for k in (0, 1)]
    candidates = plain_candidates(spec_of(network), {}, shape, budget_macs=budget)
    assert [one.network.width for one in candidates.found] == expected
    assert expected[0] < 40


def test_a_trials_own_width_and_head_are_the_networks():
    network = NetworkSpec(3, 4, family="audio-cnn")
    params = {"width": 8, "head": "max-mean", "weight_decay": 0.1}
    own = plain_macs(build(replace(network, width=8, head="max-mean")), DIGITS)
    candidates = plain_candidates(spec_of(network), params, DIGITS, budget_macs=int(own[2]))
    last = candidates.found[-1]
    assert (last.network.width, last.network.head, last.network.only_exit, last.macs) == (8, "max-mean", 3, own[2])


def test_with_given_weights_the_network_is_cut_as_it_is():
    network = NetworkSpec(3, 16)
    given = replace(spec_of(network), weights=GivenWeights({}))
    candidates = plain_candidates(given, {}, DIGITS, budget_macs=int(plain_macs(build(network), DIGITS)[1]))
    assert [(one.depth, one.network.width) for one in candidates.found] == [(1, 16), (2, 16)]
    assert "depth 3 costs" in candidates.notes[0]


def test_the_random_state_is_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    plain_candidates(spec_of(NetworkSpec(2, 4)), {}, DIGITS, budget_macs=5_000)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(("threshold", "exit_index"), [(-1e9, 0), (np.inf, 2)])
def test_a_policy_that_takes_one_exit_costs_what_that_exit_does(threshold, exit_index):
    model = build(NetworkSpec(3, 16))
    macs = cumulative_macs(model, DIGITS)
    table = replace(make_table(100), cost=macs / macs[-1])
    policy = Policy("confidence", (threshold, np.inf), (1.0, 1.0, 1.0))
    selection = SimpleNamespace(network=SimpleNamespace(search=table), policy=policy)
    assert policy_macs(selection, model, DIGITS, seed=0) == macs[exit_index]
    # Whatever the table says of cost.
    selection.network.search = replace(table, cost=np.arange(1, 4) / 3)
    assert policy_macs(selection, model, DIGITS, seed=0) == macs[exit_index]
