"""One score per exit, of the policy's choice."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np

from policies.evaluation.population import PopulationEvaluator
from policies.policy import Policy
from policies.rules import Combine, get_rule
from tests.policies.rules.reference import (
    CLOSE,
    SCORES,
    as_thresholds,
    best_class,
    clear_thresholds,
    exit_probabilities,
    first_open,
    runs,
)
from tests.tables import make_table, tied_tables


@settings(max_examples=120, deadline=None)
@given(table=tied_tables(), seed=st.integers(0, 1000))
def test_each_exit_goes_by_its_own_column(table, seed):
    temperatures = [0.7, 1.0, 1.5, 2.0][: table.n_exits]
    view = get_rule("mixture").view(table, np.array(temperatures))
    rng = np.random.default_rng(seed)
    column_of_exit = rng.integers(0, 4, table.n_exits - 1)
    drawn = clear_thresholds(view, rng)
    thresholds = np.full(drawn.shape, np.inf)
    for k, column in enumerate(column_of_exit):
        thresholds[k, column] = drawn[k, column]
    decision = Policy("mixture", as_thresholds(thresholds), tuple(temperatures)).decide(table)
    for i, exits in enumerate(exit_probabilities(table, temperatures)):
        answers = [best_class(row.tolist()) for row in table.logits[i]]
        columns = [[SCORES[name](p) for p in exits] for name in ("confidence", "margin", "entropy")] + [runs(answers)]
        np.testing.assert_allclose(view.scores[i], np.transpose(columns), **CLOSE)

        def leaves(k, columns=columns):
            column = column_of_exit[k]
            return columns[column][k] >= thresholds[k, column]

        taken = first_open(table.n_exits, leaves)
        assert (decision.exits[i], decision.answers[i]) == (taken, answers[taken])


def test_a_genome_uses_one_column_per_exit():
    table = make_table(80)
    view = get_rule("mixture").view(table, np.ones(3))
    assert view.combine is Combine.ONE
    evaluator = PopulationEvaluator(view, table.truth, table.cost)
    assert evaluator.n_genes == 2
    rng = np.random.default_rng(0)
    genomes = np.stack([rng.integers(0, n, 50) for n in evaluator.n_levels], axis=1)
    finite = np.array([np.isfinite(evaluator.thresholds(genome)).sum(axis=1) for genome in genomes])
    assert (finite <= 1).all()
    used = np.array([np.isfinite(evaluator.thresholds(genome)).any(axis=0) for genome in genomes]).any(axis=0)
    assert used[:3].all()
