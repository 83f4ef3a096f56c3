"""Baselines without a search, against slow and obvious references."""

from itertools import pairwise
import math

from hypothesis import given, settings
import numpy as np
import pytest

from policies.baselines import BASELINES
from policies.baselines.full_network import full_network
from policies.goals.goal import Goal
from policies.policy import Policy, first_open_exit
from tests.policies.searching import awkward_evaluators, evaluator_of, full_accuracy, ranks
from tests.tables import make_table


def visit(name, evaluator, goal=None, *, evaluations=1000):
    return BASELINES[name].visit(evaluator, goal or Goal(), evaluations=evaluations, rng=np.random.default_rng(0))


def exits_of(evaluator, genome):
    return first_open_exit(
        evaluator.view, np.asarray(evaluator.thresholds(genome)).reshape(-1, evaluator.view.n_columns)
    )


def test_full_network_leaves_at_the_last_exit():
    table = make_table(60, 4)
    evaluator = evaluator_of(table, Goal())
    (genome,) = visit("full_network", evaluator)
    assert (exits_of(evaluator, genome) == 3).all()
    assert (full_network(table, np.ones(4)).decide(table).exits == 3).all()
    assert evaluator.thresholds(genome) == ((math.inf,),) * 3


def test_best_single_exit_sends_everybody_to_one_exit():
    table = make_table(200, 4, seed=3)
    evaluator = evaluator_of(table, Goal())
    visited = visit("best_single_exit", evaluator)
    assert [set(exits_of(evaluator, genome)) for genome in visited] == [{0}, {1}, {2}, {3}]
    accuracy = (table.logits.argmax(axis=2) == table.labels[:, None]).mean(axis=0)
    for target in (0.0, accuracy[1], accuracy[2], 0.5 * (accuracy[1] + accuracy[2])):
        goal = Goal(target=target)
        best = visited[goal.best(goal.assess(evaluator.evaluate(visited)))]
        assert set(exits_of(evaluator, best)) == {int(np.flatnonzero(accuracy >= target)[0])}


@pytest.mark.parametrize("drop", [0.0, 0.03, 0.1])
def test_greedy_is_the_shallowest_feasible_shared_threshold(drop):
    table = make_table(200, 3, seed=4)
    goal = Goal(target=full_accuracy(table) - drop)
    evaluator = evaluator_of(table, goal)
    best = min(ranks(goal, evaluator, visit("greedy_shared_threshold", evaluator, goal)))
    scores = np.unique(evaluator.view.scores[:, :-1])
    for tau in [*scores, math.inf]:
        accuracy, depth = shared_threshold_figures(table, tau)
        assert best <= (max(goal.target - accuracy, 0.0), depth + 1e-12, -accuracy)
    assert best[0] == 0


def test_greedy_out_of_reach_is_the_most_accurate_shared_threshold():
    table = make_table(200, 3, seed=4)
    goal = Goal(target=1.0)
    evaluator = evaluator_of(table, goal)
    best = min(ranks(goal, evaluator, visit("greedy_shared_threshold", evaluator, goal)))
    for tau in np.linspace(0, 1, 300):
        assert shared_threshold_figures(table, tau)[0] <= -best[2] + 1e-12


def shared_threshold_figures(table, tau):
    decision = Policy("confidence", (tau, tau), (1.0, 1.0, 1.0)).decide(table)
    return float((decision.answers == table.labels).mean()), float(decision.exits.mean() + 1)


@settings(max_examples=40, deadline=None)
@given(evaluator=awkward_evaluators())
def test_greedy_tries_every_shared_threshold(evaluator):
    early = evaluator.view.scores[:, :-1]
    taken = {tuple(exits_of(evaluator, genome)) for genome in visit("greedy_shared_threshold", evaluator)}
    for tau in [*np.unique(early), math.inf]:
        assert tuple(first_open_exit(evaluator.view, np.full((evaluator.n_exits - 1, 1), tau))) in taken


@pytest.mark.parametrize("n_exits", [2, 3, 5])
def test_geometric_shares_fall_or_rise_by_a_constant_factor(n_exits):
    table = make_table(400, n_exits, seed=6)
    evaluator = evaluator_of(table, Goal())
    mixes = [
        tuple(np.bincount(exits_of(evaluator, genome), minlength=n_exits)) for genome in visit("geometric", evaluator)
    ]
    expected = {geometric_mix(evaluator.view.scores[:, :, 0], q) for q in np.geomspace(0.02, 50, 101)}
    assert set(mixes) == expected
    ratios = [[b / a for a, b in pairwise(count for count in mix if count > 40)] for mix in mixes]
    several = [own for own in ratios if len(own) > 1]
    assert len(several) == {2: 0, 3: 23, 5: 23}[n_exits]
    for own in several:
        assert own == pytest.approx([np.mean(own)] * len(own), rel=0.08)


def geometric_mix(scores, q):
    """How many samples leave at each exit: at each, as many of the surest that are still there as its share says."""
    n_samples, n_exits = scores.shape
    shares = [q**k / sum(q**j for j in range(n_exits)) for k in range(n_exits)]
    here, mix, gone = set(range(n_samples)), [], 0
    for k in range(n_exits - 1):
        wanted = int(np.rint(sum(shares[: k + 1]) * n_samples)) - gone
        left = sorted(here, key=lambda i, k=k: -scores[i, k])[: max(wanted, 0)]
        if left:
            left = [i for i in here if scores[i, k] >= scores[left[-1], k]]
        here -= set(left)
        gone += len(left)
        mix.append(len(left))
    return (*mix, len(here))
