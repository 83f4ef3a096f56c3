"""Trials whose processes are killed go on from their last epoch, in the same sweep."""

import os

from tests.chaos.killing import Moment, kill_workers_at, moments, trial_workers
from tests.chaos.outcome import outcome_of


N_TRIALS, N_EPOCHS = 4, 12
# Every kind of event of a trial, but not those of policies: then nobody trains any more.
N_EVENTS = N_TRIALS * (N_EPOCHS + 2)
BETWEEN_TRIALS = Moment(N_EPOCHS + 2, 0.0)


def test_killed_workers_change_nothing(new_sweep, n_kills, chaos_seed):
    sizes = (f"search.trials={N_TRIALS}", f"training.epochs={N_EPOCHS}", "policy.rules=[confidence]")
    settings = ("resources.concurrent=1", *sizes)
    calm, killed = new_sweep("calm-workers", *settings), new_sweep("killed-workers", *settings)
    calm.finish()
    chosen = [moment for moment in moments(n_kills, N_EVENTS - N_EPOCHS, seed=chaos_seed) if moment.n_events > 1]
    chosen = sorted([*chosen, BETWEEN_TRIALS], key=lambda moment: moment.n_events)
    n_killed = kill_workers_at(killed, chosen, lambda: trial_workers(os.getpid()), seed=chaos_seed)
    assert n_killed >= len(chosen) - 1
    assert killed.output().count("goes on from its last epoch after a fault") >= n_killed - 1
    assert outcome_of(killed.journal.parent, killed.uri) == outcome_of(calm.journal.parent, calm.uri)
