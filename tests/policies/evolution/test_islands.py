from dataclasses import replace
import random

import numpy as np
import pytest

from policies.evolution.budget import Budget
from policies.evolution.genome import RuleSpace
from policies.evolution.islands import evolve_islands, one_after_the_other
from policies.evolution.nsga2 import PART_EVOLVING, first_archive
from policies.evolution.search import starting_candidates
from policies.evolution.settings import EvolveSettings
from policies.goals.goal import Goal
from policies.goals.pareto import hypervolume
from tests.policies.searching import counted_evaluations, full_accuracy
from tests.tables import make_table


SETTINGS = EvolveSettings(population=16, generations=10, max_levels=48)


@pytest.fixture(scope="module")
def space():
    table = make_table(150, 4, seed=3)
    return RuleSpace("confidence", table, np.ones(4), Goal(target=full_accuracy(table) - 0.1), max_levels=48)


def evolved(space, *, settings=SETTINGS, budget=None, n_islands=3, run_epoch=one_after_the_other, seed=1, epochs=None):
    budget = budget or Budget()
    starts = np.array([[0, *(space.evaluator(0).n_levels - 1)]])
    archive = first_archive(space, starts, Budget(evaluations=4))
    told = epochs if epochs is not None else []
    return evolve_islands(
        space, archive, settings, budget, seed, n_islands, run_epoch, lambda: told.append(budget.spent)
    )


def backwards(space, tasks):
    return [task.run(space) for task in reversed(tasks)][::-1]


def test_where_and_when_islands_run_changes_nothing(space):
    first, second = evolved(space), evolved(space, run_epoch=backwards)
    np.testing.assert_array_equal(first.candidates, second.candidates)
    assert evolved(space, seed=2).candidates.tolist() != first.candidates.tolist()


def test_global_random_is_untouched(space):
    random.seed(4)
    state = random.getstate()
    evolved(space)
    assert random.getstate() == state


@pytest.mark.parametrize("generations", [1, 3, 5, 12])
def test_epochs_share_out_the_generations(space, generations):
    asked = []

    def run_epoch(space, tasks):
        asked.append([task.settings.generations for task in tasks])
        return one_after_the_other(space, tasks)

    epochs = []
    evolved(
        space,
        settings=SETTINGS.model_copy(update={"generations": generations}),
        run_epoch=run_epoch,
        n_islands=2,
        epochs=epochs,
    )
    assert len(asked) == len(epochs) == min(generations, 5)
    assert [sum(own) for own in zip(*asked, strict=True)] == [generations] * 2


def test_the_best_of_each_island_go_to_the_next_one(space):
    found, guests, seeds = [], [], []

    def run_epoch(space, tasks):
        guests.append([task.migrants for task in tasks])
        seeds.extend(task.seed for task in tasks)
        results = one_after_the_other(space, tasks)
        found.append([state.archive for state, _ in results])
        return results

    archive = evolved(space, run_epoch=run_epoch)
    assert len(set(seeds)) == len(seeds)
    assert len(found) == len(guests) == 5
    assert all(len(own) == 0 for own in guests[0])
    for archives, received in zip(found, guests[1:], strict=False):
        for island, migrants in enumerate(received):
            home = archives[island - 1]
            assert 1 <= len(migrants) <= 8
            rows = [int(np.flatnonzero((home.candidates == migrant).all(axis=1))[0]) for migrant in migrants]
            assert rows[0] == 0
            assert rows[-1] == len(home) - 1
    for island in found[-1]:
        for quality, objective in zip(island.assessment.quality, island.assessment.objective, strict=True):
            assert ((archive.assessment.quality >= quality) & (archive.assessment.objective <= objective)).any()


def test_a_task_leaves_the_archive_it_begins_with_alone(space):
    before = []

    def run_epoch(space, tasks):
        before.append([task.state.archive.candidates.copy() for task in tasks])
        results = one_after_the_other(space, tasks)
        for task, candidates in zip(tasks, before[-1], strict=True):
            np.testing.assert_array_equal(task.state.archive.candidates, candidates)
        return results

    evolved(space, run_epoch=run_epoch)
    assert len(before) == 5


@pytest.mark.parametrize("evaluations", [10, 220, 500, 1000, 2000])
def test_what_evolution_may_spend_is_kept(space, monkeypatch, evaluations):
    budget = Budget(evaluations=evaluations)
    with counted_evaluations(monkeypatch) as calls:
        evolved(space, budget=budget)
    counted = sum(calls) - 1
    assert counted == budget.spent <= PART_EVOLVING * evaluations


def test_seconds_end_it(space):
    epochs = []
    evolved(space, budget=Budget(seconds=1e-9), epochs=epochs)
    assert epochs == []


def test_an_island_whose_time_ran_out_goes_on_from_its_guests(space):
    """The first epoch ends before its first population; the next one must begin all the same."""
    first = []

    def run_epoch(space, tasks):
        if not first:
            first.append(True)
            tasks = [replace(task, settings=task.settings.model_copy(update={"max_seconds": 1e-9})) for task in tasks]
        return one_after_the_other(space, tasks)

    archive = evolved(space, run_epoch=run_epoch)
    assert len(archive) > 1


def volume_of(assessment):
    return hypervolume(assessment.quality, assessment.objective, worst_quality=0.0, worst_objective=4.0)


def test_rules_with_parameters_evolve_on_islands_too():
    table = make_table(80, 3, seed=5)
    space = RuleSpace("evidence", table, np.ones(3), Goal(target=0.5), max_levels=16)
    budget = Budget()
    # From one policy, since the usual ones leave nothing to find on so small a table.
    archive = first_archive(space, starting_candidates(space, budget)[:1], budget)
    before = volume_of(archive.assessment)
    archive = evolve_islands(space, archive, SETTINGS, budget, 0, 2, one_after_the_other, lambda: None)
    assert volume_of(archive.assessment) > before
    assert (archive.assessment.violation <= 0).all()
