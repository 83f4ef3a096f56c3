from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from policies.baselines.grid_policies import (
    conformal_grid,
    dual_threshold_grid,
    dual_threshold_sweep,
    evidence_grid,
    greedy_grid,
)
from policies.baselines.published_grids import GridPoint, choose_by_latency, choose_by_score, published_choices
from policies.metrics.classification import macro_f1
from policies.policy import Policy
from tests.policies.searching import with_stop_probabilities
from tests.tables import make_table


TEMPERATURES = np.array([1.5, 1.2, 1.0])


def point(name, f1, accuracy, depth):
    return GridPoint(Policy("confidence", (name,), (1.0, 1.0)), f1, accuracy, depth)


# Scores: 0.90 + 0.092 - 0.16 = 0.832; 0.84 + 0.086 - 0.08 = 0.846; 0.87 + 0.090 - 0.12 = 0.840.
DEEP, BOLD, MIDDLE = point(0.9, 0.90, 0.92, 2.0), point(0.1, 0.84, 0.86, 1.0), point(0.5, 0.87, 0.90, 1.5)
# 0.86 + 0.088 - 0.128 = 0.820.
GREEDY = point(0.7, 0.86, 0.88, 1.6)


def test_score_is_the_documents():
    assert [p.score for p in (DEEP, BOLD, MIDDLE, GREEDY)] == pytest.approx([0.832, 0.846, 0.840, 0.820])


@pytest.mark.parametrize(
    ("limits", "chosen", "is_fallback"),
    [
        ({}, BOLD, False),
        ({"greedy": GREEDY}, BOLD, False),
        ({"greedy": GREEDY, "max_drop": 0.0}, MIDDLE, False),
        ({"greedy": GREEDY, "max_drop": 0.01}, MIDDLE, False),
        ({"greedy": GREEDY, "max_drop": 0.03}, BOLD, False),
        ({"greedy": GREEDY, "max_drop": 0.0, "least_saving": 0.05}, MIDDLE, False),
        ({"greedy": GREEDY, "max_drop": 0.0, "least_saving": 0.2}, BOLD, True),
        ({"greedy": GREEDY, "least_saving": 0.7}, BOLD, True),
    ],
)
def test_choice_keeps_to_the_limits_against_greedy_or_says_that_it_fell_back(limits, chosen, is_fallback):
    choice = choose_by_score([DEEP, BOLD, MIDDLE], **limits)
    assert choice.point is chosen
    assert choice.is_fallback is is_fallback


def test_a_policy_as_deep_as_greedy_saves_nothing():
    as_deep = point(0.2, 0.95, 0.95, 1.6)
    assert choose_by_score([as_deep], greedy=GREEDY).is_fallback


def test_of_equal_scores_the_first_is_taken():
    assert choose_by_score([MIDDLE, point(0.6, 0.87, 0.90, 1.5)]).point is MIDDLE


def timed(f1, latency):
    return GridPoint(Policy("confidence", (0.5, 0.5), (1.0, 1.0, 1.0)), f1, f1, 1.5, latency)


def test_strategy_under_a_budget_takes_the_best_f1_that_keeps_to_it():
    slow, edge, quick = timed(0.95, 4.01), timed(0.9, 4.0), timed(0.8, 1.0)
    assert choose_by_latency([slow, quick, edge]).point is edge
    assert not choose_by_latency([slow, edge]).is_fallback
    assert choose_by_latency([slow, quick, edge], budget_ms=0.5).point is slow
    assert choose_by_latency([slow], budget_ms=0.5).is_fallback


def test_strategy_under_a_budget_is_one_of_the_choices_where_times_were_measured():
    table = replace(make_table(400, 3), meta={"latency_ms": [1.0, 5.0, 9.0]})
    chosen = published_choices(table, TEMPERATURES)["grid_f1_under_budget"]
    decision = chosen.point.policy.decide(table)
    latency = np.array([1.0, 5.0, 9.0])[decision.exits].mean()
    assert chosen.point.mean_latency_ms == latency
    assert latency <= 4.0
    assert not chosen.is_fallback
    f1s = []
    for policy in chain.from_iterable(
        grid(table, TEMPERATURES) for grid in (greedy_grid, conformal_grid, evidence_grid)
    ):
        other = policy.decide(table)
        if np.array([1.0, 5.0, 9.0])[other.exits].mean() <= 4.0:
            f1s.append(macro_f1(other.answers, table.labels))
    assert chosen.point.macro_f1 == max(f1s)
    assert "grid_f1_under_budget" not in published_choices(make_table(40, 3), TEMPERATURES)


@pytest.mark.parametrize("has_stop", [False, True])
def test_choices_are_the_best_of_their_grids(has_stop):
    table = make_table(150, 3, seed=5)
    table = with_stop_probabilities(table) if has_stop else table
    choices = published_choices(table, TEMPERATURES)
    names = {"grid_greedy", "grid_conformal", "grid_evidence"}
    assert choices.keys() == names | ({"grid_dual_threshold", "grid_dual_threshold_fixed"} if has_stop else set())
    grids = {
        "grid_greedy": greedy_grid,
        "grid_conformal": conformal_grid,
        "grid_evidence": evidence_grid,
        "grid_dual_threshold": dual_threshold_grid,
        "grid_dual_threshold_fixed": dual_threshold_sweep,
    }
    greedy_depth = choices["grid_greedy"].point.mean_depth
    for name, choice in choices.items():
        measured = [measured_by_hand(table, policy) for policy in grids[name](table, TEMPERATURES)]
        allowed = [m for m in measured if name == "grid_greedy" or m[1] < greedy_depth]
        assert choice.is_fallback == (not allowed)
        assert choice.point.score == pytest.approx(max(score for score, _ in allowed or measured))


def measured_by_hand(table, policy):
    decision = policy.decide(table)
    accuracy, depth = np.mean(decision.answers == table.labels), np.mean(decision.exits) + 1
    return macro_f1(decision.answers, table.labels) + 0.10 * accuracy - 0.08 * depth, depth
