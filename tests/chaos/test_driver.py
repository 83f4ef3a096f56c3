"""A driver that is killed at any moment and resumed gives what an undisturbed one gives.

So do sweeps with the same seed and one worker: what is killed has the seed of what it is compared with.
"""

from dataclasses import replace
import json

import pytest

from tests.chaos.killing import N_EPOCHS, ONE_AT_A_TIME, kill_driver_at, moments, progress
from tests.chaos.outcome import outcome_of
from tests.sweeps import AT_ONCE


SEVERAL = (AT_ONCE, "search.sampler=random", "search.scheduler=asha", "search.grace_epochs=1", "search.reduction=2")


def outcome(sweep):
    return outcome_of(sweep.journal.parent, sweep.uri)


def test_an_undisturbed_sweep_is_complete(undisturbed, n_trials):
    found = outcome(undisturbed)
    assert list(found.params) == [f"trial-{number:04d}" for number in range(1, n_trials + 1)]
    assert len({json.dumps(params, sort_keys=True) for params in found.params.values()}) == n_trials
    assert all(steps == [*range(1, N_EPOCHS + 1)] for steps in found.steps.values())
    assert {status for _, status in found.statuses} == {"FINISHED"}
    assert found.states == {"COMPLETE": n_trials}


def test_a_killed_driver_changes_nothing(undisturbed, new_sweep, n_kills, chaos_seed):
    killed = new_sweep("killed", *ONE_AT_A_TIME)
    chosen = moments(n_kills, progress(undisturbed.journal), seed=chaos_seed)
    n_killed = kill_driver_at(killed, chosen)
    assert n_killed >= max(n_kills - 1, 1), killed.output()
    assert outcome(killed) == outcome(undisturbed)


@pytest.mark.slow
def test_a_killed_driver_with_several_trials_at_once_and_halving_loses_nothing(
    new_sweep, n_trials, n_kills, chaos_seed
):
    """Their order is chance, so number and identity are compared, and what the sampler draws from the seed alone."""
    if n_kills <= 3:
        pytest.skip("part of make chaos")
    calm, killed = new_sweep("calm", *SEVERAL), new_sweep("killed-several", *SEVERAL, address="local")
    calm.finish()
    kill_driver_at(killed, moments(n_kills, progress(calm.journal), seed=chaos_seed + 1))
    found, expected = outcome(killed), outcome(calm)
    assert found.params == expected.params
    assert found.statuses["sweep", "FINISHED"] == 1
    assert found.statuses["trial", "FINISHED"] == n_trials
    assert {status for _, status in found.statuses} == {"FINISHED"}
    assert sum(found.states.values()) == found.states["COMPLETE"] == n_trials
    for trial_id, steps in found.steps.items():
        assert steps == [*range(1, len(steps) + 1)]
        if len(steps) == len(expected.steps[trial_id]):
            assert found.results[trial_id] == expected.results[trial_id]


@pytest.mark.slow
def test_a_finished_sweep_is_not_changed_by_resuming_it(undisturbed, n_kills):
    if n_kills <= 3:
        pytest.skip("part of make chaos")
    before = outcome(undisturbed)
    undisturbed.finish()
    after = outcome(undisturbed)
    assert replace(after, summary={}) == replace(before, summary={})
    assert after.summary["selected"] == before.summary["selected"]
