"""The searcher by itself: suggestions, constraint, failures, restoring. Tune's role is played by the test."""

from contextlib import ExitStack
import math

import optuna
from optuna.trial import TrialState
import pytest
from ray.tune.search import Searcher

from search.config.files import load_sweep
from search.tuning.searcher import ConstrainedSearch, failure_reason
from tests.search.trial_logs import open_log


@pytest.fixture
def searcher(tmp_path):
    """Builds searchers, each on a journal of its own unless one is named."""
    with ExitStack() as stack:
        opened = {}

        def build(sampler="tpe", *assignments, journal=None):
            config = load_sweep("digits", [f"search.sampler={sampler}", "search.startup_trials=4", *assignments])
            name = journal or f"journal-{len(opened)}"
            if name in opened:
                opened.pop(name).close()
            opened[name] = stack.enter_context(ExitStack())
            (tmp_path / name).mkdir(exist_ok=True)
            log = opened[name].enter_context(open_log(tmp_path / name, retries=config.resources.retries))
            return ConstrainedSearch(config, log)

        yield build


def result(accuracy, depth, **more):
    violation = max(0.95 - accuracy, 0.0) if math.isfinite(accuracy) else accuracy
    figures = {"accuracy": accuracy, "mean_depth": depth, "violation": violation}
    return {**figures, "epoch": 30, "training_iteration": 30, **more}


def suggest(one, count):
    return [trial(one, f"t{i}", 0.9 + 0.01 * (i % 9), 1 + i % 3) for i in range(count)]


def trial(one, tune_id, accuracy, depth, failure=""):
    """What Tune and the recorder do with a trial, from its suggestion to its end; returns its parameters."""
    params = one.suggest(tune_id)
    end(one, tune_id, params["trial"], accuracy, depth, failure)
    return params


def end(one, tune_id, name, accuracy, depth, failure=""):
    figures = result(accuracy, depth, failure=failure)
    metrics = {key: value for key, value in figures.items() if key != "failure"}
    one._log.reported(name, metrics, failure=failure_reason(figures), is_done=True)
    one.on_trial_complete(tune_id, figures)
    one._log.ended(name, failure_reason(figures))


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "random", "gp"])
def test_same_seed_same_suggestions(sampler, searcher):
    first, second = suggest(searcher(sampler), 6), suggest(searcher(sampler), 6)
    assert first == second
    assert first != suggest(searcher(sampler, "seed=1"), 6)
    assert len({params["learning_rate_adamw"] for params in first if "learning_rate_adamw" in params}) > 1


@pytest.mark.parametrize(
    ("sampler", "killed_after"),
    [*((name, after) for name in ("tpe", "nsga2", "random") for after in (1, 5, 8)), ("gp", 5)],
)
def test_a_killed_search_goes_on_as_if_nothing_had_happened(sampler, killed_after, searcher):
    total = 7 if sampler == "gp" else 10
    undisturbed = suggest(searcher(sampler), total)
    killed = searcher(sampler, journal="killed")
    found = suggest(killed, killed_after)
    lost = killed.suggest("in flight")
    again = searcher(sampler, journal="killed")
    first = again.suggest("n0")
    assert first == lost == undisturbed[killed_after]
    end(again, "n0", first["trial"], 0.9 + 0.01 * (killed_after % 9), 1 + killed_after % 3)
    for i in range(killed_after + 1, total):
        found.append(trial(again, f"n{i}", 0.9 + 0.01 * (i % 9), 1 + i % 3))
    assert [*found[:killed_after], first, *found[killed_after:]] == undisturbed
    assert {one.state for one in again.study.trials} == {TrialState.COMPLETE}
    assert len(again.study.trials) == total


def test_interrupted_trials_are_handed_out_again_and_none_is_left_running(searcher):
    one = searcher("tpe", "search.trials=6", journal="killed")
    begun = [one.suggest(f"t{i}") for i in range(4)]
    end(one, "t1", begun[1]["trial"], 0.96, 1.5)
    end(one, "t2", begun[2]["trial"], math.nan, 1.5)
    again = searcher("tpe", "search.trials=6", journal="killed")
    states = [TrialState.RUNNING, TrialState.COMPLETE, TrialState.FAIL, TrialState.RUNNING]
    assert [trial.state for trial in again.study.trials] == states
    assert [again.suggest("a"), again.suggest("b")] == [begun[0], begun[3]]
    names = [again.suggest(letter)["trial"] for letter in "cd"]
    assert names == ["trial-0005", "trial-0006"]
    assert again.suggest("e") is None
    for letter, name in zip("abcd", ("trial-0001", "trial-0004", *names), strict=True):
        end(again, letter, name, 0.96, 1.2)
    assert again.suggest("e") == Searcher.FINISHED
    states = {trial.state for trial in again.study.trials}
    assert states == {TrialState.COMPLETE, TrialState.FAIL}
    rebuilt = searcher("tpe", "search.trials=6", journal="killed").study.trials
    for before, after in zip(again.study.trials, rebuilt, strict=True):
        assert (before.state, before.values, before.params) == (after.state, after.values, after.params)
        assert before.constraints == after.constraints
        assert before.user_attrs == after.user_attrs


def test_first_trials_come_first(searcher):
    params = searcher().suggest("t0")
    assert params["trial"] == "trial-0001"
    assert params["learning_rate_adamw"] == 0.02
    assert params["distillation"] == "none"


def test_fixed_values_are_part_of_the_suggestion(searcher):
    one = searcher("random", "space.overrides.weight_decay=0.125", "search.first_trials=[]")
    assert {one.suggest(f"t{i}")["weight_decay"] for i in range(5)} == {0.125}


def test_only_feasible_trials_are_best(searcher):
    one = searcher()
    for i, (accuracy, depth) in enumerate([(0.94, 1.0), (0.96, 2.0), (0.95, 1.5), (0.97, 2.5)]):
        trial(one, f"t{i}", accuracy, depth)
    best = {tuple(trial.values) for trial in one.study.best_trials}
    assert best == {(0.96, 2.0), (0.95, 1.5), (0.97, 2.5)}
    assert one.study.trials[0].user_attrs["epoch"] == 30


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_not_finite_fail_the_trial_with_a_reason(value, searcher):
    one = searcher()
    trial(one, "t0", value, 1.0)
    failed = one.study.trials[0]
    assert failed.state == TrialState.FAIL
    assert failed.user_attrs["failure"] == f"accuracy is {value}"


def test_stated_failures_fail_the_trial(searcher):
    one = searcher()
    trial(one, "t0", 0.9, 1.0, failure="the loss is nan in epoch 3")
    assert [trial.state for trial in one.study.trials] == [TrialState.FAIL]
    assert one.study.trials[0].user_attrs["failure"] == "the loss is nan in epoch 3"
    assert one.suggest("t2")["trial"] == "trial-0002"


def test_lost_trials_are_handed_out_again_until_they_are_given_up(searcher):
    one = searcher("tpe", "resources.retries=2", "search.trials=2")
    first = one.suggest("t0")
    for number in range(2):
        one.on_trial_complete(f"t{number}", None, error=True)
        assert one.suggest(f"t{number + 1}") == first
    assert [trial.state for trial in one.study.trials] == [TrialState.RUNNING]
    one.on_trial_complete("t2", None, error=True)
    assert [trial.state for trial in one.study.trials] == [TrialState.FAIL]
    assert one.suggest("t3")["trial"] == "trial-0002"


def test_the_last_trial_may_be_lost_too(searcher):
    one = searcher("tpe", "search.trials=1")
    last = one.suggest("t0")
    assert one.suggest("t1") is None
    one.on_trial_complete("t0", None, error=True)
    assert one.suggest("t1") == last
    end(one, "t1", "trial-0001", 0.96, 1.2)
    assert one.suggest("t2") == Searcher.FINISHED


def test_tpe_learns_where_to_look(searcher):
    """On a known function of one parameter, later suggestions lie nearer to the optimum than the first ones."""
    one = searcher("tpe", "search.first_trials=[]", "space.overrides.distillation=none", "search.trials=40")
    distances = []
    for i in range(40):
        params = one.suggest(f"t{i}")
        distance = abs(params["label_smoothing"] - 0.05)
        distances.append(distance)
        end(one, f"t{i}", params["trial"], 0.99 - distance, 1 + 10 * distance)
    assert sum(distances[-10:]) < sum(distances[:10])


def test_no_failure_without_a_reason():
    assert failure_reason(result(0.9, 1.0)) == ""
    assert failure_reason(None) == ""
    assert failure_reason({}) == "accuracy is None"
    boxes = {"map_50": 0.5, "mean_depth": 2.0, "violation": 0.0}
    assert failure_reason(boxes) == ""
    assert failure_reason(boxes | {"violation": math.nan}) == "violation is nan"


def test_sampler_warnings_are_not_shown(searcher, recwarn):
    searcher("tpe").suggest("t0")
    assert not [one for one in recwarn if issubclass(one.category, optuna.exceptions.ExperimentalWarning)]
