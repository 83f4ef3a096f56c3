"""Recordings heard segment by segment, against a recount with plain loops."""

from dataclasses import replace
import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import ExitTableError
from policies.policy import Policy
from policies.recordings.pooling import Recordings
from tests.tables import make_table


SEGMENT, HOP = 1.0, 0.5
POLICY = Policy("confidence", (0.8, 0.7), (1.0, 1.0, 1.0))


def recordings_table(lengths, *, seed=0, n_classes=3):
    """Segments of recordings of these lengths, in no order, each recording of one class; silent ones are missing."""
    table = make_table(sum(lengths), n_classes=n_classes, seed=seed)
    rng = np.random.default_rng(seed)
    names, numbers, labels = [], [], []
    for number, length in enumerate(lengths):
        names += [f"site#{number}/night {number % 3}.wav-{number}"] * length
        numbers += sorted(rng.choice(length + 3, size=length, replace=False).tolist())
        labels += [int(rng.integers(n_classes))] * length
    ids = np.array([f"{name}#{segment:03d}" for name, segment in zip(names, numbers, strict=True)])
    # What the network knew of the old class it knows of the new one.
    columns = (np.arange(n_classes) - (np.array(labels) - table.labels)[:, None]) % n_classes
    logits = np.take_along_axis(table.logits, columns[:, None, :], axis=2)
    return replace(table, logits=logits, ids=ids, labels=np.array(labels)).take(rng.permutation(len(ids)))


def pooled(table, policy=POLICY):
    return Recordings.pooled(table, policy.decide(table), segment_seconds=SEGMENT, hop_seconds=HOP)


def recounted(table, threshold, policy=POLICY):
    """The same figures, recording by recording."""
    decision = policy.decide(table)
    heard = {}
    for row in sorted(range(table.n_samples), key=lambda i: int(table.ids[i].rpartition("#")[2])):
        name = table.ids[row].rpartition("#")[0]
        one = heard.setdefault(name, {"sum": 0.0, "n": 0, "depth": 0, "cost": 0.0, "stopped": False})
        if one["stopped"]:
            continue
        one["sum"] = one["sum"] + np.log(decision.probabilities[row])
        one["n"] += 1
        one["depth"] += decision.exits[row] + 1
        one["cost"] += table.cost[decision.exits[row]]
        one["seconds"] = int(table.ids[row].rpartition("#")[2]) * HOP + SEGMENT
        shares = np.exp(one["sum"]) / np.exp(one["sum"]).sum()
        one["right"] = shares.argmax() == table.labels[row]
        one["stopped"] = shares.max() >= threshold
    rows = list(heard.values())
    return {
        "accuracy": np.mean([one["right"] for one in rows]),
        "mean_seconds": np.mean([one["seconds"] for one in rows]),
        "mean_segments": np.mean([one["n"] for one in rows]),
        "mean_depth": sum(one["depth"] for one in rows) / sum(one["n"] for one in rows),
        "mean_cost": np.mean([one["cost"] for one in rows]),
        "n_recordings": len(rows),
    }


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=8),
    threshold=st.sampled_from([0.0, 0.5, 0.9, 0.999, math.inf]),
    seed=st.integers(0, 50),
)
def test_figures_are_those_of_hearing_one_segment_after_the_other(lengths, threshold, seed):
    table = recordings_table(lengths, seed=seed)
    found = pooled(table).figures(threshold)
    expected = recounted(table, threshold)
    assert {key: found[key] for key in expected} == pytest.approx(expected)


def test_least_threshold_is_the_best_of_all():
    recordings = pooled(recordings_table([5] * 40, seed=3))
    levels = [*np.unique(recordings.confidence), math.inf]
    for target in (0.6, 0.8, recordings.figures()["accuracy"]):
        met = [found["mean_seconds"] for level in levels if (found := recordings.figures(level))["accuracy"] >= target]
        chosen = recordings.figures(recordings.least_threshold(target))
        assert chosen["accuracy"] >= target
        assert chosen["mean_seconds"] == min(met)
    assert recordings.least_threshold(1.01) == math.inf


def test_many_levels_are_thinned():
    recordings = pooled(recordings_table([6] * 300, seed=1))
    target = recordings.figures()["accuracy"] - 0.02
    chosen = recordings.figures(recordings.least_threshold(target))
    assert chosen["accuracy"] >= target
    assert chosen["mean_seconds"] < recordings.figures()["mean_seconds"]


def test_several_segments_know_more_than_one():
    recordings = pooled(recordings_table([6] * 200, seed=2))
    assert recordings.figures()["accuracy"] > recordings.figures(0.0)["accuracy"] + 0.03
    assert recordings.figures(0.0)["mean_segments"] == 1.0


def test_ids_that_tell_no_segments_and_mixed_labels_are_refused():
    table = recordings_table([3, 2])
    with pytest.raises(ExitTableError, match="ids must be <recording>#<number> .* but one is 's0'"):
        pooled(make_table(5))
    mixed = replace(table, labels=np.arange(5) % 3)
    with pytest.raises(ExitTableError, match="segments of one recording must have one label"):
        pooled(mixed)
