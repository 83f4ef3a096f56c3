"""The steps of a sweep by themselves: without a console, a run folder or a tracker."""

from dataclasses import replace

from optuna.trial import TrialState
import pytest

from search.config.files import load_sweep
from search.errors import SweepError
from search.finalists.policies import search_finalists
from search.finalists.tables import tabulate
from search.inputs import load_inputs
from search.reporting.baseline_trials import compare_baselines
from search.reporting.trials import figures_of_all_trials
from search.run_folder.journal import Journal
from search.sweep import report, select
from search.trials.log import TrialLog
from search.trials.outcomes import best_trials
from search.tuning.training import train
from tests.sweeps import SMALL


BASELINE = "search.first_trials=[{name: plain, is_baseline: true, distillation: none}]"


@pytest.fixture(scope="module")
def trained(ray_session, tmp_path_factory):
    """Inputs, log and outcomes of a small sweep, and the folder that its training needed."""
    folder = tmp_path_factory.mktemp("steps")
    inputs = load_inputs(load_sweep("digits", [*SMALL, BASELINE]))
    with Journal(folder / "journal.jsonl") as journal:
        log = TrialLog(journal)
        outcomes = train(inputs, log, checkpoints=folder / "checkpoints", tune_folder=folder / "tune")
    return inputs, log, outcomes, folder


def test_the_steps_in_their_order(trained, capfd):
    inputs, log, outcomes, folder = trained
    assert [trial.state for trial in outcomes] == [TrialState.COMPLETE] * 3
    networks = search_finalists(inputs, outcomes)
    assert [one.network for one in networks] == [trial.trial_id for trial in best_trials(outcomes, 2)]
    tables = tabulate(inputs, outcomes, networks)
    selection = select(inputs, networks)
    assert selection.feasible
    baselines = compare_baselines(inputs, outcomes, selection, tables)
    assert {row.trial for row in baselines.rows} == {"plain"}
    assert baselines.notes == []
    all_trials = figures_of_all_trials(inputs, log, outcomes)
    assert (len(all_trials.importance), all_trials.over_seeds) == (0, None)
    summary, answered = report(inputs, outcomes, selection, tables, baselines, seconds=1.0)
    assert summary.trials.to_dict() == {"started": 3, "complete": 3, "pruned": 0, "fail": 0}
    assert summary.selected.network == selection.network.network
    assert summary.baseline_trials == baselines.rows
    assert {own.split for own in answered} == {"search", "certify", "test"}
    assert capfd.readouterr() == ("", "")
    assert {path.name for path in folder.iterdir()} == {"journal.jsonl", "journal.lock", "checkpoints", "tune"}


def test_networks_that_are_gone_are_failures_and_the_others_go_on(trained, tmp_path):
    inputs, _, outcomes, _ = trained
    first, second = best_trials(outcomes, 2)
    gone = replace(first, checkpoints=tmp_path / "gone")
    lines = []
    (network,) = search_finalists(inputs, [gone, second], on_message=lines.append)
    assert network.network == second.trial_id
    begin, failure = lines[:2]
    assert begin == "Searching policies on the tables of the best 2 trials"
    assert failure.startswith(f"Note: {first.trial_id}: ")
    assert failure.endswith("gone: the checkpoint of the last epoch is gone or damaged")
    with pytest.raises(SweepError, match=f"none of the best trials has a network any more; .*: {first.trial_id}: "):
        search_finalists(inputs, [gone])


def test_trials_that_were_all_stopped_are_one_clear_error(trained):
    inputs, _, outcomes, _ = trained
    with pytest.raises(SweepError, match="none of the 3 trials finished; .*: none was trained to its last epoch"):
        search_finalists(inputs, [replace(trial, state=TrialState.PRUNED) for trial in outcomes])
