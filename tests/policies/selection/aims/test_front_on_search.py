"""Which policies of a front reach an aim, by asking each of them."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.goals.front import Front, FrontPoint
from policies.goals.request import Request
from policies.policy import Policy
from policies.selection.aims.front_on_search import FrontOnSearch
from tests.tables import make_table


TABLES = {"small": make_table(80, 3, 4), "large": make_table(80, 3, 4, seed=3)}


def done(point):
    """By brute force: the accuracy, that of the full network, and the mean depth."""
    table = TABLES[point.network]
    decision = cross_fitted_decision(point.policy, table)
    full = table.logits[:, -1].argmax(axis=1) == table.labels
    return (decision.answers == table.labels).mean(), full.mean(), decision.exits.mean() + 1


def point_of(network, thresholds):
    policy = Policy("confidence", tuple((own,) for own in thresholds), (1.0, 1.0, 1.0))
    point = FrontPoint(policy, {}, 0.0, network)
    accuracy, _, depth = done(point)
    return replace(point, figures={"accuracy": accuracy, "mean_depth": depth}, violation=max(0.8 - accuracy, 0.0))


FRONT = Front(
    tuple(
        point_of(network, thresholds)
        for network in TABLES
        for thresholds in ((0.0, 0.0), (0.5, 0.4), (0.7, 0.9), (0.95, 0.6), (0.99, 0.99), (np.inf, np.inf))
    )
)
ON_SEARCH = FrontOnSearch(FRONT, TABLES.__getitem__)


def depth_of(aim, holds):
    """The least depth of what holds of policies by brute force, and that of the policy that is wanted most."""
    least = min((depth for accuracy, full, depth in map(done, FRONT) if holds(accuracy, full)), default=None)
    found = ON_SEARCH.most_wanted(aim)
    return least, found and found.figures["mean_depth"]


@given(target=st.floats(0.3, 1.0))
@settings(max_examples=40, deadline=None)
def test_of_those_that_reach_a_target_it_is_the_least_deep(target):
    least, found = depth_of(Request(target=target), lambda accuracy, _: accuracy >= target)
    assert found == least


@given(drop=st.floats(0.0, 0.5))
@settings(max_examples=40, deadline=None)
def test_drops_are_counted_from_the_full_network_of_each(drop):
    least, found = depth_of(Request(max_drop=drop), lambda accuracy, full: accuracy >= full - drop)
    assert found == pytest.approx(least)


@given(budget=st.floats(1.0, 3.0))
@settings(max_examples=20, deadline=None)
def test_within_a_budget_it_is_the_most_accurate(budget):
    best = max(accuracy for accuracy, _, depth in map(done, FRONT) if depth <= budget)
    found = ON_SEARCH.most_wanted(Request(target=0.1, budget=budget))
    assert found.figures["accuracy"] == best


def test_every_policy_decides_once_for_all_aims(monkeypatch):
    decided, decide_on = [], Policy.decide_on
    monkeypatch.setattr(Policy, "decide_on", lambda policy, view: decided.append(policy) or decide_on(policy, view))
    front = FrontOnSearch(FRONT, TABLES.__getitem__)
    for target in (0.5, 0.7, 0.9):
        front.most_wanted(Request(target=target))
    assert decided == list(FRONT.policies)
