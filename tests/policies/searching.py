"""What the tests of the search share: evaluators, small awkward ones among them, and slow obvious references."""

from contextlib import contextmanager
from itertools import product

from hypothesis import strategies as st
import numpy as np

from policies.evaluation.population import PopulationEvaluator
from policies.goals.pareto import hypervolume
from policies.rules import get_rule
from policies.tables.classification import ClassificationTable
from tests.tables import class_view, classes


def full_accuracy(table):
    return float((table.logits.argmax(axis=2)[:, -1] == table.labels).mean())


def evaluator_of(table, goal, *, rule="confidence", max_levels=2000, temperatures=None):
    view = get_rule(rule).view(table, np.ones(table.n_exits) if temperatures is None else temperatures)
    return PopulationEvaluator(view, table.truth, table.cost, max_levels=max_levels, qualities=goal.qualities)


def with_stop_probabilities(table, seed=0):
    stop = np.random.default_rng(seed).random((table.n_samples, table.n_exits)).astype(np.float32)
    return ClassificationTable(table.logits, table.labels, cost=table.cost, ids=table.ids, stop_prob=stop)


@st.composite
def awkward_evaluators(draw, max_samples=30, max_exits=4):
    """One score column with many ties, and exits that are closed to some samples or to all."""
    n_samples, n_exits = draw(st.integers(1, max_samples)), draw(st.integers(1, max_exits))
    n_distinct = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    view = class_view(
        scores=rng.integers(0, n_distinct, (n_samples, n_exits, 1)) / n_distinct,
        eligible=rng.random((n_samples, n_exits)) < draw(st.sampled_from([0.0, 0.7, 1.0])),
        probabilities=rng.dirichlet(np.ones(3), (n_samples, n_exits)),
    )
    return PopulationEvaluator(view, classes(rng.integers(0, 3, n_samples), 3), np.linspace(1 / n_exits, 1.0, n_exits))


def every_genome(evaluator):
    """All level vectors, shape (P, G)."""
    genomes = list(product(*(range(n) for n in evaluator.n_levels)))
    return np.array(genomes, dtype=np.int64).reshape(len(genomes), evaluator.n_genes)


def rank(goal, assessment, row):
    """What the goal compares, smallest first, in the order in which it compares."""
    quality, objective = float(assessment.quality[row]), float(assessment.objective[row])
    last = (-quality, objective) if goal.budget is not None else (objective, -quality)
    return (float(assessment.violation[row]), *last)


def ranks(goal, evaluator, genomes):
    """The rank of each genome."""
    assessment = goal.assess(evaluator.evaluate(genomes))
    return [rank(goal, assessment, row) for row in range(len(genomes))]


def feasible_volume(goal, quality, objective, violation, n_exits):
    """Area that the feasible policies dominate above the target, in units of depth."""
    ok = np.asarray(violation) <= 0
    return hypervolume(
        np.asarray(quality)[ok],
        np.asarray(objective)[ok],
        worst_quality=goal.target - 1e-3,
        worst_objective=n_exits + 0.05,
    )


@contextmanager
def counted_evaluations(monkeypatch, *, by_level=False):
    """A list that grows, at each call of an evaluator, by the passes over the samples: one per policy or line.

    By level it grows by the policies that the call tells about: as many as a line has levels.
    """
    calls = []
    evaluate, line = PopulationEvaluator.evaluate, PopulationEvaluator.line

    def counting_evaluate(self, genomes):
        calls.append(len(genomes))
        return evaluate(self, genomes)

    def counting_line(self, genome, gene):
        calls.append(int(self.n_levels[gene]) if by_level else 1)
        return line(self, genome, gene)

    with monkeypatch.context() as patch:
        patch.setattr(PopulationEvaluator, "evaluate", counting_evaluate)
        patch.setattr(PopulationEvaluator, "line", counting_line)
        yield calls
