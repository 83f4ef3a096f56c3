"""A kind of answers from outside the packages goes the whole way of policies."""

from dataclasses import replace

import numpy as np
import pytest

from policies.baselines import BASELINES
from policies.baselines.choice import baseline_evaluator, baseline_policy
from policies.errors import ExitSearchError, PolicyError
from policies.evaluation.population import PopulationEvaluator
from policies.evolution.search import search_front
from policies.evolution.settings import EvolveSettings
from policies.goals.goal import Goal
from policies.policy import Policy
from policies.qualities import get_quality
from policies.rules import get_rule
from policies.tables.classification import ClassificationTable
from policies.tasks import get_task, load_table
from tests.tables import make_table
from tests.toys.ordinal import ERROR, NARROW, ORDINAL, OrdinalTable, make_ordinal_table


QUALITY, RULE = ORDINAL.quality, ORDINAL.baseline_rule
SETTINGS = EvolveSettings(population=8, generations=3, max_levels=64)
TABLE = make_ordinal_table()
GOAL = Goal(quality=QUALITY, target=0.45)


def errors_of(table, exits):
    return np.abs(table.grades[np.arange(table.n_samples), exits] - table.truths).mean()


def test_names_lead_to_what_they_name():
    assert get_task(TABLE.task) is ORDINAL
    assert get_rule(RULE) is NARROW
    assert get_quality(QUALITY) is ERROR


def test_a_file_says_what_kind_of_table_it_is(tmp_path):
    TABLE.save(tmp_path / "own.npz")
    make_table(70).save(tmp_path / "classes.npz")
    again = load_table(tmp_path / "own.npz")
    assert isinstance(again, OrdinalTable)
    np.testing.assert_array_equal(again.grades, TABLE.grades)
    assert isinstance(load_table(tmp_path / "classes.npz"), ClassificationTable)


def test_every_policy_is_judged_as_one_by_one():
    evaluator = PopulationEvaluator(
        NARROW.view(TABLE, np.ones(4)), TABLE.truth, TABLE.cost, max_levels=9, qualities=[QUALITY]
    )
    rng = np.random.default_rng(0)
    genomes = rng.integers(0, evaluator.n_levels, (50, 3))
    found = evaluator.evaluate(genomes)
    for row, genome in enumerate(genomes):
        exits = Policy(RULE, evaluator.thresholds(genome), (1.0,) * 4).decide(TABLE).exits
        assert found.qualities[QUALITY][row] == pytest.approx(errors_of(TABLE, exits))
        assert found.mean_depth[row] == pytest.approx(exits.mean() + 1)
    line = evaluator.line(genomes[0], 1)
    again = np.repeat(genomes[:1], evaluator.n_levels[1], axis=0)
    again[:, 1] = np.arange(len(again))
    np.testing.assert_allclose(line.qualities[QUALITY], evaluator.evaluate(again).qualities[QUALITY])


def test_the_front_gets_less_wrong_with_depth_and_meets_the_target():
    front = search_front(TABLE, np.ones(4), GOAL, rules=[RULE], settings=SETTINGS)
    assert all(point.feasible for point in front)
    assert (front.figure(QUALITY) <= 0.45).all()
    assert (np.diff(front.figure("mean_depth")) > 0).all() and (np.diff(front.figure(QUALITY)) < 0).all()
    for point in front:
        assert point.figures["mean_depth"] == pytest.approx(point.policy.decide(TABLE).exits.mean() + 1)


def test_a_target_that_nothing_reaches_gives_the_nearest():
    front = search_front(TABLE, np.ones(4), replace(GOAL, target=0.0), rules=[RULE], settings=SETTINGS)
    assert not front.is_feasible
    assert front.figure(QUALITY)[0] == pytest.approx(front.violation[0])


@pytest.mark.parametrize("name", sorted(BASELINES))
def test_baselines_choose_for_it(name):
    evaluator = baseline_evaluator(TABLE, np.ones(4), GOAL, max_levels=24)
    policy = baseline_policy(name, RULE, evaluator, np.ones(4), GOAL, evaluations=500)
    assert errors_of(TABLE, policy.decide(TABLE).exits) <= 0.45


def test_rules_and_qualities_of_other_kinds_are_refused():
    with pytest.raises(PolicyError, match="its answers are those of task 'tests.toys.ordinal:ORDINAL'"):
        search_front(TABLE, np.ones(4), GOAL, rules=["confidence"], settings=SETTINGS)
    with pytest.raises(ExitSearchError, match="quality .macro_f1. judges answers of task .classification. but"):
        search_front(TABLE, np.ones(4), Goal(quality="macro_f1", target=0.5), rules=[RULE], settings=SETTINGS)
