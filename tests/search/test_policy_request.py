from pathlib import Path

import numpy as np
import pytest

from policies.bounds import certifiable_accuracy
from policies.errors import ExitSearchError
from search.policy_request import PolicyRequest
from tests.tables import make_table


SEARCH, CERTIFY = make_table(400, prefix="s"), make_table(300, seed=1, prefix="c")
FULL = float((SEARCH.logits[:, -1].argmax(axis=1) == SEARCH.labels).mean())


def request(**options):
    return PolicyRequest(Path("search.npz"), **options)


def test_drops_become_targets_on_the_search_table():
    assert request(max_drop=0.02).goal(SEARCH).target == pytest.approx(FULL - 0.02)
    assert request(max_drop=0.02, target=0.99).goal(SEARCH).target == 0.99
    first = float((SEARCH.logits[:, 0].argmax(axis=1) == SEARCH.labels).mean())
    assert request(max_drop_greedy=0.01).goal(SEARCH).target == pytest.approx(first - 0.01)
    assert request(max_drop_greedy=0.01, target=0.99).goal(SEARCH).target == 0.99


def test_for_another_quality_drops_become_bounds():
    goal = request(quality="macro_f1", target=0.7, max_drop=0.02).goal(SEARCH)
    assert goal.target == 0.7
    assert goal.bounds["accuracy"] == pytest.approx(FULL - 0.02)


def test_the_aim_has_the_margin_of_a_certificate():
    asked = request(target=0.8, certify=Path("certify.npz"))
    aim = asked.aim(asked.goal(SEARCH), SEARCH, CERTIFY)
    assert aim.target == pytest.approx(certifiable_accuracy(300, target=0.8, delta=0.05))
    assert request(target=0.8).aim(request(target=0.8).goal(SEARCH), SEARCH, None).target == 0.8


def test_a_drop_is_aimed_at_more_tightly_than_allowed():
    asked = request(max_drop=0.05, certify=Path("certify.npz"))
    goal = asked.goal(SEARCH)
    assert goal.target < asked.aim(goal, SEARCH, CERTIFY).target < FULL


def test_groups_need_a_larger_margin():
    grouped = make_table(300, seed=1, prefix="c", groups=np.array([f"g{i // 3}" for i in range(300)]))
    asked = request(target=0.7, certify=Path("certify.npz"))
    goal = asked.goal(SEARCH)
    assert asked.aim(goal, SEARCH, grouped).target > asked.aim(goal, SEARCH, CERTIFY).target


def test_a_floor_of_the_classes_is_claimed():
    asked = request(target=0.8, bounds={"worst_class_recall": 0.6}, certify=Path("certify.npz"))
    assert asked.claim().class_floor == 0.6
    assert asked.aim(asked.goal(SEARCH), SEARCH, CERTIFY).bounds["worst_class_recall"] > 0.6


def test_latency_can_be_stated_by_the_table():
    timed = type(SEARCH)(SEARCH.logits, SEARCH.labels, SEARCH.cost, SEARCH.ids, meta={"latency_ms": [1, 2, 4]})
    assert request(target=0.5, objective="latency").goal(timed).latency_ms == (1.0, 2.0, 4.0)
    wrong = type(SEARCH)(SEARCH.logits, SEARCH.labels, SEARCH.cost, SEARCH.ids, meta={"latency_ms": "fast"})
    with pytest.raises(
        ExitSearchError, match="latency_ms must be 3 increasing positive times, one per exit, but is 'fast'"
    ):
        request(target=0.5, objective="latency").goal(wrong)
    # What is typed goes before, and another objective does not need them.
    assert request(target=0.5, objective="latency", latency_ms=(1.0, 2.0, 3.0)).goal(wrong).latency_ms == (1, 2, 3)
    assert request(target=0.5).goal(wrong).latency_ms == ()
