import itertools

from hypothesis import given, settings
import numpy as np

from policies.coordinate import coordinate_moves, least_depth_genome
from policies.evaluate import PopulationEvaluator
from policies.ladder import ladder_genomes
from policies.rules import get_rule
from tests.tables import make_table, rule_views


def quality(outcome, target):
    """What a move must not make worse: violation, then depth, then accuracy."""
    return [
        (max(target - a, 0.0), d, -a)
        for a, d in zip(outcome.accuracy.tolist(), outcome.mean_depth.tolist(), strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(case=rule_views())
def test_no_single_move_improves_the_result(case):
    view, labels = case
    n_exits = view.scores.shape[1]
    evaluator = PopulationEvaluator(view, labels, np.linspace(1 / n_exits, 1, n_exits))
    start = np.zeros((1, n_exits - 1), dtype=np.int64)
    moved = coordinate_moves(evaluator, start, np.array([0.6]))
    reached = quality(evaluator.evaluate(moved), 0.6)[0]
    assert reached <= quality(evaluator.evaluate(start), 0.6)[0]
    for k in range(n_exits - 1):
        for level in range(evaluator.n_levels[k]):
            neighbour = moved.copy()
            neighbour[0, k] = level
            assert reached <= quality(evaluator.evaluate(neighbour), 0.6)[0]


def test_least_depth_is_near_the_exhaustive_optimum():
    table = make_table(400, 3, seed=5)
    view = get_rule("confidence").view(table, np.ones(3))
    evaluator = PopulationEvaluator(view, table.labels, table.cost, max_levels=60)
    target = float((table.logits.argmax(axis=2)[:, -1] == table.labels).mean()) - 0.02
    genome = least_depth_genome(evaluator, ladder_genomes(evaluator), target)
    everything = np.array(list(itertools.product(*(range(n) for n in evaluator.n_levels))))
    outcome = evaluator.evaluate(everything)
    optimum = outcome.mean_depth[outcome.accuracy >= target].min()
    reached = evaluator.evaluate(genome[None])
    assert reached.accuracy[0] >= target
    assert reached.mean_depth[0] <= optimum * 1.02
