"""A cluster that loses nodes while a sweep runs on it, on Ray's cluster of several nodes for tests."""

import random

import pytest

from tests.chaos.killing import has_ended, moments
from tests.chaos.nodes import running_cluster
from tests.chaos.outcome import outcome_of
from tests.sweeps import AT_ONCE


N_EPOCHS = 12


@pytest.mark.slow
def test_lost_nodes_change_nothing(new_sweep, n_trials, n_kills, chaos_seed):
    if n_kills <= 3:
        pytest.skip("part of make chaos")
    settings = (AT_ONCE, "search.sampler=random", f"training.epochs={N_EPOCHS}")
    calm = new_sweep("calm-nodes", *settings)
    calm.finish()
    draw = random.Random(chaos_seed)
    with running_cluster() as cluster:
        sweep = new_sweep("lost-nodes", *settings, address=cluster.address)
        n_killed = 0
        with sweep.running() as process:
            for moment in moments(n_kills, n_trials * (N_EPOCHS + 2) - 2 * N_EPOCHS, seed=chaos_seed):
                if sweep.wait_for(has_ended(process), moment):
                    cluster.kill_node(draw.randrange(2))
                    n_killed += 1
            sweep.wait(process)
    assert n_killed >= n_kills - 1
    assert "3 nodes" in sweep.output()
    found, expected = outcome_of(sweep.journal.parent, sweep.uri), outcome_of(calm.journal.parent, calm.uri)
    assert found == expected
