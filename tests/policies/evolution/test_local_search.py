import numpy as np
import pytest

from policies.evolution.budget import Budget
from policies.evolution.genome import RuleSpace
from policies.evolution.local_search import MEMBERS_PER_ROUND, expand
from policies.goals.archive import Archive
from policies.goals.goal import Goal
from tests.policies.searching import counted_evaluations, every_genome, full_accuracy
from tests.tables import make_table


@pytest.fixture(scope="module")
def space():
    table = make_table(60, 3, seed=3)
    return RuleSpace("confidence", table, np.ones(3), Goal(target=full_accuracy(table) - 0.1))


def archive_of(space, candidates):
    archive = Archive.empty(space.goal, space.n_genes)
    archive.offer(candidates, space.goal.assess(space.evaluate(candidates)))
    return archive


def closed(space):
    return np.array([[0, *(space.evaluator(0).n_levels - 1)]])


def test_one_round_finds_the_best_of_all_lines(space):
    archive = archive_of(space, closed(space))
    expand(space, archive, Budget(), rounds=1)
    top = closed(space)[0]
    lines = [[0, level, top[2]] for level in range(top[1] + 1)] + [[0, top[1], level] for level in range(top[2] + 1)]
    expected = archive_of(space, np.array(lines))
    np.testing.assert_array_equal(archive.assessment.objective, expected.assessment.objective)
    np.testing.assert_array_equal(archive.assessment.quality, expected.assessment.quality)


def test_at_the_end_no_line_through_any_member_brings_anything_new(space):
    archive = archive_of(space, closed(space))
    expand(space, archive, Budget(), rounds=100)
    assert archive.is_expanded.all()
    objective, quality = archive.assessment.objective.copy(), archive.assessment.quality.copy()
    for _, *levels in archive.candidates.copy():
        for gene, size in enumerate(space.evaluator(0).n_levels):
            neighbours = np.repeat([[0, *levels]], size, axis=0)
            neighbours[:, 1 + gene] = np.arange(size)
            archive.offer(neighbours, space.goal.assess(space.evaluate(neighbours)))
    np.testing.assert_array_equal(archive.assessment.objective, objective)
    np.testing.assert_array_equal(archive.assessment.quality, quality)


def test_while_nothing_is_feasible_it_goes_to_what_is_nearer(space):
    table = space.table
    goal = Goal(target=1.0)
    hard = RuleSpace("confidence", table, np.ones(3), goal)
    archive = archive_of(hard, np.zeros((1, 3), dtype=np.int64))
    before = archive.assessment.violation[0]
    expand(hard, archive, Budget(), rounds=20)
    genomes = every_genome(hard.evaluator(0))
    least = goal.assess(hard.evaluator(0).evaluate(genomes)).violation.min()
    assert len(archive) == 1
    assert archive.is_expanded.all()
    assert least <= archive.assessment.violation[0] < before
    assert archive.assessment.violation[0] <= least + 1 / table.n_samples


@pytest.mark.parametrize("evaluations", [0, 1, 3, 10, 1000])
def test_the_budget_is_kept(space, monkeypatch, evaluations):
    archive, budget = archive_of(space, closed(space)), Budget(evaluations=evaluations)
    with counted_evaluations(monkeypatch) as calls:
        expand(space, archive, budget, rounds=50)
    assert sum(calls) == budget.spent <= evaluations


def test_members_that_the_budget_left_out_are_searched_later(space):
    """A part of the budget ends the first pass in the middle of a round; the rest must not be forgotten."""
    reference = archive_of(space, closed(space))
    expand(space, reference, Budget(), rounds=100)
    archive, budget = archive_of(space, closed(space)), Budget(evaluations=100)
    for part in (0.05, 0.1):
        expand(space, archive, budget, rounds=100, part=part)
        assert not archive.is_expanded.all()
    expand(space, archive, Budget(), rounds=100)
    assert archive.is_expanded.all()
    np.testing.assert_array_equal(archive.assessment.objective, reference.assessment.objective)
    np.testing.assert_array_equal(archive.assessment.quality, reference.assessment.quality)


def test_a_round_takes_evenly_spaced_members_and_both_ends():
    table = make_table(400, 2, seed=1)
    space = RuleSpace("confidence", table, np.ones(2), Goal())
    archive = archive_of(space, np.array([[0, level] for level in range(space.evaluator(0).n_levels[0])]))
    assert len(archive) > MEMBERS_PER_ROUND
    expand(space, archive, Budget(), rounds=1)
    assert archive.is_expanded.sum() == MEMBERS_PER_ROUND
    assert archive.is_expanded[[0, -1]].all()
