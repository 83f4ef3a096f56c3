"""The searcher by itself: suggestions, constraint, failures, restoring. Tune's role is played by the test."""

import math

import optuna
from optuna.trial import TrialState
import pytest

from search.searcher import ConstrainedOptunaSearch, failure_reason
from search.sweep_file import load_sweep


def searcher(sampler="tpe", *assignments):
    config = load_sweep("digits", [f"search.sampler={sampler}", "search.startup_trials=4", *assignments])
    return ConstrainedOptunaSearch(config, aim=0.95)


def result(accuracy, depth, **more):
    return {"accuracy": accuracy, "mean_depth": depth, "epoch": 30, "training_iteration": 30, **more}


def suggest(one, count):
    found = []
    for i in range(count):
        found.append(one.suggest(f"t{i}"))
        one.on_trial_complete(f"t{i}", result(0.9 + 0.01 * (i % 9), 1 + i % 3))
    return found


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random", "gp"])
def test_same_seed_same_suggestions(sampler):
    first, second = suggest(searcher(sampler), 8), suggest(searcher(sampler), 8)
    assert first == second
    assert first != suggest(searcher(sampler, "seed=1"), 8)


def test_first_trials_come_first():
    params = searcher().suggest("t0")
    assert params["learning_rate_adamw"] == 0.02
    assert params["distillation"] == "none"


def test_fixed_values_are_part_of_the_suggestion():
    one = searcher("random", "space.overrides.weight_decay=0.125", "search.first_trials=[]")
    assert {one.suggest(f"t{i}")["weight_decay"] for i in range(5)} == {0.125}


def test_only_feasible_trials_are_best():
    one = searcher()
    for i, (accuracy, depth) in enumerate([(0.94, 1.0), (0.96, 2.0), (0.95, 1.5), (0.97, 2.5)]):
        one.suggest(f"t{i}")
        one.on_trial_complete(f"t{i}", result(accuracy, depth))
    best = {tuple(trial.values) for trial in one.study.best_trials}
    assert best == {(0.96, 2.0), (0.95, 1.5), (0.97, 2.5)}
    assert one.study.trials[0].user_attrs["epoch"] == 30


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_fail_the_trial_with_a_reason(value):
    one = searcher()
    one.suggest("t0")
    one.on_trial_complete("t0", result(value, 1.0))
    trial = one.study.trials[0]
    assert trial.state == TrialState.FAIL
    assert trial.user_attrs["failure"] == f"accuracy is {value}"


def test_stated_failures_and_errors_fail_the_trial():
    one = searcher()
    one.suggest("t0")
    one.on_trial_complete("t0", result(0.9, 1.0, failure="the loss is nan in epoch 3"))
    one.suggest("t1")
    one.on_trial_complete("t1", None, error=True)
    assert [trial.state for trial in one.study.trials] == [TrialState.FAIL, TrialState.FAIL]
    assert one.study.trials[0].user_attrs["failure"] == "the loss is nan in epoch 3"
    assert one.suggest("t2")


def test_restored_searcher_goes_on_as_if_nothing_had_happened(tmp_path):
    one = searcher()
    suggest(one, 6)
    one.save(str(tmp_path / "state"))
    expected = [one.suggest(f"n{i}") for i in range(3)]
    restored = searcher()
    restored.restore(str(tmp_path / "state"))
    assert [restored.suggest(f"n{i}") for i in range(3)] == expected
    assert len(restored.study.trials) == 9


def test_tpe_learns_where_to_look():
    """On a known function of one parameter, later suggestions lie nearer to the optimum than the first ones."""
    one = searcher("tpe", "search.first_trials=[]", "space.overrides.distillation=none")
    distances = []
    for i in range(40):
        params = one.suggest(f"t{i}")
        distance = abs(params["label_smoothing"] - 0.05)
        distances.append(distance)
        one.on_trial_complete(f"t{i}", result(0.99 - distance, 1 + 10 * distance))
    assert sum(distances[-10:]) < sum(distances[:10])


def test_no_failure_without_a_reason():
    assert failure_reason(result(0.9, 1.0)) == ""
    assert failure_reason(None) == ""
    assert failure_reason({}) == "accuracy is None"


def test_sampler_warnings_are_not_shown(recwarn):
    searcher("tpe")
    assert not [one for one in recwarn if issubclass(one.category, optuna.exceptions.ExperimentalWarning)]
