"""Populations whose answers are pooled over parents, against judging one policy after the other."""

from dataclasses import replace
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from sklearn.metrics import f1_score, hamming_loss, jaccard_score

from policies.evaluation.parents import known_answers, pooled_population
from policies.evaluation.parents.combinations import Combinations
from policies.evaluation.parents.pooled_codes import PooledCodes
from policies.evaluation.population import PopulationEvaluator
from policies.judging.judged import Judged
from policies.levels.answers import PooledAnswers
from policies.parents.parent_answers import UNREAD
from policies.policy import first_open_exit
from policies.pooling.poolings import Pooling, get_pooling
from policies.qualities import get_quality
from policies.rules import Combine, RuleView
from policies.tables.classification import ClassLabels
from policies.tables.multilabel import LabelSets
from policies.tables.sample_arrays.facts import Facts
from policies.views.distributions import Held
from tests.parent_views import CLASS_QUALITIES, LABEL_QUALITIES, parent_views, shuffled_parents


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


@settings(max_examples=30, deadline=None)
@given(case=parent_views(poolings=("mean", "evidence", "top-3", "p75", "p10"), max_size=40), seed=st.integers(0, 1000))
def test_large_parents_are_pooled_in_the_same_way(case, seed):
    view, truth = case
    evaluator = evaluator_of(view, truth)
    genomes = random_genomes(evaluator, 2, seed)
    check_against_judged(view, truth, evaluator.evaluate(genomes), evaluator, genomes)


@settings(max_examples=60, deadline=None)
@given(case=parent_views(), data=st.data())
def test_samples_that_are_not_read_are_left_out(case, data):
    """Of each parent at least one is read."""
    view, truth = case
    answers, n_exits = view.parents, view.scores.shape[1]
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    exits = rng.integers(UNREAD, n_exits, len(view.scores))
    exits[answers.parents.first_rows] = rng.integers(0, n_exits, answers.parents.n)
    known = pooled_population.PooledPopulation.of(
        Judged(view, truth), {"own": get_quality(qualities_of(view, truth)[0])}
    )
    codes = PooledCodes.of(answers).of_exits(exits[answers.parents.rows][None].astype(np.int32))
    found = known._known._answers(codes)
    np.testing.assert_array_equal(found, answers.answers(exits))


def plain_reference(labels, values, exits, parents, thresholds):
    """Sets of labels of parents by a loop over parents, and their figures by scikit-learn."""
    pooled, truth = [], []
    for g in range(parents.n):
        # In the order in which they are read: sums differ in their last bits by the order.
        rows = [i for i in parents.rows if parents.of_sample[i] == g]
        pooled.append(sum(values[i, exits[i]] for i in rows) / len(rows))
        truth.append(labels[rows[0]])
    answers, truth = np.array(pooled) >= thresholds, np.array(truth)
    return {
        "exact_match": (answers == truth).all(axis=1).mean(),
        "hamming": hamming_loss(truth, answers),
        "label_macro_f1": f1_score(truth, answers, average="macro", zero_division=0),
        "label_micro_f1": f1_score(truth, answers, average="micro", zero_division=0),
        "samples_f1": f1_score(truth, answers, average="samples", zero_division=0),
        "jaccard": jaccard_score(truth, answers, average="samples", zero_division=0),
    }


@settings(max_examples=40, deadline=None)
@given(case=parent_views(poolings=("mean",)), seed=st.integers(0, 1000))
def test_pooled_sets_of_labels_equal_a_loop_over_parents(case, seed):
    view, truth = case
    if not isinstance(truth, LabelSets) or truth.n_labels < 2:
        return
    evaluator = evaluator_of(view, truth)
    (genome,) = genomes = random_genomes(evaluator, 1, seed)
    exits = first_open_exit(view, np.reshape(evaluator.thresholds(genome), (-1, view.n_columns)))
    own = view.parents
    expected = plain_reference(truth.labels, own.said.whole(), exits, own.parents, own.thresholds)
    outcome = evaluator.evaluate(genomes)
    for name, value in expected.items():
        assert outcome.qualities[name][0] == pytest.approx(value), name


def test_a_pooling_that_the_compiled_loops_do_not_know_is_judged_one_policy_after_the_other():
    class Median(Pooling):
        def of(self, values):
            return np.median(values, axis=-2)

    view, truth = whole_grid_view()
    view = replace(view, parents=replace(view.parents, pooling=Median()))
    evaluator = evaluator_of(view, truth)
    assert evaluator._pooled is None
    genomes = random_genomes(evaluator, 3, 0)
    check_against_judged(view, truth, evaluator.evaluate(genomes), evaluator, genomes)


def whole_grid_view():
    """Samples of two parents that say whether they have each of two labels, at two exits."""
    rng = np.random.default_rng(5)
    parents = shuffled_parents(rng, [3, 2])
    values = rng.integers(0, 5, (5, 2, 2)) / 4
    own = PooledAnswers(parents, "same", Held(values), get_pooling("mean"), np.full((2, 2), 0.5))
    truth = LabelSets(np.ones((5, 2), dtype=np.uint8), ("a", "b"))
    scores = rng.integers(0, 4, (5, 2, 1)) / 4
    return RuleView(scores, np.ones((5, 2), dtype=bool), values >= 0.5, Held(values), Combine.ANY, own), truth


def test_answers_are_forgotten_where_there_are_too_many():
    view, truth = whole_grid_view()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pooled_population, "_MOST_POOLED", 0)
        patched.setattr(known_answers, "_MOST_KNOWN", 1)
        evaluator = evaluator_of(view, truth)
        for seed in range(4):
            genomes = random_genomes(evaluator, 1, seed)
            check_against_judged(view, truth, evaluator.evaluate(genomes), evaluator, genomes)
            assert evaluator._pooled._known.n <= 2


def test_of_very_large_parents_there_are_too_many_combinations_and_not_a_warning():
    assert Combinations.n_of(np.array([2, 3]), 3) == 36
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Combinations.n_of(np.array([2, 1000]), 3) == np.inf


def test_many_tallies_of_few_marks_are_counted_one_by_one():
    """As those of very many classes are."""
    rng = np.random.default_rng(0)
    parents = shuffled_parents(rng, [2] * 30)
    values = rng.dirichlet(np.ones(100), (60, 2))
    own = PooledAnswers(parents, "same", Held(values), get_pooling("mean"))
    labels = rng.integers(0, 100, 30)[parents.of_sample]
    view = RuleView(rng.random((60, 2, 1)), np.ones((60, 2), dtype=bool), values.argmax(axis=2), Held(values))
    view, truth = replace(view, parents=own), ClassLabels(labels, 100)
    evaluator = evaluator_of(view, truth)
    assert evaluator._pooled._known._is_sparse
    genomes = random_genomes(evaluator, 5, 0)
    check_against_judged(view, truth, evaluator.evaluate(genomes), evaluator, genomes)
    check_lines(evaluator, genomes[0])


def test_more_parents_than_a_byte_counts():
    rng = np.random.default_rng(0)
    parents = shuffled_parents(rng, rng.integers(1, 4, 700))
    n = len(parents.of_sample)
    values = rng.integers(0, 5, (n, 2, 3)) / 4
    labels = rng.integers(0, 2, (n, 3)).astype(np.uint8)[parents.first_rows[parents.of_sample]]
    own = PooledAnswers(parents, "same", Held(values), get_pooling("mean"), np.full((700, 3), 0.4))
    scores, eligible = rng.integers(0, 40, (n, 2, 1)) / 40, np.ones((n, 2), dtype=bool)
    view, truth = (
        RuleView(scores, eligible, values >= 0.4, Held(values), Combine.ANY, own),
        LabelSets(labels, ("a", "b", "c")),
    )
    evaluator = evaluator_of(view, truth)
    genomes = random_genomes(evaluator, 5, 0)
    check_against_judged(view, truth, evaluator.evaluate(genomes), evaluator, genomes)
    check_lines(evaluator, genomes[0])


@pytest.mark.parametrize("whole", [False, True])
@settings(max_examples=40, deadline=None)
@given(data=st.data(), seed=st.integers(0, 1000))
def test_parents_of_each_value_are_judged_as_by_themselves(whole, data, seed):
    view, truth = data.draw(parent_views(whole=whole))
    site = np.array(["A", "B", "C"])[view.parents.parents.of_sample % 3]
    truth = replace(truth, facts=Facts({"site": site}))
    names = [*qualities_of(view, truth), *(f"{name} where site = B" for name in qualities_of(view, truth))]
    n_exits = view.scores.shape[1]
    evaluator = PopulationEvaluator(view, truth, np.linspace(1 / n_exits, 1, n_exits), qualities=names)
    genomes = random_genomes(evaluator, 2, seed)
    outcome, judged = evaluator.evaluate(genomes), Judged(view, truth)
    thresholds = [np.reshape(evaluator.thresholds(own), (-1, view.n_columns)) for own in genomes]
    exits = np.array([first_open_exit(view, own) for own in thresholds])
    for name in names:
        np.testing.assert_array_equal(outcome.qualities[name], judged.values(get_quality(name), exits), name)
    check_lines(evaluator, genomes[0])
    at_exit = np.zeros((1, 1), dtype=np.int64)
    rows = np.flatnonzero(judged.truth.facts.are("site", "B"))
    for own, exits_of_own in enumerate(exits):
        for name in qualities_of(view, truth) if len(rows) else ():
            quality = get_quality(name)
            if not quality.looks_back:
                alone = quality.values(
                    judged.answered(exits_of_own).take(rows), judged.truth.take(rows), at_exit.repeat(len(rows), axis=1)
                )
                assert outcome.qualities[f"{name} where site = B"][own] == pytest.approx(alone[0]), name
