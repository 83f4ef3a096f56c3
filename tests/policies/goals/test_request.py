"""What is asked of a policy becomes a goal on a table."""

from dataclasses import replace

import numpy as np
import pytest

from policies.errors import ExitSearchError
from policies.evaluation.evaluator import PopulationOutcome
from policies.goals.request import Request
from policies.options import RequestError
from policies.selection.references import goal_on
from tests.multilabel_tables import make_label_table
from tests.tables import make_table


SEARCH = make_table(400, prefix="s")
FULL = float((SEARCH.logits[:, -1].argmax(axis=1) == SEARCH.labels).mean())


@pytest.mark.parametrize(
    ("asked", "key", "message"),
    [
        (
            {},
            "target",
            "target is missing, and so are max_drop, max_relative_drop, max_drop_greedy and budget; give one of them",
        ),
        ({"target": 95}, "target", "target must be above 0 and at most 1 but 95 was given; did you mean 0.95?"),
        ({"target": 0.0}, "target", "target must be above 0 and at most 1 but 0.0 was given"),
        ({"target": float("nan")}, "target", "target must be a finite number but nan was given"),
        ({"max_drop": 1.0}, "max_drop", "max_drop must be at least 0 and below 1 but 1.0 was given; for example 0.01"),
        (
            {"max_drop": {"accuracy": 2}},
            "max_drop",
            "max_drop must be at least 0 and below 1 but 2 was given; did you mean",
        ),
        ({"max_drop": "much"}, "max_drop", "max_drop must be a number but 'much' was given"),
        (
            {"max_drop": {"hamming": 0.01}, "target": 0.9, "quality": "accuracy"},
            "max_drop",
            "max_drop must be of qualities of one kind of answers but hamming is for task 'multi-label' and accuracy",
        ),
        (
            {"max_drop": {"exact_match": 0.01}, "max_relative_drop": {"exact_match": 0.1}, "quality": "exact_match"},
            "max_relative_drop",
            "max_relative_drop limits the same loss of exact_match as max_drop but both were given",
        ),
        (
            {"max_relative_drop": {"hamming": 0.1}, "quality": "exact_match"},
            "max_relative_drop",
            "max_relative_drop is a share of a quality of which more is better but less hamming is; give max_drop",
        ),
        (
            {"max_drop_greedy": -0.1},
            "max_drop_greedy",
            "max_drop_greedy must be at least 0 and below 1 but -0.1 was given",
        ),
        (
            {"target": 0.9, "delta": 0.0},
            "delta",
            "delta must be above 0 and below 1 but 0.0 was given; for example 0.05",
        ),
    ],
)
def test_what_cannot_be_asked(asked, key, message):
    with pytest.raises(RequestError) as caught:
        Request(**asked)
    assert caught.value.key == key
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"quality": "beauty"}, "there is no quality 'beauty'"),
        ({"bounds": {"beauty": 0.5}}, "there is no quality 'beauty'"),
        ({"bounds": {"macro_f1": 1.5}}, "the bound of macro_f1 must lie in"),
        ({"budget": -1.0}, "budget must be above 0 but -1.0 was given"),
    ],
)
def test_names_and_bounds_are_checked_before_there_is_a_table(asked, message):
    with pytest.raises(ExitSearchError, match=message):
        Request(target=0.9, **asked)


def test_drops_become_targets_on_the_table():
    assert goal_on(Request(max_drop=0.02), SEARCH).target == pytest.approx(FULL - 0.02)
    assert goal_on(Request(max_drop=0.02, target=0.99), SEARCH).target == 0.99
    assert goal_on(Request(max_relative_drop=0.1), SEARCH).target == pytest.approx(0.9 * FULL)
    assert goal_on(Request(max_drop_greedy=0.01, target=0.8), SEARCH).target >= 0.8


def test_for_another_quality_drops_become_bounds():
    goal = goal_on(Request(quality="macro_f1", target=0.7, max_drop=0.02), SEARCH)
    assert goal.target == 0.7
    assert goal.bounds["accuracy"] == pytest.approx(FULL - 0.02)


def test_latency_can_be_stated_by_the_table():
    timed = replace(SEARCH, meta={"latency_ms": [1, 2, 4]})
    assert goal_on(Request(target=0.5, objective="latency"), timed).latency_ms == (1.0, 2.0, 4.0)
    wrong = replace(SEARCH, meta={"latency_ms": "fast"})
    message = "latency_ms must be 3 increasing positive times, one per exit, but is 'fast'"
    with pytest.raises(ExitSearchError, match=message):
        goal_on(Request(target=0.5, objective="latency"), wrong)
    with pytest.raises(ExitSearchError, match="needs latency_ms"):
        goal_on(Request(target=0.5, objective="latency"), SEARCH)
    # What is asked with goes before, and another objective does not need them.
    assert goal_on(Request(target=0.5, objective="latency", latency_ms=(1.0, 2.0, 3.0)), wrong).latency_ms == (1, 2, 3)
    assert goal_on(Request(target=0.5), wrong).latency_ms == ()


def test_in_words():
    asked = Request(target=0.95, bounds={"macro_f1": 0.9}, max_drop=0.01, max_drop_greedy=0.02, budget=1.5)
    assert str(asked) == (
        "accuracy 0.95, macro_f1 0.9, a drop of at most 0.01 against the full network, "
        "a drop of at most 0.02 against the greedy shared threshold, mean depth 1.5"
    )
    assert Request(target=0.9, quality="macro_f1", objective="cost").axes == "macro f1 against mean cost"


def test_effort_at_target_ranks_any_feasible_policy_before_any_other():
    goal = goal_on(Request(target=0.8), SEARCH)
    exits = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 0, 0]])
    outcome = PopulationOutcome(exits, {"accuracy": np.array([0.9, 0.8, 0.79, 0.1])}, SEARCH.cost)
    judged = goal.assess(outcome)
    assert goal.objective_at_target(judged, SEARCH.cost).tolist() == pytest.approx([3.0, 2.0, 3.01, 3.7])
    within = goal_on(Request(budget=2.0), SEARCH)
    judged = within.assess(outcome)
    assert within.objective_at_target(judged, SEARCH.cost).tolist() == pytest.approx([1.5, 0.2, 0.21, 0.9])
    assert np.argmin(within.objective_at_target(judged, SEARCH.cost)) == within.best(judged)


LABELS = make_label_table(300, parents_of=3, seed=1)
OF_LABELS = {"exact_match": 0.02, "hamming": 0.01, "label_macro_f1": 0.05}


def test_several_drops_become_limits_of_their_qualities():
    asked = Request(max_drop=OF_LABELS, quality="exact_match")
    assert [(drop.quality, drop.limit) for drop in asked.full_drops] == list(OF_LABELS.items())
    assert len(asked.drops) == 3
    goal = asked.goal_without_drops(LABELS)
    for drop in asked.full_drops:
        goal = goal.with_limit(drop.quality, drop.worst(0.3))
    assert (goal.target, goal.bounds) == (pytest.approx(0.28), {"hamming": 0.31, "label_macro_f1": 0.25})
    told = str(asked)
    assert "a drop of exact_match of at most 0.02 against the full network" in told
    assert "a drop of hamming of at most 0.01 against the full network" in told


def test_of_several_drops_those_that_can_be_are_claimed_and_the_others_are_the_rest():
    asked = Request(max_drop=OF_LABELS, quality="exact_match", bounds={"label_micro_f1": 0.8, "hamming": 0.1})
    claim = asked.claim
    assert claim.max_drop == {"exact_match": 0.02, "hamming": 0.01}
    assert (claim.quality, claim.target) == ("exact_match", None)
    assert claim.bounds == {"label_micro_f1": 0.8, "hamming": 0.1}
    assert asked.rest.max_drop == {"label_macro_f1": 0.05}
    assert asked.rest.bounds == {}
    tighter = replace(claim, max_drop={"exact_match": 0.01, "hamming": 0.005}, bounds={**claim.bounds, "hamming": 0.09})
    found = asked.with_claim(tighter)
    assert found.max_drop == {"exact_match": 0.01, "hamming": 0.005, "label_macro_f1": 0.05}
    assert found.bounds == {"label_micro_f1": 0.8, "hamming": 0.09}


def test_a_bare_drop_is_of_the_quality_and_a_mapping_of_one_is_the_same_goal():
    bare, named = (
        Request(max_drop=0.02, quality="exact_match"),
        Request(max_drop={"exact_match": 0.02}, quality="exact_match"),
    )
    assert bare.full_drops == named.full_drops
    assert bare.claim.statements == named.claim.statements
    assert Request(max_drop=0.0).claim.max_drop == 0.0
    assert Request(max_drop={"accuracy": 0.01}).claim.max_drop == {"accuracy": 0.01}


def test_drops_say_what_kind_of_answers_they_are_of():
    assert Request(max_drop={"hamming": 0.01}).quality == "exact_match"
    assert Request(max_relative_drop={"image_f1": 0.1}).quality == "image_f1"
    assert Request(max_drop={"macro_f1": 0.01}).quality == "accuracy"
    assert Request(max_drop={"jaccard": 0.01}, quality="label_macro_f1").quality == "label_macro_f1"


def test_a_drop_of_a_ratio_alone_cannot_be_claimed():
    asked = Request(max_drop={"label_micro_f1": 0.01}, quality="exact_match")
    assert asked.claim is None
    assert asked.rest.max_drop == {"label_micro_f1": 0.01}


@pytest.mark.parametrize("power", [0, 1, 1.2, "often"])
def test_a_power_is_a_probability(power):
    with pytest.raises(RequestError, match=r"^power must be (above 0 and below 1|a number) but"):
        Request(target=0.9, power=power)


def test_a_power_is_kept_by_the_search_target_and_by_what_is_estimated():
    asked = Request(target=0.9, power=0.9, quality="macro_f1", bounds={"accuracy": 0.8})
    assert asked.with_claim(asked.claim).power == asked.rest.power == 0.9
    assert Request(target=0.9).power == 0.8
