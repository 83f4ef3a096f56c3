"""Trials whose processes are killed go on from their last epoch, in the same sweep."""

import os

from tests.chaos.killing import (
    N_EPOCHS,
    ONE_AT_A_TIME,
    Moment,
    kill_workers_at,
    moments,
    trial_workers,
)
from tests.chaos.outcome import outcome_of


BETWEEN_TRIALS = Moment(N_EPOCHS + 2, 0.0)


def test_killed_workers_change_nothing(undisturbed, new_sweep, n_trials, n_kills, chaos_seed):
    killed = new_sweep("killed-workers", *ONE_AT_A_TIME)
    # Not in the last trial: nobody trains any more when policies are searched.
    n_events = (n_trials - 1) * (N_EPOCHS + 2)
    # None late: the epochs are so short that the sweep would be over.
    drawn = [Moment(one.n_events, min(one.seconds, 0.3)) for one in moments(n_kills, n_events, seed=chaos_seed)]
    chosen = sorted([*drawn, BETWEEN_TRIALS], key=lambda moment: moment.n_events)
    n_killed = kill_workers_at(killed, chosen, lambda: trial_workers(os.getpid()), seed=chaos_seed)
    assert n_killed >= max(len(chosen) - 1, 2)
    assert killed.output().count("goes on from its last epoch after a fault") >= n_killed - 1
    assert outcome_of(killed.journal.parent, killed.uri) == outcome_of(undisturbed.journal.parent, undisturbed.uri)
