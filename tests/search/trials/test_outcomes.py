from pathlib import Path

from optuna.trial import TrialState

from policies.goals.request import Request
from search.config.first_trials import FirstTrial
from search.trials.outcomes import best_trials, collect_trials, networks_of, trial_counts, trial_points
from tests.search.trial_logs import add_trial, open_log


def outcomes(log):
    return collect_trials(log, checkpoints=Path("checkpoints"))


def test_a_trial_that_goes_on_is_not_counted(tmp_path):
    with open_log(tmp_path) as log:
        add_trial(log, epoch=3, ended=False)
        assert outcomes(log) == []


def test_ends_are_told_apart(tmp_path):
    with open_log(tmp_path) as log:
        add_trial(log)
        add_trial(log, epoch=4)
        add_trial(log, float("nan"), epoch=2, failure="the loss is nan")
        died = log.suggested(3, {}, {})
        log.ended(died.trial_id, "no memory")
        found = outcomes(log)
    ends = [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.FAIL]
    assert [trial.state for trial in found] == ends
    assert [trial.failure for trial in found] == ["", "", "the loss is nan", "no memory"]
    assert trial_counts(found) == {"started": 4, "complete": 1, "pruned": 1, "fail": 2}
    assert found[0].checkpoints == Path("checkpoints/trial-0001")
    assert trial_points(found, Request(target=0.5))["trial_id"].tolist() == ["trial-0001", "trial-0002"]


def test_names_are_those_of_the_sweep_file(tmp_path):
    with open_log(tmp_path) as log:
        add_trial(log)
        add_trial(log)
        first = [FirstTrial(name="study", is_baseline=True, alpha=0.5)]
        found = collect_trials(log, checkpoints=tmp_path, first=first)
    assert first[0].params == {"alpha": 0.5}
    assert [trial.label for trial in found] == ["study", ""]
    assert [one.label for one in networks_of(found, [3])] == ["study", "trial-0002"]
    assert [one.label for one in networks_of(found, [3, 4])][1:3] == ["study-seed-4", "trial-0002-seed-3"]


def test_best_trials_are_fully_trained_and_ties_keep_their_order(tmp_path):
    with open_log(tmp_path) as log:
        add_trial(log, mean_depth=1.5)
        add_trial(log, mean_depth=1.0, epoch=4)
        add_trial(log, mean_depth=1.5)
        add_trial(log, mean_depth=1.2)
        found = outcomes(log)
    assert [trial.trial_id for trial in best_trials(found, 2)] == ["trial-0004", "trial-0001"]
