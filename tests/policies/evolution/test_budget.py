import math

import pytest

from policies.evolution.budget import Budget


def test_evaluations_are_counted_up_to_the_limit():
    budget = Budget(evaluations=100)
    budget.spend(60)
    assert budget.left() == 40
    assert budget.allows(40)
    assert not budget.allows(41)
    budget.spend(40)
    assert budget.left() == 0
    assert not budget.allows()


def test_a_part_of_the_budget_is_used_up_earlier():
    budget = Budget(evaluations=100)
    budget.spend(20)
    assert budget.left(part=0.25) == 5
    assert budget.allows(5, part=0.25)
    assert not budget.allows(6, part=0.25)
    budget.spend(10)
    assert budget.left(part=0.25) == 0
    assert not budget.allows(part=0.25)
    assert budget.allows()


def test_the_clock_ends_it_too(monkeypatch):
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    budget = Budget(seconds=10, _started=now)
    assert budget.allows(10**9)
    now = 1004.0
    assert budget.seconds_left() == pytest.approx(6)
    assert budget.allows()
    assert not budget.allows(part=0.25)
    now = 1010.0
    assert not budget.allows()
    now = 1020.0
    assert budget.seconds_left() == 0


def test_without_limits_everything_is_allowed():
    budget = Budget()
    budget.spend(10**12)
    assert budget.allows(10**12)
    assert budget.seconds_left() == math.inf
