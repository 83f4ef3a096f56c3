import io

from optuna.trial import TrialState
import pytest
from rich.console import Console

from policies.goals.request import Request
from search.trials.records import TrialRecord
from search.tuning.progress import TrialProgress
from tests.search.trial_logs import add_trial, open_log


HALF = Request(target=0.5)


def ended(trial_id, accuracy, depth, failure=""):
    violation = max(0.95 - accuracy, 0.0)
    result = {"accuracy": accuracy, "mean_depth": depth, "violation": violation, "objective_at_target": depth}
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
        "1/4  a  accuracy 0.9400 (misses accuracy 0.95 by 0.0100) at depth 1.100  |  "
        "none at accuracy 0.95 yet, the best misses it by 0.0100" in lines[0]
    )
    assert "accuracy 0.9600 at depth 1.800  |  best depth 1.800, feasible" in lines[1]
    assert "failed: the loss is nan in epoch 2  |  best depth 1.800" in lines[2]
    assert lines[3].endswith("best depth 1.500, feasible")
    assert "left" not in printed.getvalue()


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
    assert "1 trial was finished before, 1 goes on" in printed.getvalue()
    assert "2/3  b" in printed.getvalue()
    assert "best depth 1.200, feasible" in printed.getvalue()


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
    figures["objective_at_target"] = 1.5
    with TrialProgress(Console(file=printed, width=200), n_trials=3, search_target=Request(**asked)) as progress:
        progress.trial_ended(TrialRecord("a", 0, {}, result=figures, state=TrialState.COMPLETE))
    assert line in printed.getvalue()


def test_of_a_quality_of_which_less_is_better_the_least_is_the_best():
    printed, asked = io.StringIO(), Request(budget=2.0, quality="hamming")
    with TrialProgress(Console(file=printed, width=200), n_trials=3, search_target=asked) as progress:
        for name, wrong in (("a", 0.02), ("b", 0.05)):
            figures = {"hamming": wrong, "mean_depth": 1.5, "violation": 0.0, "objective_at_target": wrong}
            progress.trial_ended(TrialRecord(name, 0, {}, result=figures, state=TrialState.COMPLETE))
    assert printed.getvalue().count("best hamming 0.020") == 2


def test_a_trial_that_was_stopped_early_is_not_the_best_though_it_is_less_deep():
    printed = io.StringIO()
    with TrialProgress(Console(file=printed, width=200), n_trials=3, search_target=HALF) as progress:
        early = ended("a", 0.96, 1.1)
        early.state = TrialState.PRUNED
        progress.trial_ended(early)
        progress.trial_ended(ended("b", 0.96, 1.5))
        progress.trial_ended(TrialRecord("c", 0, {}, state=TrialState.PRUNED))
    lines = printed.getvalue().splitlines()
    assert lines[0].endswith("|  none at accuracy 0.5 yet that is trained to its end")
    assert lines[1].endswith("|  best depth 1.500, feasible")
    assert "c  ended without a report" in lines[2]


def run_for(progress, clock, seconds, names):
    for name in names:
        progress.trial_started(TrialRecord(name, 0, {}))
        clock.append(clock.pop() + seconds)
        progress.trial_ended(ended(name, 0.96, 1.5))


def test_time_left_is_told_once_enough_have_ended_and_never_for_none():
    printed, clock = io.StringIO(), [0.0]
    progress = TrialProgress(Console(file=printed, width=200), n_trials=5, search_target=HALF, clock=lambda: clock[0])
    run_for(progress, clock, 60.0, "abcde")
    told = ["left" in line for line in printed.getvalue().splitlines()]
    assert told == [False, False, True, True, False]
    assert "|  about 2 min left" in printed.getvalue().splitlines()[2]


def test_of_a_resumed_sweep_only_what_is_left_is_counted(tmp_path):
    printed, clock = io.StringIO(), [0.0]
    with open_log(tmp_path) as log:
        for _ in range(5):
            add_trial(log, 0.9, 1.2)
        progress = TrialProgress(
            Console(file=printed, width=200), n_trials=10, search_target=HALF, clock=lambda: clock[0]
        )
        progress.begin(log)
        run_for(progress, clock, 60.0, "abc")
    assert printed.getvalue().splitlines()[-1].endswith("|  about 2 min left")


@pytest.mark.parametrize(
    ("width", "height", "is_drawn"), [(80, 24, True), (40, 24, True), (39, 24, False), (80, 12, False)]
)
def test_a_terminal_with_room_gets_a_picture(width, height, is_drawn):
    printed = io.StringIO()
    console = Console(file=printed, width=width, height=height, force_terminal=True)
    with TrialProgress(console, n_trials=2, search_target=HALF) as progress:
        progress.trial_ended(ended("a", 0.96, 1.5))
        assert "accuracy by depth" not in printed.getvalue()
        progress.trial_ended(ended("b", 0.97, 1.8))
    assert ("accuracy by depth" in printed.getvalue()) == is_drawn


def test_a_terminal_of_ascii_alone_gets_a_bar_without_a_picture():
    printed = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=printed, width=80, height=24, force_terminal=True)
    with TrialProgress(console, n_trials=2, search_target=HALF) as progress:
        progress.trial_ended(ended("a", 0.96, 1.5))
        progress.trial_ended(ended("b", 0.97, 1.8))
    printed.flush()
    told = printed.buffer.getvalue().decode("ascii")
    assert "best depth 1.500, feasible" in told and "2/2" in told
    assert "accuracy by depth" not in told


def test_a_pipe_gets_lines_alone():
    printed = io.StringIO()
    with TrialProgress(Console(file=printed, width=80), n_trials=2, search_target=HALF) as progress:
        progress.trial_ended(ended("a", 0.96, 1.5))
    assert len(printed.getvalue().splitlines()) == 1
    assert "\x1b" not in printed.getvalue()
