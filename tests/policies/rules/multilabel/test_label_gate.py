"""The learned gate: what it learns from, and that it orders samples by it."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import PolicyError
from policies.levels.seen import Seen
from policies.pooling.answering import Answering
from policies.pooling.poolings import get_pooling
from policies.rules import get_rule
from policies.rules.crossfit import fit_and_view
from policies.rules.multilabel.harmless import costs_parent_nothing
from policies.rules.multilabel.label_features import label_features
from tests.multilabel_tables import awkward_label_tables, make_label_table


RULE = get_rule("label-gate")
POOLINGS = ["mean", "max", "top-2", "p75", "noisy-or"]


@settings(max_examples=80, deadline=None)
@given(table=awkward_label_tables(parents=True, max_samples=12), pooling=st.sampled_from(POOLINGS), data=st.data())
@pytest.mark.parametrize("together", [False, True])
def test_what_costs_a_parent_nothing_equals_a_loop_over_its_samples(table, pooling, together, data):
    thresholds = data.draw(st.none() | st.just((0.3, 0.5, 0.6, 0.4)[: table.n_classes]))
    table = table.answered(Answering(pooling=pooling, parent_labels="any", label_thresholds=thresholds))
    names = np.unique(table.parents)
    chosen = data.draw(st.lists(st.sampled_from(names.tolist()), min_size=1, unique=True))
    rows = np.flatnonzero(np.isin(table.parents, chosen))
    p = table.probabilities(np.ones(table.n_exits))
    found = costs_parent_nothing(table, p[rows], rows, together=together)
    at, pool = table.label_thresholds[0], get_pooling(pooling)
    for place, row in enumerate(rows):
        own = np.flatnonzero(table.parents == table.parents[row])
        own = own[np.argsort(table.order[own])]
        truth = table.labels[own].any(axis=0)
        full = p[own, -1]
        for k in range(table.n_exits - 1):
            mixed = full.copy()
            mixed[... if together else own.tolist().index(row)] = p[own if together else row, k]
            wrong, wrong_of_full = [((pool.of(one) >= at) != truth).sum() for one in (mixed, full)]
            assert found[place, k] == (wrong <= wrong_of_full)


def test_what_parents_lose_cannot_be_learnt_where_samples_answer_for_themselves():
    table = make_label_table(20, 2, 3)
    with pytest.raises(PolicyError, match="or .together. learns what parents lose but each sample answers for itself"):
        RULE.fit(table, np.ones(2), score="parent")


def test_choices_are_of_parents_where_their_samples_leave_by_themselves():
    table = make_label_table(20, 2, 3, parents_of=5)
    assert RULE.choices(table) == {"score": ("gain", "right")}
    for level, scores in (
        ("sample", ("gain", "together", "parent")),
        ("reading", ("gain", "together", "parent")),
        ("parent", ("gain", "right")),
    ):
        assert RULE.choices(table.answered(Answering(level=level, pooling="mean"))) == {"score": scores}


@pytest.mark.parametrize("level", ["sample", "parent"])
def test_every_choice_can_be_learnt_at_every_level(level):
    table = make_label_table(60, 2, 3, parents_of=3).answered(Answering(level=level, pooling="mean"))
    seen = Seen.of(table, np.ones(2))
    for score in RULE.choices(table)["score"]:
        params, view = fit_and_view(RULE, seen.table, seen.temperatures, {"score": score})
        RULE.parse(params)
        assert len(view.scores) == seen.table.n_samples


def test_features_are_finite_and_tell_of_the_exit_before():
    p, before = np.array([[0.9, 0.2], [1.0, 0.0]]), np.array([[0.6, 0.7], [1.0, 0.0]])
    t = np.full((2, 2), 0.5)
    first, later = label_features(p, t, None), label_features(p, t, before)
    assert np.isfinite(first).all()
    assert np.isfinite(later).all()
    assert first.shape[1] < later.shape[1]
    np.testing.assert_allclose(first[0, :4], [0.85, 0.8, np.log(0.9 * 0.8), 0.3])
    np.testing.assert_allclose(first[0, 4:8], [0.3, 0.4, 1, 1])
    np.testing.assert_allclose(later[0, 8:11], [0.5, 0.4, 0])
    np.testing.assert_allclose(later[1, 8:11], [0, 0, 1])
    many = np.full((2, 21), 0.3)
    assert label_features(many, np.full((2, 21), 0.5), many).shape == (2, 12)


@pytest.mark.parametrize("score", ["gain", "right"])
def test_scores_order_new_samples_by_what_they_were_learnt_on(score):
    table, new = make_label_table(600, 3, 4, seed=1), make_label_table(600, 3, 4, seed=2)
    view = RULE.view(new, np.ones(3), score=score, **RULE.fit(table, np.ones(3), score=score))
    wrong = (view.answers != new.labels[:, None]).sum(axis=2)
    for k in range(2):
        harmless = wrong[:, k] <= (wrong[:, -1] if score == "gain" else 0)
        scores = view.scores[:, k, 0]
        assert scores[harmless].mean() > scores[~harmless].mean() + 0.1
        assert scores.mean() == pytest.approx(harmless.mean(), abs=0.06)


def test_the_number_of_models_is_that_of_the_early_exits():
    table = make_label_table(20, 3, 3)
    with pytest.raises(PolicyError, match="rule 'label-gate' needs 2 'models' but has 0"):
        RULE.view(table, np.ones(3), models=[])
    params = RULE.fit(make_label_table(40, 3, 4), np.ones(3))
    with pytest.raises(PolicyError, match="a model has .* weights but the table gives .* features"):
        RULE.view(table, np.ones(3), **params)


def test_nothing_is_learnt_from_the_parents_that_are_judged():
    table = make_label_table(120, 2, 3, parents_of=2).answered(Answering(pooling="mean"))
    everyone, p = np.arange(120), table.probabilities(np.ones(2))
    matters = np.flatnonzero(~costs_parent_nothing(table, p, everyone)[:, 0])[0]
    own = np.flatnonzero(table.parents == table.parents[matters])
    labels = table.labels.copy()
    labels[own] = 1 - labels[own]
    views = []
    for one in (table, replace(table, labels=labels)):
        seen = Seen.of(one, np.ones(2))
        views.append(fit_and_view(RULE, seen.table, seen.temperatures, {"score": "parent"})[1])
    before, after = views
    np.testing.assert_array_equal(before.scores[own], after.scores[own])
    assert not np.array_equal(before.scores, after.scores)
