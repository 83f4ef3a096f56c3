"""Drops and their bound over folds, against the project's qualities and a loop."""

import numpy as np
import pytest

from policies.judging.judged import Judged
from policies.levels.seen import Seen
from policies.multilabel_notes.choices import as_in_the_notes
from policies.multilabel_notes.drops import LIMITS, DropJudge
from policies.multilabel_notes.kernels import first_open_exits
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.qualities import get_quality
from policies.rules import get_rule
from tests.multilabel_tables import make_label_table


ONES = np.ones(3)
RULE = get_rule("label-margin")


def judge_and_view(table):
    seen = Seen.of(table, ONES)
    view = seen.lift(RULE.view(seen.table, ONES))
    return DropJudge.of(table, view), view


def losses(view, truth, exits):
    """How much worse than the full network, in the order of the limits; shape (P, 4)."""
    judged, full = Judged(view, truth), np.full((1, exits.shape[1]), 2)
    signs = [1 if get_quality(name).is_maximised else -1 for name in LIMITS]
    found = [judged.values(get_quality(name), np.concatenate([full, exits])) for name in LIMITS]
    return np.column_stack([sign * (own[0] - own[1:]) for sign, own in zip(signs, found, strict=True)])


@pytest.mark.parametrize("pooled", [False, True])
def test_drops_equal_those_of_the_qualities(pooled):
    table = make_label_table(203, 3, 4, parents_of=5, seed=3)
    table = table.answered(Answering(pooling="mean")) if pooled else table
    exits = np.random.default_rng(0).integers(0, 3, (6, 203))
    judge, view = judge_and_view(table)
    found = judge.drops(exits)
    np.testing.assert_allclose(found.seen, losses(view, table.truth, exits), atol=1e-12)
    np.testing.assert_allclose(found.saved, 1 - table.cost[exits].mean(axis=1))


def test_the_bound_is_the_mean_over_folds_and_1_645_standard_errors_or_what_was_seen():
    table = make_label_table(500, 3, 4, parents_of=5, seed=4).answered(Answering(pooling="mean"))
    exits = np.random.default_rng(1).integers(0, 3, (4, 500))
    judge, view = judge_and_view(table)
    found = judge.drops(exits)
    of_unit = np.repeat(judge.folds, np.diff(judge.starts))
    folds = []
    for fold in range(5):
        rows = np.sort(judge.rows[of_unit == fold])
        assert len(np.unique(table.parents[rows])) == 20
        folds.append(losses(view.take(rows), table.truth.take(rows), exits[:, rows]))
    bound = np.mean(folds, axis=0) + 1.645 * np.std(folds, axis=0, ddof=1) / np.sqrt(5)
    np.testing.assert_allclose(found.bounded, np.maximum(found.seen, bound), atol=1e-12)


def test_usage_is_the_largest_part_of_a_limit():
    table = make_label_table(500, 3, 4, parents_of=5, seed=4).answered(Answering(pooling="mean"))
    drops = judge_and_view(table)[0].drops(np.random.default_rng(1).integers(1, 3, (3, 500)))
    for is_bounded, own in ((False, drops.seen), (True, drops.bounded)):
        macro, micro, exact, hamming = own.T
        expected = np.max([macro / 0.010, micro / 0.005, exact / 0.010, hamming / 0.002], axis=0)
        np.testing.assert_allclose(drops.usage(is_bounded=is_bounded), expected)


def test_the_full_network_loses_and_saves_nothing():
    drops = judge_and_view(make_label_table(30, 3, 4))[0].drops(np.full((1, 30), 2))
    assert drops.saved.tolist() == [0.0]
    assert drops.usage(is_bounded=True).tolist() == [0.0]


def test_one_parent_is_one_fold():
    table = make_label_table(5, 3, 4, parents_of=5).answered(Answering(pooling="mean"))
    drops = judge_and_view(table)[0].drops(np.zeros((1, 5), dtype=np.int64))
    np.testing.assert_array_equal(drops.bounded, drops.seen)


def test_exits_of_many_policies_are_those_of_each():
    table = make_label_table(60, 3, 4)
    view = get_rule("notes-gate").view(table, ONES, risks=[[], []])
    rng = np.random.default_rng(5)
    thresholds = np.concatenate(
        [rng.uniform(0.5, 0.7, (8, 2, 1)), np.full((8, 2, 2), -1.0), np.zeros((8, 2, 4))], axis=2
    )
    thresholds[rng.random((8, 2)) < 0.3] = np.inf
    found = first_open_exits(view.scores, view.eligible, thresholds)
    assert len(np.unique(found)) == 3
    for own, exits in zip(thresholds, found, strict=True):
        policy = Policy("notes-gate", own.tolist(), (1.0,) * 3, {"risks": [[], []]})
        np.testing.assert_array_equal(policy.decide(table).exits, exits)


def test_answers_are_pooled_by_the_mean_and_given_at_half():
    given = Answering(level="parent", pooling="max", label_thresholds=(0.3,) * 4, parent_labels="any")
    table = make_label_table(30, 3, 4, parents_of=5).answered(given)
    assert as_in_the_notes(table).answering == Answering(pooling="mean", parent_labels="any")
    assert as_in_the_notes(make_label_table(30, 3, 4)).answering == Answering()
