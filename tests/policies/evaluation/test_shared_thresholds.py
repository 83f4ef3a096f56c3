from dataclasses import replace

from hypothesis import given, settings
import numpy as np
import pytest

from policies.evaluation.population import PopulationEvaluator
from policies.evaluation.shared_thresholds import shared_threshold_figures, shared_threshold_genomes
from policies.policy import first_open_exit
from policies.rules import Combine, get_rule
from tests.multilabel_tables import make_label_table
from tests.tables import classes, make_table, rule_views, with_stop_prob


def evaluator_of(view, labels):
    n_exits = view.scores.shape[1]
    return PopulationEvaluator(view, classes(labels, view.distributions.shape[2]), np.linspace(1 / n_exits, 1, n_exits))


def exits_of(view, thresholds):
    """Exits taken where all exits share the thresholds of the columns, (S,)."""
    return first_open_exit(view, np.repeat(np.asarray(thresholds)[None], view.scores.shape[1] - 1, axis=0))


@settings(max_examples=120, deadline=None)
@given(case=rule_views(max_columns=3))
def test_every_rung_equals_brute_force(case):
    view, labels = case
    view = replace(view, combine=Combine.ANY)
    right = view.answers == labels[:, None]
    ladder = shared_threshold_figures(view, right)
    assert ladder.thresholds[-1] == np.inf
    assert (np.diff(ladder.mean_depth) >= 0).all()
    for rung, threshold in enumerate(ladder.thresholds):
        exits = exits_of(view, [threshold] * view.n_columns)
        assert np.isclose(ladder.mean_depth[rung], exits.mean() + 1)
        assert np.isclose(ladder.accuracy[rung], right[np.arange(len(labels)), exits].mean())


def figures(accuracy, depth):
    return {(round(a, 9), round(d, 9)) for a, d in zip(accuracy, depth, strict=True)}


@settings(max_examples=50, deadline=None)
@given(case=rule_views())
def test_genomes_decide_as_the_rungs(case):
    view, labels = case
    evaluator = evaluator_of(view, labels)
    ladder = shared_threshold_figures(view, view.answers == labels[:, None])
    outcome = evaluator.evaluate(shared_threshold_genomes(evaluator))
    assert figures(outcome.qualities["accuracy"], outcome.mean_depth) == figures(ladder.accuracy, ladder.mean_depth)


@settings(max_examples=80, deadline=None)
@given(case=rule_views(max_columns=4))
def test_genomes_share_thresholds_and_reach_from_closed_to_bold(case):
    view, labels = case
    evaluator = evaluator_of(view, labels)
    genomes = shared_threshold_genomes(evaluator)
    assert len(np.unique(genomes, axis=0)) == len(genomes) >= 1
    depth = evaluator.evaluate(genomes).mean_depth
    assert depth.max() == pytest.approx(evaluator.n_exits)
    if view.combine is Combine.ANY:
        boldest = evaluator.evaluate(np.zeros((1, evaluator.n_genes), dtype=int)).mean_depth[0]
        assert depth.min() == pytest.approx(boldest)


@pytest.mark.parametrize(
    ("name", "shared"),
    [
        ("class-wise", [0.7] * 4),
        ("mixture", [np.inf, 0.5, np.inf, np.inf]),
        ("mixture", [np.inf, np.inf, np.inf, 2.0]),
    ],
)
def test_shared_thresholds_of_rules_with_several_columns_are_among_the_genomes(name, shared):
    table = make_table(60)
    view = get_rule(name).view(table, np.ones(3))
    evaluator = evaluator_of(view, table.labels)
    exits = exits_of(view, shared)
    outcome = evaluator.evaluate(shared_threshold_genomes(evaluator))
    found = {tuple(counts) for counts in outcome.exit_counts.tolist()}
    assert tuple(np.bincount(exits, minlength=3)) in found


def test_grid_over_two_gates_holds_both_gates_alone():
    table = with_stop_prob(make_table(60))
    view = get_rule("dual-threshold").view(table, np.ones(3))
    evaluator = evaluator_of(view, table.labels)
    found = {tuple(counts) for counts in evaluator.evaluate(shared_threshold_genomes(evaluator)).exit_counts.tolist()}
    lowest = view.scores[:, :2].min(axis=(0, 1))
    for stop in (0.25, 0.5, 1.0):
        assert tuple(np.bincount(exits_of(view, [stop, lowest[1]]), minlength=3)) in found
    assert (0, 0, 60) in found


def test_many_columns_that_must_all_be_reached_share_one_threshold_or_one_quantile():
    """A grid over the margins of ten labels would have more points than there is memory for."""
    table = make_label_table(60, 3, 10)
    view = get_rule("label-margins").view(table, np.ones(3))
    evaluator = PopulationEvaluator(view, table.truth, table.cost, qualities=["exact_match"])
    genomes = shared_threshold_genomes(evaluator)
    assert len(genomes) <= 2 * 60 + 1 + 24
    found = {tuple(counts) for counts in evaluator.evaluate(genomes).exit_counts.tolist()}
    least = view.scores.min(axis=2)[:, :2]
    for threshold in np.quantile(least, [0.0, 0.3, 0.9], method="lower"):
        assert tuple(np.bincount(exits_of(view, [threshold] * 10), minlength=3)) in found
    for quantile in (0, 12):
        distinct = [np.append(np.unique(view.scores[:, :2, column]), np.inf) for column in range(10)]
        own = [values[np.rint(quantile / 23 * (len(values) - 1)).astype(int)] for values in distinct]
        assert tuple(np.bincount(exits_of(view, own), minlength=3)) in found
    assert (0, 0, 60) in found
