"""Choosing with a margin where nothing is certified."""

from dataclasses import replace
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.stats import binom

from policies.baselines.full_network import full_network
from policies.errors import ExitSearchError
from policies.estimates.candidates import Candidate, families_of
from policies.estimates.estimate import choose_with_margin, estimated_choice, estimated_target
from policies.estimates.estimated_bounds import LEVEL, estimated_bounds
from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.goals.goal import Goal
from policies.policy import Policy
from tests.policies.choosing import candidates_of, grouped, permuted
from tests.tables import make_table, tied_tables


TABLE = make_table(300, 3, 4)
CANDIDATES = candidates_of(TABLE)


def figures(policy, table):
    """Accuracy and mean depth."""
    decision = policy.decide(table)
    return float((decision.answers == table.labels).mean()), float(decision.exits.mean() + 1)


def lower_bound(n_right, n):
    """The accuracy at which so many right answers are just plausible, by bisection."""
    low, high = 0.0, n_right / n
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if binom.sf(n_right - 1, n, middle) < LEVEL else (low, middle)
    return low


def with_wrong_exit(table, exit_index):
    """The table with all answers of one exit wrong, and sure."""
    logits = table.logits.copy()
    logits[:, exit_index] = 0.0
    logits[np.arange(table.n_samples), exit_index, (table.labels + 1) % table.n_classes] = 20.0
    return replace(table, logits=logits)


@given(n=st.integers(0, 3000), target=st.floats(0.5, 0.999), level=st.floats(0.01, 0.3))
def test_estimated_target_is_the_least_that_has_its_bound_at_the_target(n, target, level):
    least = estimated_target(target, n, grouped=False, level=level)
    over_groups = estimated_target(target, n, grouped=True, level=level)
    assert (least is None) == (over_groups is None) == (n == 0 or level ** (1 / n) < target)
    if least is None:
        return
    n_right = round(least * n)
    assert binom.sf(n_right - 1, n, target) <= level + 1e-9
    assert n_right == 0 or binom.sf(n_right - 2, n, target) > level - 1e-9
    assert least - 1 / n - 1e-6 <= over_groups <= least + 1e-6
    assert over_groups >= target


def test_more_units_need_less_margin():
    for has_groups in (False, True):
        aims = [estimated_target(0.9, n, grouped=has_groups) for n in (22, 50, 200, 1000, 5000)]
        assert aims[0] == pytest.approx(1.0, abs=0.005)
        assert aims == sorted(aims, reverse=True)
        assert 0.9 < aims[-1] < 0.91


def test_22_recordings_cannot_show_an_accuracy_of_094():
    assert estimated_target(0.94, 22, grouped=True) is None
    assert estimated_target(0.94, 38, grouped=False) == 1.0
    assert estimated_target(0.94, 38, grouped=True) == pytest.approx(0.9994, abs=0.001)


@settings(max_examples=30, deadline=None)
@given(table=tied_tables(max_samples=12), target=st.floats(0.05, 1.0), seed=st.integers(0, 99))
def test_choice_is_that_of_brute_force_on_tiny_fronts(table, target, seed):
    rng = np.random.default_rng(seed)
    rows = rng.choice([0.3, 0.5, 0.7, math.inf], size=(5, table.n_exits - 1))
    candidates = [Candidate(Policy("confidence", tuple(row), (1.0,) * table.n_exits), table) for row in rows]
    found = estimated_bounds(candidates, Goal())
    estimate = choose_with_margin(candidates, Goal(target=target), found)
    best = None
    for i, one in enumerate(candidates):
        accuracy, depth = figures(one.policy, table)
        optimism = 0.0 if all(math.isinf(gate[0]) for gate in one.policy.thresholds) else found.optimism.max()
        bound = lower_bound(round(accuracy * table.n_samples), table.n_samples) - optimism
        assert found.bounds[0, i] == pytest.approx(bound, abs=1e-9)
        assert found.bounds[0, i] <= accuracy
        if bound >= target and (best is None or (depth, -bound) < best):
            best = (depth, -bound)
    assert estimate.meets == (best is not None)
    if best is None:
        assert estimate.bound == pytest.approx(max(found.bounds.max(), 0.0))
        assert "must be at least" in estimate.reason
    else:
        assert figures(candidates[estimate.chosen].policy, table)[1] == pytest.approx(best[0])


def test_chosen_is_the_cheapest_with_a_margin():
    estimate = estimated_choice(CANDIDATES, Goal(target=0.75))
    assert estimate.meets
    assert estimate.bound >= 0.75 > 0
    assert estimate.observed > estimate.bound + estimate.optimism
    assert estimate.optimism > 0
    depth = figures(CANDIDATES[estimate.chosen].policy, TABLE)[1]
    for one, bound in zip(CANDIDATES, estimate.bounds, strict=True):
        assert bound < 0.75 or figures(one.policy, TABLE)[1] >= depth
    assert (estimate.unit, estimate.n, estimate.n_certify, estimate.n_vetoed) == ("sample", 300, 0, 0)
    assert "not a certificate" in estimate.method
    assert estimate.sentence == (
        f"estimated, not certified: on new data accuracy is at least {estimate.bound:.4f} with about 90 % confidence "
        f"({estimate.observed:.4f} on 300 samples of search, of which the choice may flatter {estimate.optimism:.4f})"
    )


def test_what_was_not_chosen_is_not_flattered():
    estimate = estimated_choice([CANDIDATES[-1]], Goal(target=0.5))
    assert estimate.optimism == 0
    n_right = int((CANDIDATES[-1].policy.decide(TABLE).answers == TABLE.labels).sum())
    assert estimate.bound == pytest.approx(lower_bound(n_right, 300))


def test_most_reliable_is_chosen_where_nothing_has_the_margin():
    estimate = estimated_choice(CANDIDATES, Goal(target=0.999))
    assert not estimate.meets
    assert estimate.bound == max(estimate.bounds)
    assert estimate.reason == (
        f"accuracy must be at least 0.999, but the best bound from 300 samples of search is {estimate.bound:.4f}"
    )
    assert estimate.sentence == (f"no policy has a margin either: {estimate.reason}; the most reliable one is selected")


@pytest.mark.parametrize("rules", [("confidence", "mixture"), ("ensemble",)])
@pytest.mark.parametrize("size", [1, 4])
def test_order_of_rows_and_candidates_does_not_matter(rules, size):
    table = grouped(TABLE, size)
    candidates = candidates_of(table, rules=rules)
    moved = permuted(table)
    others = [Candidate(one.policy, moved) for one in candidates[::-1]]
    one, other = (estimated_choice(own, Goal(target=0.8)) for own in (candidates, others))
    assert candidates[one.chosen].policy.policy_hash == others[other.chosen].policy.policy_hash
    assert one.bound == pytest.approx(other.bound, abs=1e-4)
    np.testing.assert_allclose(one.bounds, other.bounds[::-1], atol=0.004)


def test_rules_that_learn_are_seen_as_if_the_table_were_new():
    candidates = candidates_of(TABLE, rules=("ensemble",))
    found = estimated_bounds(candidates, Goal())
    for i, one in enumerate(candidates):
        honest = cross_fitted_decision(one.policy, TABLE)
        assert found.observed[0, i] == pytest.approx((honest.answers == TABLE.labels).mean())
        assert found.objective[i] == pytest.approx(honest.exits.mean() + 1)


def test_same_seed_same_choice():
    assert estimated_choice(CANDIDATES, Goal(target=0.8), seed=3) == estimated_choice(
        CANDIDATES, Goal(target=0.8), seed=3
    )


def test_fewer_units_than_samples_need_more_margin():
    single = estimated_choice(CANDIDATES, Goal(target=0.75))
    whole = grouped(TABLE, 10)
    groups = estimated_choice([replace(one, search=whole) for one in CANDIDATES], Goal(target=0.75))
    assert (groups.unit, groups.n) == ("group", 30)
    assert max(groups.bounds) < max(single.bounds)


def test_every_quality_asked_for_has_a_margin():
    goal = Goal(target=0.6, quality="macro_f1", bounds={"worst_class_recall": 0.5, "flip_rate_to_exit": 0.5})
    candidates = candidates_of(TABLE, goal=goal)
    found = estimated_bounds(candidates, goal)
    estimate = choose_with_margin(candidates, goal, found)
    assert estimate.meets
    assert found.qualities == ("macro_f1", "worst_class_recall", "flip_rate_to_exit")
    f1, recall, flips = found.bounds[:, estimate.chosen]
    assert (f1 >= 0.6, recall >= 0.5, flips <= 0.5) == (True, True, True)
    alone = choose_with_margin(candidates, replace(goal, bounds={}), replace(found, bounds=found.bounds[:1]))
    assert figures(candidates[alone.chosen].policy, TABLE)[1] <= figures(candidates[estimate.chosen].policy, TABLE)[1]

    strict = choose_with_margin(candidates, replace(goal, bounds={**goal.bounds, "flip_rate_to_exit": 0.0}), found)
    assert not strict.meets
    assert "flip_rate_to_exit must be at most 0" in strict.reason


def test_budget_takes_the_surest_within_it():
    goal = Goal(budget=1.5)
    estimate = estimated_choice(CANDIDATES, goal)
    depths = [figures(one.policy, TABLE)[1] for one in CANDIDATES]
    affordable = [bound for bound, depth in zip(estimate.bounds, depths, strict=True) if depth <= 1.5 + 1e-9]
    assert estimate.meets
    assert depths[estimate.chosen] <= 1.5 + 1e-9
    assert estimate.bound == max(affordable)
    over = estimated_choice(CANDIDATES[-1:], goal)
    assert (over.meets, over.reason) == (False, "no policy keeps within the budget of 1.5 on search")


def test_certify_passes_over_what_it_contradicts():
    goal = Goal(target=0.75)
    first = estimated_choice(CANDIDATES, goal)
    good = make_table(200, 3, 4, seed=9, prefix="c")
    agreed = estimated_choice([replace(one, certify=good) for one in CANDIDATES], goal)
    assert (agreed.n_vetoed, agreed.chosen, agreed.n_certify) == (0, first.chosen, 200)

    bad = with_wrong_exit(good, 0)
    second = estimated_choice([replace(one, certify=bad) for one in CANDIDATES], goal)
    assert second.meets
    assert second.n_vetoed > 0
    assert second.sentence.endswith(f"; certify does not contradict it, as it did {second.n_vetoed} of less objective")
    assert figures(CANDIDATES[second.chosen].policy, bad)[0] >= 0.75
    assert figures(CANDIDATES[second.chosen].policy, TABLE)[1] > figures(CANDIDATES[first.chosen].policy, TABLE)[1]


def test_certify_may_leave_nothing():
    hopeless = make_table(200, 3, 4, seed=9, prefix="c")
    for exit_index in range(3):
        hopeless = with_wrong_exit(hopeless, exit_index)
    estimate = estimated_choice([replace(one, certify=hopeless) for one in CANDIDATES], Goal(target=0.75))
    assert not estimate.meets
    assert estimate.n_vetoed == sum(bound >= 0.75 for bound in estimate.bounds)
    assert estimate.reason == (
        f"on certify, all {estimate.n_vetoed} policies with a margin on search missed what is asked for"
    )
    assert estimate.bound == max(estimate.bounds)


def test_certify_is_judged_over_groups():
    """Nine right answers in one group and one wrong in another: 0.5 over groups, 0.9 over samples."""
    certify = make_table(10, 3, 4, seed=9, prefix="c")
    right = np.zeros(certify.logits.shape, dtype=np.float32)
    right[np.arange(10), :, certify.labels] = 9.0
    right[9] = 9.0 - right[9]
    certify = replace(certify, logits=right, groups=np.array(["a"] * 9 + ["b"]))
    estimate = estimated_choice([replace(one, certify=certify) for one in CANDIDATES], Goal(target=0.75))
    assert not estimate.meets


def test_networks_share_the_samples_and_may_order_them_otherwise():
    better = permuted(replace(TABLE, logits=TABLE.logits + 2 * np.eye(4, dtype=np.float32)[TABLE.labels][:, None]))
    both = [*CANDIDATES, *candidates_of(better)]
    assert len({id(one.search) for one in both}) == 2
    assert len(families_of(both)) > 2
    estimate = estimated_choice(both, Goal(target=0.85))
    assert estimate.meets
    assert both[estimate.chosen].search is better


def test_tables_of_other_samples_are_refused():
    other = candidates_of(make_table(300, 3, 4, prefix="other"))
    with pytest.raises(ExitSearchError, match="must be of the same samples"):
        estimated_choice([*CANDIDATES, *other], Goal(target=0.8))
    with pytest.raises(ExitSearchError, match="at least one candidate"):
        estimated_choice([], Goal(target=0.8))
    with pytest.raises(ExitSearchError, match="strictly between 0 and 1"):
        estimated_choice(CANDIDATES, Goal(target=0.8), level=0.0)


def test_one_unit_tells_nothing():
    one = grouped(make_table(20, 3, 4), 20)
    estimate = estimated_choice(candidates_of(one), Goal(target=0.5))
    assert not estimate.meets
    assert estimate.reason.startswith("accuracy must be at least 0.5, but the best bound from 1 group of search is")


def test_one_exit_leaves_nothing_to_choose():
    single = make_table(50, 1, 4)
    estimate = estimated_choice([Candidate(full_network(single, np.ones(1)), single)], Goal(target=0.3))
    assert (estimate.chosen, estimate.optimism) == (0, 0.0)


@pytest.mark.slow
def test_margin_misses_as_seldom_as_it_should_and_would_not_without_the_correction():
    truth = make_table(20_000, 3, 4, seed=1000)
    goal = Goal(target=0.78)
    missed, uncorrected, chosen = 0, 0, 0
    n_rounds = 40
    for seed in range(n_rounds):
        table = make_table(80, 3, 4, seed=seed)
        candidates = candidates_of(table, goal=replace(goal, target=0.7), rules=("mixture", "class-wise"))
        found = estimated_bounds(candidates, goal)
        estimate = choose_with_margin(candidates, goal, found)
        chosen += estimate.meets
        missed += estimate.meets and figures(candidates[estimate.chosen].policy, truth)[0] < 0.78
        bare = choose_with_margin(candidates, goal, replace(found, bounds=found.bounds + found.optimism))
        uncorrected += bare.meets and figures(candidates[bare.chosen].policy, truth)[0] < 0.78
    assert chosen > n_rounds / 4
    assert missed <= 0.15 * n_rounds
    assert uncorrected > 0.25 * n_rounds
