import numpy as np
import pytest

from policies.evolution.genome import RuleSpace
from policies.evolution.plain import plain_archive, plain_genomes
from policies.goals.goal import Goal
from policies.pooling.answering import Answering, Level
from tests.tables import make_table


def space(n_exits=3, *, level=Level.SAMPLE, rule="confidence"):
    table = make_table(300, n_exits, seed=2)
    if level is not Level.SAMPLE:
        ids = np.array([f"{row // 3}#{row % 3}" for row in range(300)])
        labels = np.repeat(table.labels[::3], 3)
        table = type(table)(logits=table.logits, labels=labels, cost=table.cost, ids=ids)
        table = table.answered(Answering(level=level, pooling="mean"))
    return RuleSpace(rule, table, np.ones(n_exits), Goal(target=0.3), max_levels=1000)


def test_every_policy_has_one_gate_or_one_threshold_for_all():
    own = space()
    evaluator = own.evaluator(0)
    genomes = plain_genomes(evaluator)
    closed = evaluator.n_levels - 1
    n_open = (genomes < closed).sum(axis=1)
    assert {0, 1, 2} == {*n_open}
    scores = evaluator.view.scores[:, :2, 0]
    for genome in genomes[n_open == 2]:
        leaves = scores >= np.array(evaluator.thresholds(genome))[:, 0]
        # Some one threshold lets go at both exits those that leave there.
        assert (leaves == (scores >= scores[leaves].min())).all()
    assert {tuple(row) for row in genomes[n_open == 1] < closed} == {(True, False), (False, True)}


def test_what_is_read_is_tried_with_each_of_them():
    evaluator = space(level=Level.READING).evaluator(0)
    genomes = plain_genomes(evaluator)
    full_depth = genomes[(genomes[:, :2] == evaluator.n_levels[:2] - 1).all(axis=1)]
    assert len(full_depth) == len(evaluator.at_full_depth())
    assert len({*genomes[:, -1]}) > 2


@pytest.mark.parametrize("n_exits", [1, 2])
def test_few_exits(n_exits):
    assert len(plain_genomes(space(n_exits).evaluator(0))) >= 1


def test_the_archive_holds_those_that_no_other_beats():
    own = space()
    archive = plain_archive(own)
    found = own.goal.assess(own.evaluate(archive.candidates))
    worse = (found.quality[:, None] <= found.quality) & (found.objective[:, None] > found.objective)
    assert not worse.any()
