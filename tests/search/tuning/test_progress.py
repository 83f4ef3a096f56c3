import io

from optuna.trial import TrialState
import pytest
from rich.console import Console

from policies.goals.request import Request
from search.trials.log import TrialRecord
from search.tuning.progress import TrialProgress
from tests.search.trial_logs import add_trial, open_log


HALF = Request(target=0.5)


def ended(trial_id, accuracy, depth, failure=""):
    result = {"accuracy": accuracy, "mean_depth": depth, "violation": max(0.95 - accuracy, 0.0)}
    return TrialRecord(
        trial_id, 0, {}, result=result, state=TrialState.FAIL if failure else TrialState.COMPLETE, failure=failure
    )


def test_one_line_a_trial_with_what_it_reached_and_the_best_so_far(tmp_path):
    printed = io.StringIO()
    with (
        open_log(tmp_path) as log,
        TrialProgress(Console(file=printed, width=60), n_trials=4, search_target=Request(target=0.95)) as progress,
    ):
        progress.begin(log)
        progress.trial_ended(ended("a", 0.94, 1.1))
        progress.trial_ended(ended("b", 0.96, 1.8))
        progress.trial_ended(TrialRecord("c", 0, {}, state=TrialState.FAIL, failure="the loss is nan in epoch 2"))
        progress.trial_ended(ended("d", 0.95, 1.5))
    lines = printed.getvalue().splitlines()
    assert len(lines) == 4
    assert (
        "1/4  a  accuracy 0.9400 (misses accuracy 0.95 by 0.0100) at depth 1.100  |  none at accuracy 0.95 yet"
        in lines[0]
    )
    assert "accuracy 0.9600 at depth 1.800  |  best depth 1.800" in lines[1]
    assert "failed: the loss is nan in epoch 2  |  best depth 1.800" in lines[2]
    assert "best depth 1.500  |  0:00:00 left" in lines[3]


def test_resumed_sweep_counts_what_was_finished(tmp_path):
    printed = io.StringIO()
    with (
        open_log(tmp_path) as log,
        TrialProgress(Console(file=printed), n_trials=3, search_target=HALF) as progress,
    ):
        add_trial(log, 0.9, 1.2)
        add_trial(log, 0.9, 1.1, ended=False)
        progress.begin(log)
        progress.trial_ended(ended("b", 0.95, 2.0))
    assert "1 trials were finished before, 1 go on" in printed.getvalue()
    assert "2/3  b" in printed.getvalue()
    assert "best depth 1.200" in printed.getvalue()


def test_a_fault_of_a_machine_is_told():
    printed = io.StringIO()
    with TrialProgress(Console(file=printed), n_trials=3, search_target=HALF) as progress:
        progress.trial_retried(TrialRecord("trial-0002", 1, {}), "the actor died")
    assert "trial-0002  goes on from its last epoch after a fault: the actor died" in printed.getvalue()


def test_a_terminal_gets_a_bar(tmp_path):
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True)
    with (
        open_log(tmp_path) as log,
        TrialProgress(console, n_trials=2, search_target=HALF) as progress,
    ):
        progress.begin(log)
        progress.trial_ended(ended("a", 0.9, 1.2))
    assert "1/2" in printed.getvalue()
    assert "\x1b[" in printed.getvalue()


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"target": 0.8, "objective": "cost"}, "accuracy 0.9000 at cost 0.400  |  best cost 0.400"),
        ({"target": 0.8, "quality": "macro_f1"}, "macro f1 0.8500 at depth 1.500  |  best depth 1.500"),
        ({"budget": 2.0}, "accuracy 0.9000 at depth 1.500  |  best accuracy 0.900"),
    ],
)
def test_what_was_asked_for_is_what_is_shown(asked, line):
    printed = io.StringIO()
    figures = {"accuracy": 0.9, "macro_f1": 0.85, "mean_depth": 1.5, "mean_cost": 0.4, "violation": 0.0}
    with TrialProgress(Console(file=printed, width=200), n_trials=3, search_target=Request(**asked)) as progress:
        progress.trial_ended(TrialRecord("a", 0, {}, result=figures, state=TrialState.COMPLETE))
    assert line in printed.getvalue()


def test_of_a_quality_of_which_less_is_better_the_least_is_the_best():
    printed, asked = io.StringIO(), Request(budget=2.0, quality="hamming")
    with TrialProgress(Console(file=printed, width=200), n_trials=3, search_target=asked) as progress:
        for name, wrong in (("a", 0.02), ("b", 0.05)):
            figures = {"hamming": wrong, "mean_depth": 1.5, "violation": 0.0}
            progress.trial_ended(TrialRecord(name, 0, {}, result=figures, state=TrialState.COMPLETE))
    assert printed.getvalue().count("best hamming 0.020") == 2
