"""Searching for what is asked of every value of a column, where one of them is harder than the others."""

from dataclasses import replace

import numpy as np
import pytest

from policies.baselines import BASELINES
from policies.baselines.choice import baseline_evaluator, baseline_policy
from policies.calibration.temperature import fit_temperatures
from policies.errors import ClaimError
from policies.evolution.settings import EvolveSettings
from policies.goals.figures import quality_of
from policies.goals.request import Request
from policies.qualities import name_where, split_where
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.references import goal_on
from policies.selection.search_target import table_target
from policies.selection.select import select_policy
from policies.selection.uncertified import choose_uncertified
from policies.selection.worst_value import worst_value
from tests.tables import make_table


SITES = ("east", "north", "west")
SETTINGS = EvolveSettings(population=16, generations=3, max_levels=64, front_size=20)
ASKED = Request(max_drop=0.03, by="site")


def hard_west(n, seed, prefix="s"):
    """A table of three sites: at the last of them early exits take a third for another class, as surely as ever."""
    table, rng = make_table(n, seed=seed, prefix=prefix), np.random.default_rng(seed)
    site = rng.choice(SITES, n, p=[0.5, 0.3, 0.2])
    logits = table.logits.copy()
    misled = (site == "west") & (rng.random(n) < 0.3)
    logits[misled, :-1] = np.roll(logits[misled, :-1], 1, axis=2)
    return replace(table, logits=logits, columns={"site": site})


def drop_at(policy, table, site):
    """What a policy loses of the accuracy of the samples of a site, counted one by one."""
    own = table.columns["site"] == site
    decision = policy.decide(table)
    right = (decision.full_network(table).answers == table.labels).astype(int) - (decision.answers == table.labels)
    return right[own].mean()


def searched(search, certify, asked):
    how = PolicySearch(asked=asked, rules=("confidence",), settings=SETTINGS)
    return search_network("network", search, certify, how)


SEARCH, CERTIFY = hard_west(1200, 0), hard_west(3000, 1, "c")


def test_every_policy_of_the_front_does_what_is_asked_at_every_site():
    network = searched(SEARCH, CERTIFY, ASKED)
    assert network.front.is_feasible and len(network.front) > 1
    for policy in (*network.front.policies, *(point.policy for point in network.plain)):
        assert max(drop_at(policy, SEARCH, site) for site in SITES) <= 0.03 + 1e-9
    together = searched(SEARCH, CERTIFY, Request(max_drop=0.03))
    bold = together.front.best(goal_on(Request(max_drop=0.03), SEARCH)).policy
    assert drop_at(bold, SEARCH, "west") > 0.03


def test_baselines_do_what_is_asked_at_every_site():
    goal, temperatures = goal_on(ASKED, SEARCH), fit_temperatures(SEARCH)
    evaluator = baseline_evaluator(SEARCH, temperatures, goal, max_levels=64)
    for name in BASELINES:
        policy = baseline_policy(name, "confidence", evaluator, temperatures, goal, evaluations=500)
        if policy is not None and not name.startswith("grid"):
            assert max(drop_at(policy, SEARCH, site) for site in SITES) <= 0.03 + 1e-9, name


def test_a_goal_asks_of_each_value_what_the_full_network_has_there_less_the_drop():
    target = table_target(ASKED, SEARCH, CERTIFY)
    for request, limit in ((target.asked, lambda _: 0.03), (target.tightened, _own_limit(target.tightened))):
        bounds = goal_on(request, SEARCH).bounds
        assert {split_where(name)[2] for name in bounds} == set(SITES)
        for site in SITES:
            own = SEARCH.columns["site"] == site
            full = (SEARCH.logits[own, -1].argmax(axis=1) == SEARCH.labels[own]).mean()
            assert bounds[name_where("accuracy", "site", site)] == pytest.approx(full - limit(site))


def _own_limit(request):
    return lambda site: request.of_values[site].max_drop


def test_the_worst_value_on_search_is_named():
    target, network = table_target(ASKED, SEARCH, CERTIFY), searched(SEARCH, CERTIFY, ASKED)
    chosen = select_policy([network], target, front_size=20)
    decision = chosen.policy.decide(SEARCH)
    found = worst_value(target, SEARCH, decision)
    spare = {site: target.tightened.of_values[site].max_drop - drop_at(chosen.policy, SEARCH, site) for site in SITES}
    assert found.value == min(spare, key=spare.get)
    assert found.reached == quality_of(f"accuracy where site = {found.value}", SEARCH, decision)
    assert found.reached - found.aimed == pytest.approx(spare[found.value])
    assert found.sentence.startswith(f"site = {found.value}: accuracy {found.reached:.4f} on search, where at least ")
    assert worst_value(table_target(Request(max_drop=0.03), SEARCH, CERTIFY), SEARCH, decision) is None


@pytest.mark.parametrize("seed", [10, 12])
def test_certified_for_all_sites_it_saves_more_than_a_search_over_all_samples_together(seed):
    world = hard_west(20_000, 99, "w")
    search, certify = hard_west(1200, seed), hard_west(3000, seed + 1, "c")
    target, depth = table_target(ASKED, search, certify), []
    for own in (replace(target, asked=Request(max_drop=0.03)), target):
        chosen = select_policy([searched(search, certify, own.asked)], own, front_size=20)
        assert chosen.is_certified and chosen.certificate.claim.by == "site"
        assert max(drop_at(chosen.policy, world, site) for site in SITES) <= 0.03
        depth.append(chosen.policy.decide(world).exits.mean())
    assert depth[1] < depth[0]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (0.2, "; it is about all samples, not about each value of site"),
        (0.99, "no policy has a margin either, over all samples and not for each value of site: accuracy must be at"),
    ],
)
def test_an_estimate_says_that_it_is_about_all_samples(target, said):
    network = searched(SEARCH, None, ASKED)
    found = [(network, policy) for policy in network.front.policies]
    told = [
        choose_uncertified(found, [network], Request(target=target, by=by), seed=0)[2].sentence for by in ("site", None)
    ]
    assert said in told[0]
    assert "site" not in told[1]


def test_a_search_table_without_the_column_is_refused_and_one_without_some_values_is_not():
    with pytest.raises(ClaimError, match="search: to claim something for every value of 'site' there must be a column"):
        table_target(ASKED, replace(SEARCH, columns={}), CERTIFY)
    alone = SEARCH.take(np.flatnonzero(SEARCH.columns["site"] != "west"))
    target = table_target(ASKED, alone, CERTIFY)
    assert "1 of 3 values of site to tell" in target.too_few and "west (0, " in target.too_few
    assert searched(alone, CERTIFY, ASKED).front.is_feasible
