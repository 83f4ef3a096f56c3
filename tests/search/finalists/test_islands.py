import numpy as np

from policies.evolution.search import search_front
from policies.evolution.settings import EvolveSettings
from policies.goals.goal import Goal
from search.finalists.islands import RayIslands
from tests.tables import make_table


SETTINGS = EvolveSettings(population=16, generations=5, max_levels=32)
GOAL = Goal(target=0.6, bounds={"macro_f1": 0.5})


def searched(table, **options):
    return search_front(
        table, np.ones(3), GOAL, rules=("confidence", "evidence"), settings=SETTINGS, islands=2, seed=3, **options
    )


def test_islands_on_a_cluster_find_what_they_find_in_one_process(ray_session):
    table = make_table(120, 3, seed=1)
    epochs = []
    here = searched(table)
    there = searched(table, run_epoch=RayIslands(), on_generation=epochs.append)
    assert there.policies == here.policies
    assert there.figure("accuracy").tolist() == here.figure("accuracy").tolist()
    assert there.violation.tolist() == here.violation.tolist()
    assert set(epochs) == {"confidence", "evidence"}


def test_one_spread_serves_several_searches(ray_session):
    """A second table must never be searched with what was sent for the first one."""
    run_epoch = RayIslands()
    for seed in (1, 2, 3):
        table = make_table(60, 3, seed=seed)
        here, there = searched(table), searched(table, run_epoch=run_epoch)
        assert there.policies == here.policies
