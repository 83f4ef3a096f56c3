"""What it costs to aim at a certificate with a stated probability, read off a front."""

import pytest

from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.evolution.settings import EvolveSettings
from policies.goals.front import Front
from policies.goals.request import Request
from policies.selection.aims.cost_of_power import CostOfPower, cost_of_power, in_times
from policies.selection.aims.front_on_search import FrontOnSearch
from policies.selection.margins.tightened_claim import tightened_claim
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.search_target import table_target
from tests.tables import make_table


QUICK = EvolveSettings(population=8, generations=2, max_levels=64, front_size=20)
SEARCH = make_table(400, 3, 4)
CERTIFY = make_table(600, 3, 4, seed=7, prefix="c")


@pytest.fixture(scope="module")
def front():
    how = PolicySearch(asked=Request(target=0.7), rules=("confidence", "learned-gate"), settings=QUICK)
    return search_network("only", SEARCH, CERTIFY, how).front


def found(front, **asked):
    target = table_target(Request(target=0.7, **asked), SEARCH, CERTIFY)
    return target, cost_of_power(target, FrontOnSearch(front, lambda _: SEARCH))


def least_depth(front, target):
    """By brute force: what each policy of the front does with samples that it did not learn from."""
    decisions = [cross_fitted_decision(point.policy, SEARCH) for point in front]
    reached = [own for own in decisions if (own.answers == SEARCH.labels).mean() >= target]
    return min((own.exits.mean() + 1 for own in reached), default=None)


@pytest.mark.parametrize("power", [0.6, 0.8, 0.95])
def test_it_is_the_depth_between_the_most_wanted_policies_of_the_front(front, power):
    target, told = found(front, power=power)
    half = tightened_claim(target.claim, target.certify, delta=0.05, power=0.5)
    assert told.mean == pytest.approx(least_depth(front, target.tightened.target))
    assert told.mean_at_half == pytest.approx(least_depth(front, half.target))
    assert told.cost == pytest.approx(told.mean - told.mean_at_half)
    assert told.cost > 0
    assert f"{told.cost:.2f} exits over aiming at half" in told.sentence
    assert str(target.tightened) in told.sentence


def test_aiming_at_half_costs_nothing_and_is_compared_with_nothing(front):
    target, told = found(front, power=0.5)
    assert told.cost == 0
    policy = f"the most wanted policy of the front that reaches it has mean depth {told.mean:.3f}"
    assert told.sentence == f"{target.tightened}; to be certified 1 time of 2; on search {policy}"
    none = CostOfPower(0.5, "accuracy 0.9", "accuracy 0.9", "depth", None, None)
    assert none.sentence == "accuracy 0.9; to be certified 1 time of 2; on search no policy of the front reaches it"


def test_aiming_lower_than_half_saves(front):
    _, told = found(front, power=0.2)
    assert told.cost < 0
    assert f"1 time of 5 saves {-told.cost:.2f} exits over aiming at half" in told.sentence


def test_a_front_that_does_not_reach_an_aim_is_told_as_it_is(front):
    target, _ = found(front)
    shallow = Front(tuple(point for point in front if point.figures["accuracy"] < target.tightened.target))
    told = cost_of_power(target, FrontOnSearch(shallow, lambda _: SEARCH))
    assert (told.mean, told.cost) == (None, None)
    assert told.mean_at_half is not None
    assert "no policy of the front reaches it; the most wanted has mean depth" in told.sentence
    neither = CostOfPower(0.8, "accuracy 0.9", "accuracy 0.8", "depth", None, None)
    assert "no policy of the front reaches it, nor accuracy 0.8, the aim at half" in neither.sentence


@pytest.mark.parametrize("certify", [None, make_table(5, 3, 4, seed=7, prefix="c")], ids=["no certify", "too few"])
def test_without_the_margin_of_a_certificate_nothing_is_compared(front, certify):
    target = table_target(Request(target=0.7), SEARCH, certify)
    assert cost_of_power(target, FrontOnSearch(front, lambda _: SEARCH)) is None


def test_costs_and_milliseconds_have_their_units():
    told = CostOfPower(0.9, "accuracy 0.9", "accuracy 0.88", "cost", 0.5, 0.25)
    assert "9 times of 10 costs 0.25 of the full network's cost over aiming at half" in told.sentence
    small = CostOfPower(0.9, "accuracy 0.9", "accuracy 0.88", "depth", 2.004, 2.0)
    assert "costs less than 0.01 exits over aiming at half" in small.sentence
    assert "costs nothing over aiming" in CostOfPower(0.9, "a", "b", "depth", 2.0, 2.0).sentence
    assert "0.25 ms over" in CostOfPower(0.9, "a", "b", "latency", 0.5, 0.25).sentence


@pytest.mark.parametrize(
    ("power", "words"),
    [(0.8, "4 times of 5"), (0.5, "1 time of 2"), (0.95, "19 times of 20"), (0.837, "with probability 0.837")],
)
def test_a_power_in_words(power, words):
    assert in_times(power) == words
