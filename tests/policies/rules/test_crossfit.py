"""Cross-fitting, watched by a rule that remembers whom it has learnt from."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest

from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.evolution.search import search_front
from policies.evolution.settings import EvolveSettings
from policies.goals.goal import Goal
from policies.pooling.answering import Answering
from policies.rules import RuleView, get_rule
from policies.rules.base import Rule, RuleParams
from policies.rules.crossfit import N_FOLDS, fit_and_view
from tests.tables import CLASSIFIER_RULES, make_table, with_stop_prob


class MemoryParams(RuleParams):
    bonus: float = 0.0
    ids: list[str]
    groups: list[str]


class MemoryRule(Rule):
    """Scores 1 where the sample was learnt from, 10 more where another of its group was, and the bonus."""

    name: ClassVar[str] = "memory"
    params_type: ClassVar[type[RuleParams]] = MemoryParams
    is_fitted: ClassVar[bool] = True

    def __init__(self):
        self.learnt = []

    def fit(self, table, temperatures, *, rows=None, **params):
        table = table if rows is None else table.take(rows)
        self.learnt.append(set(table.ids.tolist()))
        groups = [] if table.groups is None else sorted(set(table.groups.tolist()))
        return {"ids": table.ids.tolist(), "groups": groups}

    def view(self, table, temperatures, *, rows=None, ids, groups, bonus=0.0):
        """Unlike other rules it is told whom it sees."""
        table = table if rows is None else table.take(rows)
        scores = np.isin(table.ids, ids).astype(float) + bonus
        if table.groups is not None:
            scores += 10.0 * np.isin(table.groups, groups)
        probabilities = np.full(table.logits.shape, 1 / table.n_classes)
        return RuleView.of_one_score(np.repeat(scores[:, None], table.n_exits, axis=1), probabilities)

    def gate(self, temperatures, params):
        raise NotImplementedError


def grouped(n_groups, n_samples=60, seed=0):
    names = np.random.default_rng(seed).integers(0, n_groups, n_samples)
    return make_table(n_samples, groups=np.array([f"g{name}" for name in names]))


@pytest.mark.parametrize(
    "table",
    [make_table(60), make_table(2), make_table(7), grouped(30), grouped(6), grouped(2)],
    ids=["60 samples", "2 samples", "7 samples", "30 groups", "6 groups", "2 groups"],
)
def test_nobody_is_seen_by_parameters_learnt_from_them_or_their_group(table):
    params, view = fit_and_view(MemoryRule(), table, np.ones(3), {"bonus": 0.5})
    assert (view.scores == 0.5).all()
    assert params["bonus"] == 0.5
    assert params["ids"] == table.ids.tolist()


@pytest.mark.parametrize("n_groups", [2, 3, 5, 40])
def test_folds_are_whole_groups_and_cover_everyone_once(n_groups):
    table = grouped(n_groups, 200)
    rule = MemoryRule()
    fit_and_view(rule, table, np.ones(3), {})
    everyone = set(table.ids.tolist())
    assert rule.learnt[0] == everyone
    left_out = [everyone - learnt for learnt in rule.learnt[1:]]
    assert len(left_out) == min(N_FOLDS, n_groups)
    assert sorted(name for fold in left_out for name in fold) == sorted(everyone)
    group_of = dict(zip(table.ids.tolist(), table.groups.tolist(), strict=True))
    folds_of_groups = [{group_of[name] for name in fold} for fold in left_out]
    assert sum(len(groups) for groups in folds_of_groups) == len(set(table.groups.tolist()))


@pytest.mark.parametrize("named", ["parents", "ids"])
def test_folds_are_whole_parents_where_there_are_no_groups(named):
    table = make_table(60)
    parents = np.array([f"p{i % 20}" for i in range(60)])
    if named == "parents":
        table = replace(table, parents=parents)
    else:
        ids = np.array([f"{parent}#{i}" for i, parent in enumerate(parents)])
        table = replace(table, ids=ids).answered(Answering(pooling="mean"))
    rule = MemoryRule()
    fit_and_view(rule, table, np.ones(3), {})
    parent_of = dict(zip(table.ids.tolist(), parents.tolist(), strict=True))
    folds = [{parent_of[name] for name in rule.learnt[0] - learnt} for learnt in rule.learnt[1:]]
    assert len(folds) == N_FOLDS
    assert sum(len(fold) for fold in folds) == 20


def test_samples_stay_in_their_rows():
    table = make_table(90)
    rule = get_rule("ensemble")
    params, view = fit_and_view(rule, table, np.ones(3), {})
    own = rule.view(table, np.ones(3), **params)
    assert not np.array_equal(view.probabilities, own.probabilities)
    assert (view.answers == own.answers).mean() > 0.9
    assert view.combine is own.combine


def test_one_group_alone_cannot_be_left_out():
    table = make_table(20, groups=np.array(["only"] * 20))
    rule = MemoryRule()
    _, view = fit_and_view(rule, table, np.ones(3), {})
    assert (view.scores == 11.0).all()
    assert all(len(learnt) == 20 for learnt in rule.learnt)


def test_the_seed_decides_the_folds():
    def learnt_with(seed):
        rule = MemoryRule()
        fit_and_view(rule, make_table(60), np.ones(3), {}, seed=seed)
        return rule.learnt

    assert learnt_with(1) == learnt_with(1)
    assert learnt_with(1) != learnt_with(2)


@pytest.mark.parametrize("name", sorted(name for name, rule in CLASSIFIER_RULES.items() if not rule.is_fitted))
def test_rules_that_learn_nothing_are_left_as_they_are(name):
    table = with_stop_prob(make_table(30))
    rule = get_rule(name)
    given = {key: values[-1] for key, values in rule.choices(table).items()}
    params, view = fit_and_view(rule, table, np.ones(3), given)
    assert params == given
    own = rule.view(table, np.ones(3), **given)
    np.testing.assert_array_equal(view.scores, own.scores)
    np.testing.assert_array_equal(view.probabilities, own.probabilities)


@pytest.mark.parametrize("name", sorted(name for name, rule in CLASSIFIER_RULES.items() if rule.is_fitted))
def test_learnt_parameters_are_complete(name):
    table = make_table(60)
    rule = get_rule(name)
    given = {key: values[-1] for key, values in rule.choices(table).items()}
    params, view = fit_and_view(rule, table, np.ones(3), given)
    assert params == given | rule.fit(table, np.ones(3), **given)
    rule.parse(params)
    assert view.scores.shape == rule.view(table, np.ones(3), **params).scores.shape


def test_cross_fitted_figures_are_more_modest():
    """Labels drawn at random: nothing can be learnt, yet a rule judged on what it learnt from seems to know them."""
    table = make_table(60, 4, 4)
    noise = replace(table, labels=np.random.default_rng(1).integers(0, 4, 60))
    rule = get_rule("ensemble")
    params, view = fit_and_view(rule, noise, np.ones(4), {})
    own = rule.view(noise, np.ones(4), **params)

    def log_loss(seen):
        return -np.log(seen.probabilities[np.arange(60), -1, noise.labels]).mean()

    assert log_loss(own) < np.log(4) < log_loss(view)


@pytest.mark.parametrize("rule", CLASSIFIER_RULES)
@pytest.mark.parametrize("table", [make_table(200), grouped(40, 200)], ids=["samples", "groups"])
def test_a_policy_of_a_front_decides_as_the_front_says(rule, table):
    table = with_stop_prob(table)
    settings = EvolveSettings(max_evaluations=300, front_size=6)
    front = search_front(table, np.ones(3), Goal(target=0.6), rules=(rule,), settings=settings, seed=5)
    assert len(front) > 1
    for point in front:
        decision = cross_fitted_decision(point.policy, table, seed=5)
        assert (decision.answers == table.labels).mean() == point.figures["accuracy"]
        assert decision.exits.mean() + 1 == pytest.approx(point.figures["mean_depth"], abs=1e-12)
