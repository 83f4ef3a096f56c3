import random

import numpy as np
import pytest

from policies.evolution.budget import Budget
from policies.evolution.genome import RuleSpace
from policies.evolution.nsga2 import ConstrainedFitness, Evolution, finish, first_archive
from policies.evolution.settings import EvolveSettings
from policies.goals.archive import Archive
from policies.goals.goal import Goal
from policies.goals.pareto import hypervolume
from tests.policies.searching import counted_evaluations, full_accuracy
from tests.tables import make_table


FAST = EvolveSettings(population=16, generations=20, patience=20, max_levels=64)


def space_of(n_exits=3, *, rule="confidence", target=None, seed=2, bounds=None):
    table = make_table(120, n_exits, seed=seed)
    goal = Goal(target=full_accuracy(table) - 0.1 if target is None else target, bounds=bounds or {})
    return RuleSpace(rule, table, np.ones(n_exits), goal, max_levels=FAST.max_levels)


def archive_of(space):
    archive = Archive.empty(space.goal, space.n_genes)
    closed = np.array([[0, *(space.evaluator(0).n_levels - 1)]])
    archive.offer(closed, space.goal.assess(space.evaluate(closed)))
    return archive


def evolution_of(space, *, settings=FAST, budget=None):
    return Evolution(space, archive_of(space), settings, budget or Budget())


def fitness(violation, quality, objective):
    one = ConstrainedFitness()
    one.violation = violation
    one.values = (quality, objective)
    return one


def test_constrained_fitness_follows_debs_rule():
    feasible_deep, feasible_shallow = fitness(0, 0.96, 3.0), fitness(0, 0.96, 2.0)
    near, far = fitness(0.01, 0.94, 1.0), fitness(0.2, 0.75, 1.0)
    assert feasible_shallow.dominates(feasible_deep)
    assert feasible_deep.dominates(near)
    assert not near.dominates(feasible_deep)
    assert near.dominates(far)
    assert not fitness(0, 0.99, 2.5).dominates(feasible_shallow)
    assert not feasible_shallow.dominates(fitness(0, 0.96, 2.0))


def test_policies_that_differ_in_violation_alone_are_sorted_apart():
    """NSGA-II puts equal fitnesses into one group; a bound that only one of them meets must keep them apart."""
    same, other = fitness(0.0, 0.9, 2.0), fitness(0.1, 0.9, 2.0)
    assert same != other
    assert len({same, other, fitness(0.0, 0.9, 2.0)}) == 2


@pytest.mark.parametrize(
    ("rule", "n_exits"), [("confidence", 2), ("confidence", 4), ("evidence", 1), ("evidence", 3), ("mixture", 3)]
)
def test_population_stays_within_the_genes_limits(rule, n_exits):
    space = space_of(n_exits, rule=rule)
    evolution = evolution_of(space)
    evolution.run(1, 10)
    assert len(evolution.population) == FAST.population
    limits = np.array(space.gene_limits)
    genes = np.array([list(genome) for genome in evolution.population])
    assert genes.shape[1] == len(limits)
    assert (genes >= 0).all()
    assert (genes <= limits).all()
    assert all(isinstance(gene, int) for genome in evolution.population for gene in genome)


def test_fitness_is_what_the_goal_says_and_nobody_is_better_than_the_archive():
    space = space_of(bounds={"macro_f1": 0.7})
    evolution = evolution_of(space)
    evolution.run(1, 15)
    genes = np.array([list(genome) for genome in evolution.population])
    judged = space.goal.assess(space.evaluate(space.candidates(genes)))
    found = evolution.archive.assessment
    for row, genome in enumerate(evolution.population):
        assert genome.fitness.values == (judged.quality[row], judged.objective[row])
        assert genome.fitness.violation == judged.violation[row]
        if judged.violation[row] <= 0:
            assert ((found.quality >= judged.quality[row]) & (found.objective <= judged.objective[row])).any()


def test_generations_improve_on_the_first_population():
    space = space_of(4)
    first, later = evolution_of(space), evolution_of(space)
    first.run(3, 1)
    later.run(3, 20)
    volumes = [
        hypervolume(
            e.archive.assessment.quality, e.archive.assessment.objective, worst_quality=0.0, worst_objective=5.0
        )
        for e in (first, later)
    ]
    assert volumes[1] > volumes[0]


def test_without_a_choice_there_is_nothing_to_evolve():
    evolution = evolution_of(space_of(1))
    evolution.run(0, 5)
    assert evolution.population == []
    assert len(evolution.archive) == 1


def test_same_seed_same_population_and_the_global_generator_is_put_back():
    space = space_of()
    first, second, other = (evolution_of(space) for _ in range(3))
    random.seed(11)
    state = random.getstate()
    first.run(5, 6)
    assert random.getstate() == state
    random.seed(12)
    second.run(5, 6)
    other.run(6, 6)
    assert first.population == second.population
    assert first.population != other.population


@pytest.mark.parametrize("target", [1.0, None])
def test_stalled_counts_generations_without_progress_feasible_or_not(target):
    """While nothing is feasible, progress is less violation, whatever it does to the dominated area."""
    space = space_of(4, target=target, seed=1)
    evolution = evolution_of(space, settings=EvolveSettings(population=4, generations=60, patience=60, max_levels=64))
    expected, n_better = 0, 0
    evolution.run(2, 1)
    expected = evolution.stalled
    for generation in range(60):
        before = evolution.archive.assessment
        evolution.run(100 + generation, 1)
        after = evolution.archive.assessment
        is_better = after.violation.min() < before.violation.min() or (
            after.violation.min() == before.violation.min() and volume_of(after) > volume_of(before)
        )
        expected = 0 if is_better else expected + 1
        n_better += is_better
        if expected <= 60:
            assert evolution.stalled == expected
    assert n_better > 0


def volume_of(assessment):
    return hypervolume(assessment.quality, assessment.objective, worst_quality=0.0, worst_objective=4.2)


def test_patience_ends_it():
    space = space_of(2)
    seen = []
    evolution = evolution_of(space, settings=EvolveSettings(population=16, patience=3, max_levels=64))
    evolution.run(0, 500, lambda: seen.append(evolution.stalled))
    assert len(seen) < 500
    assert seen[-3:] == [1, 2, 3]
    assert 3 not in seen[:-1]


@pytest.mark.parametrize("evaluations", [1, 15, 16, 40, 200])
def test_evaluations_are_counted_and_kept_to(monkeypatch, evaluations):
    budget = Budget(evaluations=evaluations)
    evolution = evolution_of(space_of(), budget=budget)
    with counted_evaluations(monkeypatch) as calls:
        evolution.run(0, 20)
    assert sum(calls) == budget.spent <= evaluations


def test_guests_are_taken_in_and_only_good_ones_renew_patience(monkeypatch):
    space = space_of()
    budget = Budget()
    evolution = evolution_of(space, budget=budget)
    evolution.run(0, 5)
    evolution.stalled = 7
    known = evolution.archive.candidates[:3]
    spent = budget.spent
    with counted_evaluations(monkeypatch) as calls:
        evolution.welcome(known)
    assert sum(calls) == budget.spent - spent == 3
    assert len(evolution.population) == FAST.population
    assert evolution.stalled == 7
    better = first_archive(space, known, Budget())
    finish(space, better, Budget())
    evolution.welcome(better.candidates)
    assert evolution.stalled == 0
    assert volume_of(evolution.archive.assessment) >= volume_of(better.assessment)
    evolution.run(1, 2)


def test_a_guest_nearer_to_feasible_is_progress_though_its_area_is_smaller():
    space = space_of(4, target=1.0)
    archive = Archive.empty(space.goal, space.n_genes)
    bold = np.zeros((1, 4), dtype=np.int64)
    archive.offer(bold, space.goal.assess(space.evaluate(bold)))
    evolution = Evolution(space, archive, FAST, Budget())
    before = evolution.archive.assessment
    evolution.stalled = 7
    evolution.welcome(np.array([[0, *(space.evaluator(0).n_levels - 1)]]))
    after = evolution.archive.assessment
    assert 0 < after.violation[0] < before.violation[0]
    assert volume_of(after) < volume_of(before)
    assert evolution.stalled == 0


def test_guests_may_come_before_the_first_population():
    space = space_of()
    evolution = evolution_of(space)
    guest = np.array([[0, 3, 4]])
    evolution.welcome(guest)
    evolution.run(0, 2)
    assert len(evolution.population) == FAST.population


def test_the_first_archive_has_searched_the_lines_through_the_best():
    space = space_of()
    starts = np.column_stack([np.zeros(60, dtype=int), np.arange(60), np.arange(60)])
    alone = Archive.empty(space.goal, space.n_genes)
    alone.offer(starts, space.goal.assess(space.evaluate(starts)))
    archive = first_archive(space, starts, Budget())
    assert archive.is_expanded.any()
    assert volume_of(archive.assessment) > volume_of(alone.assessment)


@pytest.mark.parametrize("evaluations", [1, 4, 100, 1000])
def test_the_first_archive_takes_a_quarter_of_the_budget_at_most(monkeypatch, evaluations):
    space = space_of()
    starts = np.column_stack([np.zeros(60, dtype=int), np.arange(60), np.arange(60)])
    budget = Budget(evaluations=evaluations)
    with counted_evaluations(monkeypatch) as calls:
        archive = first_archive(space, starts, budget)
    assert sum(calls) == budget.spent <= max(evaluations / 4, 1)
    assert len(archive) >= 1
