"""Rules whose scores are plain formulas, against those formulas."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.pooling.answering import Answering
from policies.rules import Combine, get_rule
from policies.tables.multilabel import MultiLabelTable
from tests.multilabel_tables import awkward_label_tables, make_label_table
from tests.policies.rules.multilabel.reference import (
    TEMPERATURES,
    answered,
    confidences,
    label_probabilities,
    margins,
)


CLOSE = {"rtol": 0, "atol": 1e-12}


def mean(values):
    return sum(values) / len(values)


SCORES = {
    "mean-label-confidence": lambda p, t: mean(confidences(p)),
    "least-label-confidence": lambda p, t: min(confidences(p)),
    "label-margin": lambda p, t: min(margins(p, t)),
}


@st.composite
def tables_with_thresholds(draw):
    table = draw(awkward_label_tables())
    grid = st.sampled_from([0.2, 0.5, 0.7])
    given_ones = draw(st.none() | st.tuples(*[grid] * table.n_classes))
    return table.answered(Answering(label_thresholds=given_ones))


def viewed(name, table, **params):
    return get_rule(name).view(table, np.array(TEMPERATURES[: table.n_exits]), **params)


def seen(table):
    """For each sample its thresholds, and for each exit its probabilities."""
    return zip(table.label_thresholds.tolist(), label_probabilities(table, TEMPERATURES[: table.n_exits]), strict=True)


@settings(max_examples=60, deadline=None)
@given(table=tables_with_thresholds())
@pytest.mark.parametrize("name", SCORES)
def test_scores_of_an_exit_equal_their_formulas(name, table):
    view = viewed(name, table)
    for i, (thresholds, exits) in enumerate(seen(table)):
        expected = [SCORES[name](p, thresholds) for p in exits]
        np.testing.assert_allclose(view.scores[i, :, 0], expected, **CLOSE)
        np.testing.assert_allclose(view.probabilities[i], exits, **CLOSE)


@settings(max_examples=60, deadline=None)
@given(table=tables_with_thresholds())
def test_margins_have_a_column_a_label_all_of_which_must_be_reached(table):
    view = viewed("label-margins", table)
    assert view.combine is Combine.ALL
    for i, (thresholds, exits) in enumerate(seen(table)):
        np.testing.assert_allclose(view.scores[i], [margins(p, thresholds) for p in exits], **CLOSE)


@settings(max_examples=60, deadline=None)
@given(table=tables_with_thresholds())
def test_move_is_the_largest_change_and_nobody_leaves_at_the_first_exit(table):
    view = viewed("label-move", table)
    for i, (_, exits) in enumerate(seen(table)):
        assert view.scores[i, 0, 0] == -np.inf
        moves = [-max(abs(a - b) for a, b in zip(now, before, strict=True)) for before, now in pairwise(exits)]
        np.testing.assert_allclose(view.scores[i, 1:, 0], moves, **CLOSE)


@settings(max_examples=60, deadline=None)
@given(table=tables_with_thresholds(), score=st.sampled_from(["margin", "confidence"]))
def test_agreement_lets_those_leave_whose_set_is_that_of_the_exit_before(table, score):
    view = viewed("label-agreement", table, score=score)
    own = SCORES["label-margin" if score == "margin" else "mean-label-confidence"]
    for i, (thresholds, exits) in enumerate(seen(table)):
        # By the view's own probabilities: whether one is at a threshold is a matter of rounding.
        sets = [answered(p, thresholds) for p in view.probabilities[i].tolist()]
        assert view.eligible[i].tolist() == [k > 0 and sets[k] == sets[k - 1] for k in range(table.n_exits)]
        np.testing.assert_allclose(view.scores[i, :, 0], [own(p, thresholds) for p in exits], **CLOSE)


@settings(max_examples=60, deadline=None)
@given(table=tables_with_thresholds())
def test_patience_is_the_run_of_equal_sets_and_then_sureness(table):
    view = viewed("label-patience", table)
    for i, (thresholds, exits) in enumerate(seen(table)):
        sets, run = [answered(p, thresholds) for p in view.probabilities[i].tolist()], 0
        for k, p in enumerate(exits):
            run = run + 1 if k and sets[k] == sets[k - 1] else 1
            assert view.scores[i, k, 0] == pytest.approx(run + min(confidences(p)) - 0.5, abs=1e-12)


def test_a_sure_first_exit_does_not_outrun_two_that_agree():
    logits = np.array([[[40.0, -40.0], [40.0, 40.0]], [[0.1, -0.1], [0.1, -0.1]]], dtype=np.float32)
    view = viewed("label-patience", small_table(logits))
    assert view.scores[0, 0, 0] == 1.5
    assert 2 < view.scores[1, 1, 0] < 2.1


def small_table(logits):
    n, n_exits, n_labels = logits.shape
    labels = np.zeros((n, n_labels), dtype=np.uint8)
    cost, ids = np.arange(1, n_exits + 1) / n_exits, np.arange(n).astype(str)
    return MultiLabelTable(cost=cost, ids=ids, logits=logits, labels=labels)


def test_label_thresholds_move_margins_and_answers_but_no_confidence():
    table = small_table(np.log(np.array([[[0.6, 0.3]]], dtype=np.float32) / np.float32([0.4, 0.7])))
    other = table.answered(Answering(label_thresholds=(0.7, 0.25)))
    one = np.ones(1)
    rule = get_rule("label-margin")
    assert rule.view(table, one).answers.tolist() == [[[True, False]]]
    assert rule.view(other, one).answers.tolist() == [[[False, True]]]
    assert rule.view(table, one).scores[0, 0, 0] == pytest.approx(0.1)
    assert rule.view(other, one).scores[0, 0, 0] == pytest.approx(0.05)
    for name in ("mean-label-confidence", "least-label-confidence"):
        np.testing.assert_array_equal(get_rule(name).view(table, one).scores, get_rule(name).view(other, one).scores)


def test_a_probability_at_its_threshold_is_answered():
    table = small_table(np.zeros((1, 1, 3), dtype=np.float32))
    assert viewed("label-margin", table).answers.all()
    assert viewed("label-margin", table).scores[0, 0, 0] == 0


def test_pooled_samples_are_scored_by_half_since_the_thresholds_are_those_of_parents():
    table = make_label_table(20, 2, 3, parents_of=5)
    pooled = table.answered(Answering(pooling="mean", label_thresholds=(0.1, 0.2, 0.3)))
    np.testing.assert_array_equal(viewed("label-margin", pooled).scores, viewed("label-margin", table).scores)
    kept = replace(pooled, answering=Answering(label_thresholds=(0.1, 0.2, 0.3)))
    assert not np.array_equal(viewed("label-margin", kept).scores, viewed("label-margin", table).scores)
