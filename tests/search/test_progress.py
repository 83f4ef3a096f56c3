import io

from rich.console import Console

from search.progress import TrialProgress
from search.record import TrialRecord
from tests.search.records import add_trial, open_record


def ended(trial_id, accuracy, depth, failure=""):
    result = {"accuracy": accuracy, "mean_depth": depth}
    return TrialRecord(trial_id, 0, {}, result=result, has_ended=True, failure=failure)


def test_one_line_a_trial_with_what_it_reached_and_the_best_so_far(tmp_path):
    printed = io.StringIO()
    with (
        open_record(tmp_path) as record,
        TrialProgress(Console(file=printed, width=60), n_trials=4, aim=0.95) as progress,
    ):
        progress.begin(record)
        progress.trial_ended(ended("a", 0.94, 1.1))
        progress.trial_ended(ended("b", 0.96, 1.8))
        progress.trial_ended(TrialRecord("c", 0, {}, has_ended=True, failure="the loss is nan in epoch 2"))
        progress.trial_ended(ended("d", 0.95, 1.5))
    lines = printed.getvalue().splitlines()
    assert len(lines) == 4
    assert "1/4  a  accuracy 0.9400 (below 0.9500) at depth 1.100  |  none at 0.9500 yet" in lines[0]
    assert "accuracy 0.9600 at depth 1.800  |  best depth 1.800" in lines[1]
    assert "failed: the loss is nan in epoch 2  |  best depth 1.800" in lines[2]
    assert "best depth 1.500  |  0:00:00 left" in lines[3]


def test_resumed_sweep_counts_what_was_finished(tmp_path):
    printed = io.StringIO()
    with open_record(tmp_path) as record, TrialProgress(Console(file=printed), n_trials=3, aim=0.5) as progress:
        add_trial(record, 0.9, 1.2)
        add_trial(record, 0.9, 1.1, ended=False)
        progress.begin(record)
        progress.trial_ended(ended("b", 0.9, 2.0))
    assert "1 trials were finished before, 1 go on" in printed.getvalue()
    assert "2/3  b" in printed.getvalue()
    assert "best depth 1.200" in printed.getvalue()


def test_a_fault_of_a_machine_is_told():
    printed = io.StringIO()
    with TrialProgress(Console(file=printed), n_trials=3, aim=0.5) as progress:
        progress.trial_retried(TrialRecord("trial-0002", 1, {}), "the actor died")
    assert "trial-0002  goes on from its last epoch after a fault: the actor died" in printed.getvalue()


def test_a_terminal_gets_a_bar(tmp_path):
    printed = io.StringIO()
    console = Console(file=printed, force_terminal=True)
    with open_record(tmp_path) as record, TrialProgress(console, n_trials=2, aim=0.5) as progress:
        progress.begin(record)
        progress.trial_ended(ended("a", 0.9, 1.2))
    assert "1/2" in printed.getvalue()
    assert "\x1b[" in printed.getvalue()
