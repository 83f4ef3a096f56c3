"""Recordings heard until their answer is sure, against a recount with plain loops."""

from dataclasses import replace
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.goals.figures import quality_of
from policies.metrics.policy import spent_figures
from policies.policy import Policy
from policies.pooling.answering import Answering
from tests.recorded_tables import FACTS, recordings_table
from tests.tables import make_table


def heard_until(threshold, level="reading"):
    answering = Answering(level=level, pooling="evidence", read_until=threshold)
    return Policy("confidence", (0.8, 0.7), (1.0, 1.0, 1.0), answering=answering)


def recounted(table, threshold):
    """The same figures, recording by recording."""
    decision = replace(heard_until(math.inf), answering=Answering()).decide(table)
    heard = {}
    for row in sorted(range(table.n_samples), key=lambda i: int(table.ids[i].rpartition("#")[2])):
        name, _, number = table.ids[row].rpartition("#")
        one = heard.setdefault(name, {"sum": 0.0, "n": 0, "depth": 0, "cost": 0.0, "stopped": False})
        if one["stopped"]:
            continue
        one["sum"] = one["sum"] + np.log(decision.probabilities[row])
        one["n"] += 1
        one["depth"] += decision.exits[row] + 1
        one["cost"] += table.cost[decision.exits[row]]
        one["seconds"] = int(number) * FACTS["hop_seconds"] + FACTS["segment_seconds"]
        shares = np.exp(one["sum"]) / np.exp(one["sum"]).sum()
        one["right"] = shares.argmax() == table.labels[row]
        one["stopped"] = shares.max() >= threshold
    rows = list(heard.values())
    return {
        "accuracy": np.mean([one["right"] for one in rows]),
        "mean_seconds": np.mean([one["seconds"] for one in rows]),
        "mean_read": np.mean([one["n"] for one in rows]),
        "mean_depth": sum(one["depth"] for one in rows) / table.n_samples,
        "mean_cost": sum(one["cost"] for one in rows) / table.n_samples,
    }


def figures(table, policy):
    decision = policy.decide(table)
    return {"accuracy": quality_of("accuracy", table, decision), **spent_figures(table, decision)}


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=8),
    threshold=st.sampled_from([0.0, 0.5, 0.9, 0.999, math.inf]),
    seed=st.integers(0, 50),
)
def test_figures_are_those_of_hearing_one_segment_after_the_other(lengths, threshold, seed):
    table = recordings_table(lengths, seed=seed)
    found, expected = figures(table, heard_until(threshold)), recounted(table, threshold)
    assert {key: found[key] for key in expected} == pytest.approx(expected)


def test_several_segments_know_more_than_one():
    table = recordings_table([6] * 200, seed=2)
    first, whole = (figures(table, heard_until(threshold)) for threshold in (0.0, math.inf))
    assert whole["accuracy"] > first["accuracy"] + 0.03
    assert (first["mean_read"], whole["mean_read"]) == (1.0, 6.0)


def test_seconds_are_told_where_the_table_tells_how_long_samples_are():
    table = recordings_table([3, 2])
    parents = np.array([one.rpartition("#")[0] for one in table.ids])
    in_no_order = replace(table, ids=np.arange(5).astype(str), parents=parents)
    assert "mean_seconds" not in figures(in_no_order, heard_until(math.inf, "sample"))
    without = replace(table, meta={"segment_seconds": "1 s", "hop_seconds": 0.5})
    assert "mean_seconds" not in figures(without, heard_until(0.9))
    assert figures(without, heard_until(0.9))["mean_read"] == figures(table, heard_until(0.9))["mean_read"]


def test_samples_that_answer_for_themselves_read_nothing():
    assert "mean_read" not in spent_figures(
        make_table(20), Policy("confidence", (0.8, 0.7), (1, 1, 1)).decide(make_table(20))
    )


def test_all_is_read_where_samples_or_whole_parents_leave():
    table = recordings_table([4, 2])
    for level in ("sample", "parent"):
        assert figures(table, heard_until(math.inf, level))["mean_read"] == 3.0
