"""The packed evaluator against brute force: sample by sample, exit by exit."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import ExitSearchError
from policies.evaluate import PopulationEvaluator
from policies.policy import first_open_exit
from tests.tables import rule_views


def brute_force(view, labels, thresholds):
    """Exit counts and right answers of one policy, the slow obvious way."""
    n_samples, n_exits = view.scores.shape
    counts, correct = [0] * n_exits, 0
    for i in range(n_samples):
        for k in range(n_exits):
            is_last = k == n_exits - 1
            if is_last or (view.eligible[i, k] and thresholds[k] < np.inf and view.scores[i, k] >= thresholds[k]):
                counts[k] += 1
                correct += int(np.argmax(view.probabilities[i, k]) == labels[i])
                break
    return counts, correct


@settings(max_examples=150, deadline=None)
@given(case=rule_views(max_samples=140), seed=st.integers(0, 1000))
def test_equals_brute_force(case, seed):
    view, labels = case
    n_exits = view.scores.shape[1]
    cost = np.linspace(1 / n_exits, 1, n_exits)
    evaluator = PopulationEvaluator(view, labels, cost)
    rng = np.random.default_rng(seed)
    genomes = np.stack([rng.integers(0, n, 8) for n in evaluator.n_levels], axis=1) if n_exits > 1 else np.empty((8, 0))
    genomes = genomes.astype(int)
    outcome = evaluator.evaluate(genomes)
    for i, genome in enumerate(genomes):
        thresholds = evaluator.thresholds(genome)
        counts, correct = brute_force(view, labels, thresholds)
        assert outcome.exit_counts[i].tolist() == counts
        assert outcome.correct[i] == correct
        exits = first_open_exit(view, np.array(thresholds))
        assert np.bincount(exits, minlength=n_exits).tolist() == counts
    np.testing.assert_allclose(outcome.mean_cost, outcome.exit_counts @ cost / len(labels))
    np.testing.assert_allclose(outcome.mean_depth, outcome.exit_counts @ np.arange(1, n_exits + 1) / len(labels))


@settings(max_examples=100, deadline=None)
@given(case=rule_views())
def test_every_decision_has_a_genome(case):
    """Any thresholds at all decide as the nearest genome does."""
    view, labels = case
    n_exits = view.scores.shape[1]
    evaluator = PopulationEvaluator(view, labels, np.linspace(1 / n_exits, 1, n_exits))
    rng = np.random.default_rng(0)
    thresholds = rng.uniform(-0.2, 1.2, (6, n_exits - 1))
    outcome = evaluator.evaluate(evaluator.nearest_genome(thresholds))
    for i, row in enumerate(thresholds):
        assert outcome.exit_counts[i].tolist() == brute_force(view, labels, row)[0]


def test_closed_exits_never_open_and_level_zero_always_does():
    view, labels = _plain_view()
    evaluator = PopulationEvaluator(view, labels, np.array([0.5, 1.0]))
    closed = evaluator.evaluate(evaluator.n_levels[None] - 1)
    assert closed.exit_counts.tolist() == [[0, 70]]
    everyone = evaluator.evaluate(np.zeros((1, 1), dtype=int))
    assert everyone.exit_counts.tolist() == [[70, 0]]


def _plain_view():
    from policies.rules import RuleView

    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.ones(3), (70, 2))
    return RuleView(probabilities.max(axis=2), np.ones((70, 2), dtype=bool), probabilities), rng.integers(0, 3, 70)


def test_levels_separate_neighbouring_floats():
    view, labels = _plain_view()
    low, high = 0.5, np.nextafter(0.5, 1.0)
    scores = view.scores.copy()
    scores[:, 0] = np.where(np.arange(70) < 30, low, high)
    evaluator = PopulationEvaluator(type(view)(scores, view.eligible, view.probabilities), labels, np.array([0.5, 1]))
    counts = evaluator.evaluate(np.arange(3)[:, None]).exit_counts[:, 0]
    assert counts.tolist() == [70, 40, 0]


def test_thinned_levels_keep_both_ends():
    view, labels = _plain_view()
    evaluator = PopulationEvaluator(view, labels, np.array([0.5, 1.0]), max_levels=5)
    assert evaluator.n_levels.tolist() == [6]
    counts = evaluator.evaluate(np.arange(6)[:, None]).exit_counts[:, 0]
    assert counts[0] == 70
    assert counts[-2:].tolist() == [1, 0]
    assert (np.diff(counts) < 0).all()


@pytest.mark.parametrize("genomes", [np.zeros((2, 2), dtype=int), np.zeros(1, dtype=int), [[99]], [[-1]]])
def test_genomes_that_do_not_fit_are_refused(genomes):
    view, labels = _plain_view()
    evaluator = PopulationEvaluator(view, labels, np.array([0.5, 1.0]), max_levels=5)
    with pytest.raises(ExitSearchError, match=r"genomes must have shape|level indices"):
        evaluator.evaluate(np.asarray(genomes))


def test_too_few_levels_are_refused():
    view, labels = _plain_view()
    with pytest.raises(ExitSearchError, match="at least 2 but is 1"):
        PopulationEvaluator(view, labels, np.array([0.5, 1.0]), max_levels=1)
