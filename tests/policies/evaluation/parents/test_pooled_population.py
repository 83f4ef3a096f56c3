"""Populations whose answers are pooled over parents, against judging one policy after the other."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from sklearn.metrics import f1_score, hamming_loss, jaccard_score

from policies.evaluation.parents import pooled_population
from policies.evaluation.parents.pooled_codes import PooledCodes
from policies.evaluation.population import PopulationEvaluator
from policies.judging.judged import Judged
from policies.levels.answers import PooledAnswers
from policies.parents.parent_answers import UNREAD
from policies.policy import first_open_exit
from policies.pooling.poolings import Pooling
from policies.qualities import get_quality
from policies.tables.multilabel import LabelSets
from tests.parent_views import CLASS_QUALITIES, LABEL_QUALITIES, parent_views


WAYS = {"by combination": 1 << 28, "by row": 0}


def qualities_of(view, truth):
    if isinstance(truth, LabelSets):
        return LABEL_QUALITIES
    # Whole parents keep no distributions.
    return CLASS_QUALITIES if isinstance(view.parents, PooledAnswers) else ("accuracy", "macro_f1")


def evaluator_of(view, truth, **options):
    n_exits = view.scores.shape[1]
    cost = np.linspace(1 / n_exits, 1, n_exits)
    return PopulationEvaluator(view, truth, cost, qualities=qualities_of(view, truth), **options)


def random_genomes(evaluator, n_policies, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, evaluator.n_levels, (n_policies, evaluator.n_genes))


def check_against_judged(view, truth, outcome, evaluator, genomes):
    judged = Judged(view, truth)
    thresholds = [np.reshape(evaluator.thresholds(own), (-1, view.n_columns)) for own in genomes]
    exits = np.array([first_open_exit(view, own) for own in thresholds])
    for k in range(evaluator.n_exits):
        np.testing.assert_array_equal(outcome.exit_counts[:, k], (exits == k).sum(axis=1))
    for name in qualities_of(view, truth):
        np.testing.assert_array_equal(outcome.qualities[name], judged.values(get_quality(name), exits), name)


def check_lines(evaluator, genome):
    for gene in range(evaluator.n_genes):
        policies = np.repeat(genome[None], evaluator.n_levels[gene], axis=0)
        policies[:, gene] = np.arange(evaluator.n_levels[gene])
        line, one_by_one = evaluator.line(genome, gene), evaluator.evaluate(policies)
        np.testing.assert_array_equal(line.exit_counts, one_by_one.exit_counts)
        for name, values in one_by_one.qualities.items():
            np.testing.assert_array_equal(line.qualities[name], values, name)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=100, deadline=None)
@given(case=parent_views(), seed=st.integers(0, 1000))
def test_pooled_answers_are_judged_as_one_policy_after_the_other(way, case, seed):
    view, truth = case
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pooled_population, "_MOST_POOLED", WAYS[way])
        evaluator = evaluator_of(view, truth)
    assert (evaluator._pooled._combinations is None) == (way == "by row")
    genomes = random_genomes(evaluator, 3, seed)
    check_against_judged(view, truth, evaluator.evaluate(genomes), evaluator, genomes)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=60, deadline=None)
@given(case=parent_views(), seed=st.integers(0, 1000), max_levels=st.sampled_from([2, 1024]))
def test_a_line_equals_its_policies_one_by_one(way, case, seed, max_levels):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pooled_population, "_MOST_POOLED", WAYS[way])
        evaluator = evaluator_of(*case, max_levels=max_levels)
    check_lines(evaluator, random_genomes(evaluator, 1, seed)[0])


@settings(max_examples=60, deadline=None)
@given(case=parent_views(whole=True), seed=st.integers(0, 1000))
def test_parents_that_leave_as_a_whole_are_judged_as_one_policy_after_the_other(case, seed):
    view, truth = case
    evaluator = evaluator_of(view, truth)
    genomes = random_genomes(evaluator, 3, seed)
    check_against_judged(view, truth, evaluator.evaluate(genomes), evaluator, genomes)
    check_lines(evaluator, genomes[0])
