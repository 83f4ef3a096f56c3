"""What a choice is worth on units that it was made without."""

from dataclasses import replace

import numpy as np
import pytest

from policies.baselines.coordinate_descent import best_genome
from policies.baselines.full_network import full_network
from policies.estimates.candidates import Candidate, families_of
from policies.estimates.rechoice import honest_figures
from policies.evaluation.population import PopulationEvaluator
from policies.evaluation.shared_thresholds import shared_threshold_genomes
from policies.goals.goal import Goal
from policies.goals.requirements import Requirement
from policies.judging.judged import Judged
from policies.pooling.answering import Answering
from policies.qualities import PooledQuality, get_quality
from policies.rules import get_rule
from policies.tables.identity import parents_in_ids
from policies.views.view import required
from tests.policies.choosing import candidates_of, grouped, permuted
from tests.recorded_tables import recordings_table
from tests.tables import make_table


GOALS = [Goal(target=0.7), Goal(target=0.85)]


def wanted(*names):
    return [Requirement(get_quality(name), 0.0) for name in names]


def test_one_rule_is_chosen_without_each_fold_and_seen_on_it():
    table = make_table(60, 3, 4)
    families = families_of(candidates_of(table, rules=("confidence",)))
    honest = honest_figures(families[:1], GOALS, wanted("accuracy"), n_folds=3, seed=4)[0]
    order = np.argsort(table.ids)
    fold_of = np.random.default_rng(4).permutation(np.arange(60) % 3)
    for goal, figure in zip(GOALS, honest, strict=True):
        n_right = 0
        for fold in range(3):
            rest, inside = table.take(order[fold_of != fold]), table.take(order[fold_of == fold])
            view = get_rule("confidence").view(rest, np.ones(3))
            evaluator = PopulationEvaluator(view, rest.truth, rest.cost, qualities=goal.qualities)
            thresholds = np.array(
                evaluator.thresholds(best_genome(evaluator, goal, shared_threshold_genomes(evaluator)))
            )[:, 0]
            seen = get_rule("confidence").view(inside, np.ones(3))
            for i in range(inside.n_samples):
                exits = [k for k in range(2) if thresholds[k] < np.inf and seen.scores[i, k, 0] >= thresholds[k]]
                n_right += seen.answers[i, (exits or [2])[0]] == inside.labels[i]
        assert figure == pytest.approx(n_right / 60)


def test_thresholds_that_fit_noise_are_found_out():
    seeming, honest = [], []
    for seed in range(8):
        table = make_table(100, 4, 2, seed=seed)
        noise = np.random.default_rng(seed).normal(size=table.logits.shape).astype(np.float32)
        table = replace(table, logits=noise)
        candidates = candidates_of(table, rules=("class-wise",))
        seeming.append(max(float(np.mean(one.policy.decide(table).answers == table.labels)) for one in candidates))
        honest.append(honest_figures(families_of(candidates), [Goal(target=seeming[-1])], wanted("accuracy"))[0, 0])
    assert np.mean(seeming) > 0.58
    assert np.mean(honest) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("size", [1, 3])
def test_order_of_rows_does_not_matter(size):
    table = grouped(make_table(90, 3, 4), size)
    goal = Goal(quality="macro_f1", bounds={"worst_class_recall": 0.5})
    goals = [goal, Goal(target=0.8, quality="macro_f1", bounds={"worst_class_recall": 0.6})]
    candidates = candidates_of(table)
    moved = permuted(table)
    others = [type(one)(one.policy, moved) for one in candidates]
    told = wanted("accuracy", "macro_f1", "worst_class_recall")
    one, other = (honest_figures(families_of(own), goals, told, seed=1) for own in (candidates, others))
    assert one.shape == (3, 2)
    np.testing.assert_allclose(one, other)


def test_groups_stay_together():
    table = grouped(make_table(40, 3, 4), 20)
    honest = honest_figures(families_of(candidates_of(table)), [Goal(target=0.8)], wanted("accuracy"), n_folds=3)
    assert honest.shape == (1, 1)


@pytest.mark.parametrize("level", ["sample", "parent", "reading"])
def test_parents_that_ids_tell_stay_together(level):
    told = recordings_table([4] * 30, seed=2).answered(Answering(level=level, pooling="evidence"))
    named = replace(told, parents=parents_in_ids(told.ids)[0])
    one, other = (
        honest_figures(families_of(candidates_of(own, rules=("confidence",))), GOALS, wanted("accuracy"), seed=3)
        for own in (told, named)
    )
    np.testing.assert_array_equal(one, other)


class TrueShare(PooledQuality):
    """Mean of what is said of the true class: a figure of distributions."""

    name = "true_share"

    def judge(self, view, truth):
        said, rows = required(view.distributions).whole(), np.arange(truth.n_samples)
        return lambda exits: np.array([said[rows, own, truth.labels].mean() for own in exits])


def test_a_quality_of_ones_own_sees_what_answers_about_parents_are_taken_from():
    table = recordings_table([1, 4, 2, 5, 3, 3, 2], n_exits=1, seed=2).answered(Answering(pooling="mean"))
    policy = full_network(table, np.ones(1))
    requirement = Requirement(TrueShare(), 0.0)
    honest = honest_figures(families_of([Candidate(policy, table)]), GOALS[:1], [requirement], seed=1)
    decision = policy.decide(table)
    whole = Judged(decision.view, table.truth).values(TrueShare(), decision.exits[None])
    # There is nothing to choose, so that the folds together are the whole.
    np.testing.assert_allclose(honest[0], whole)
