"""The reading evaluator against policies that decide sample by sample, and are judged one by one."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import ExitSearchError, PolicyError
from policies.evaluation.evaluators import evaluator_for
from policies.evaluation.population import PopulationEvaluator
from policies.evaluation.reading.evaluator import ReadingEvaluator
from policies.judging.judged import Judged
from policies.levels.answers import PooledAnswers
from policies.levels.reading import read_until
from policies.parents.membership import Parents
from policies.parents.parent_answers import UNREAD
from policies.policy import first_open_exit
from policies.pooling.answering import Answering, Level
from policies.pooling.poolings import Pooling, get_pooling
from policies.qualities import MeanQuality, PooledQuality, get_quality
from policies.rules import Combine, RuleView
from policies.tables.multilabel import LabelSets
from policies.views.distributions import Held
from tests.parent_views import CLASS_QUALITIES, LABEL_QUALITIES, parent_views
from tests.tables import classes


class SharedLabels(MeanQuality):
    """How many of the labels are told rightly."""

    name, task = "shared_labels", None

    def of_answers(self, answers, truth):
        return (answers == truth.labels).reshape(len(answers), -1).mean(axis=1)


class MostCommon(PooledQuality):
    """A figure that is no mean over answers."""

    name, task = "most_common", None

    def judge(self, view, truth):
        rows = np.arange(truth.n_samples)
        counted = [np.unique(view.answers[rows, own], axis=0, return_counts=True)[1] for own in ([0] * len(rows),)]
        return lambda exits: np.array([counted[0].max() / len(rows)] * len(exits))


SHARED, COMMON = SharedLabels(), MostCommon()
OWN = tuple(f"{__name__}:{name}" for name in ("SHARED", "COMMON"))


def qualities_of(truth):
    return (*(LABEL_QUALITIES if isinstance(truth, LabelSets) else CLASS_QUALITIES), *OWN)


def evaluator_of(view, truth, **options):
    n_exits = view.scores.shape[1]
    cost = np.linspace(1 / n_exits, 1, n_exits)
    return ReadingEvaluator(view, truth, cost, qualities=qualities_of(truth), **options)


def genomes_of(evaluator, n, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, evaluator.n_levels, (n, evaluator.n_genes))


@settings(max_examples=150, deadline=None)
@given(case=parent_views(), seed=st.integers(0, 1000), max_levels=st.sampled_from([2, 5, 1024]))
def test_populations_equal_policies_one_by_one(case, seed, max_levels):
    view, truth = case
    evaluator = evaluator_of(view, truth, max_levels=max_levels)
    genomes = genomes_of(evaluator, 5, seed)
    outcome, judged = evaluator.evaluate(genomes), Judged(view, truth)
    assert (outcome.n_samples == len(view.scores)).all()
    for i, genome in enumerate(genomes):
        thresholds = np.asarray(evaluator.thresholds(genome)).reshape(-1, view.n_columns)
        until = evaluator.answering(genome, Answering(level="reading", pooling="mean")).read_until
        exits = read_until(view, first_open_exit(view, thresholds), until)
        np.testing.assert_array_equal(evaluator.decide(genome, view), exits)
        assert outcome.exit_counts[i].tolist() == [(exits == k).sum() for k in range(evaluator.n_exits)]
        assert outcome.n_unread[i] == (exits == UNREAD).sum()
        assert outcome.mean_depth[i] == pytest.approx((exits + 1).mean())
        for name in qualities_of(truth):
            assert outcome.qualities[name][i] == judged.values(get_quality(name), exits[None])[0], name


@settings(max_examples=150, deadline=None)
@given(case=parent_views(), seed=st.integers(0, 1000), max_levels=st.sampled_from([2, 5, 1024]))
def test_a_line_equals_its_policies_one_by_one(case, seed, max_levels):
    evaluator = evaluator_of(*case, max_levels=max_levels)
    (genome,) = genomes_of(evaluator, 1, seed)
    for gene in range(evaluator.n_genes):
        policies = np.repeat(genome[None], evaluator.n_levels[gene], axis=0)
        policies[:, gene] = np.arange(evaluator.n_levels[gene])
        line, one_by_one = evaluator.line(genome, gene), evaluator.evaluate(policies)
        np.testing.assert_array_equal(line.exit_counts, one_by_one.exit_counts)
        np.testing.assert_array_equal(line.n_unread, one_by_one.n_unread)
        for name, values in one_by_one.qualities.items():
            np.testing.assert_array_equal(line.qualities[name], values)


def a_view(pooling="mean", n_exits=3):
    rng = np.random.default_rng(0)
    said = rng.dirichlet(np.ones(3), (12, n_exits))
    parents = Parents(np.array(["a", "b", "c"]), np.repeat(np.arange(3), 4), np.arange(12))
    scores, truth = said.max(axis=2)[:, :, None], classes(np.repeat([0, 1, 2], 4), 3)
    pooled = PooledAnswers(parents, "same", Held(said), get_pooling(pooling) if isinstance(pooling, str) else pooling)
    return RuleView(scores, scores[:, :, 0] > 0, said.argmax(axis=2), Held(said), Combine.ANY, pooled), truth


def test_the_last_levels_are_the_full_network_and_the_first_ones_read_one_sample_at_the_first_exit():
    evaluator = evaluator_of(*a_view())
    closed, opened = evaluator.n_levels - 1, np.zeros(evaluator.n_genes, dtype=np.int64)
    outcome = evaluator.evaluate(np.stack([closed, opened]))
    assert outcome.exit_counts.tolist() == [[0, 0, 12], [3, 0, 0]]
    assert outcome.n_unread.tolist() == [0, 9]
    assert outcome.mean_depth.tolist() == [3.0, 0.25]


def test_nearest_genomes_read_everything():
    evaluator = evaluator_of(*a_view())
    genome = evaluator.nearest_genome(np.full((2, 1), 0.6))
    assert evaluator.evaluate(genome[None]).n_unread.tolist() == [0]
    assert genome[-1] == evaluator.n_levels[-1] - 1


def test_a_network_with_one_exit_can_only_read_less():
    evaluator = evaluator_of(*a_view(n_exits=1))
    assert (evaluator.n_genes, evaluator.n_gates) == (1, 0)
    assert evaluator.thresholds(np.array([0])) == ()
    line = evaluator.line(np.array([0]), 0)
    np.testing.assert_array_equal(line.exit_counts, evaluator.evaluate(evaluator.at_full_depth()).exit_counts)
    assert (np.diff(line.exit_counts[:, 0]) >= 0).all()


@pytest.mark.parametrize("genomes", [np.zeros((2, 2), dtype=int), np.zeros(1, dtype=int), [[0, 0, 999]], [[0, 0, -1]]])
def test_genomes_that_do_not_fit_are_refused(genomes):
    evaluator = evaluator_of(*a_view())
    with pytest.raises(ExitSearchError, match=r"genomes must have shape|level indices"):
        evaluator.evaluate(np.asarray(genomes))
    with pytest.raises(ExitSearchError, match=r"genomes must have shape|level indices"):
        evaluator.line(np.asarray(genomes[0]), 0)


def test_no_policies_at_all_have_no_figures():
    evaluator = ReadingEvaluator(*a_view(), np.ones(3))
    outcome = evaluator.evaluate(np.empty((0, 3), dtype=np.int64))
    assert outcome.exit_counts.shape == (0, 3)
    assert outcome.qualities["accuracy"].shape == (0,)


def test_what_cannot_be_read_is_refused():
    view, truth = a_view()
    with pytest.raises(PolicyError, match="answers are pooled"):
        ReadingEvaluator(RuleView(view.scores, view.eligible, view.answers, view.distributions), truth, np.ones(3))

    class Median(Pooling):
        def of(self, values):
            return np.median(values, axis=-2)

    with pytest.raises(PolicyError, match="pooling Median has no compiled loop"):
        evaluator_of(*a_view(Median()))


def test_the_factory_reads_where_the_table_does():
    view, truth = a_view()
    for level, kind in ((Level.READING, ReadingEvaluator), (Level.SAMPLE, PopulationEvaluator)):
        answering = Answering(level=level, pooling="mean")
        assert type(evaluator_for(view, truth, np.linspace(0.3, 1, 3), answering)) is kind


def test_the_policy_that_reads_all_says_nothing_of_it():
    evaluator, of_table = evaluator_of(*a_view()), Answering(level="reading", pooling="mean")
    assert evaluator.answering(evaluator.n_levels - 1, of_table) == of_table
    first = evaluator.answering(np.zeros(3, dtype=np.int64), of_table)
    assert first.read_until == 0.0
    assert math.isinf(Answering.from_dict(of_table.to_dict()).read_until)
    assert Answering.from_dict(first.to_dict()) == first
