from dataclasses import replace

import numpy as np
import pytest

from policies.errors import ExitSearchError
from policies.metrics.exits import exit_figures
from policies.metrics.policy import policy_figures
from policies.policy import Policy
from policies.tables.latency import checked_latency, stated_latency, with_latency
from tests.tables import make_table


def stating(times):
    return replace(make_table(50, 3), meta={"latency_ms": times})


def test_times_that_are_stated_reach_the_figures():
    table = stating([1, 2.5, 4])
    decision = Policy("confidence", ((0.8,), (0.8,)), (1.0, 1.0, 1.0)).decide(table)
    np.testing.assert_array_equal(stated_latency(table), [1.0, 2.5, 4.0])
    assert policy_figures(table, decision)["mean_latency_ms"] == np.array([1, 2.5, 4])[decision.exits].mean()
    assert [one["latency_ms"] for one in exit_figures(table, np.ones(3))] == [1.0, 2.5, 4.0]


def test_nothing_is_said_where_nothing_was_measured():
    table = make_table(50, 3)
    decision = Policy("confidence", ((0.8,), (0.8,)), (1.0, 1.0, 1.0)).decide(table)
    assert stated_latency(table) is None
    assert "mean_latency_ms" not in policy_figures(table, decision)
    assert "latency_ms" not in exit_figures(table, np.ones(3))[0]


@pytest.mark.parametrize(
    "times", [[1, 2], [1, 1, 2], [0, 1, 2], [3, 2, 4], [1, 2, float("nan")], "fast", [1, "x", 3], {}, [1, 2, 10**400]]
)
def test_times_that_cannot_be_are_refused_where_they_are_needed(times):
    with pytest.raises(ExitSearchError, match="latency_ms must be 3 increasing positive times, one per exit, but is"):
        checked_latency(times, 3)
    assert stated_latency(stating(times)) is None


def test_times_can_be_given_to_a_table():
    table = with_latency(stating([1, 2, 3]), np.array([2.0, 3.0, 5.0]))
    np.testing.assert_array_equal(stated_latency(table), [2.0, 3.0, 5.0])
