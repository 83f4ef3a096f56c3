from hypothesis import given, settings
import numpy as np

from policies.evaluate import PopulationEvaluator
from policies.ladder import ladder_genomes, shared_threshold_ladder
from policies.policy import first_open_exit
from tests.tables import rule_views


@settings(max_examples=150, deadline=None)
@given(case=rule_views())
def test_every_rung_equals_brute_force(case):
    view, labels = case
    n_samples, n_exits = view.scores.shape
    right = view.answers == labels[:, None]
    ladder = shared_threshold_ladder(view, right)
    assert ladder.thresholds[-1] == np.inf
    for rung, threshold in enumerate(ladder.thresholds):
        exits = first_open_exit(view, np.full(n_exits - 1, threshold))
        assert np.isclose(ladder.mean_depth[rung], exits.mean() + 1)
        assert np.isclose(ladder.accuracy[rung], right[np.arange(n_samples), exits].mean())


@settings(max_examples=50, deadline=None)
@given(case=rule_views())
def test_genomes_decide_as_the_rungs(case):
    view, labels = case
    n_exits = view.scores.shape[1]
    evaluator = PopulationEvaluator(view, labels, np.linspace(1 / n_exits, 1, n_exits))
    ladder = shared_threshold_ladder(view, evaluator.right)
    outcome = evaluator.evaluate(ladder_genomes(evaluator))
    rungs = {(round(a, 9), round(d, 9)) for a, d in zip(ladder.accuracy, ladder.mean_depth, strict=True)}
    found = {(round(a, 9), round(d, 9)) for a, d in zip(outcome.accuracy, outcome.mean_depth, strict=True)}
    assert found == rungs
