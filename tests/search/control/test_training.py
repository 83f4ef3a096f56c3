"""Plain networks after a sweep: trained as long, once, and whatever happens to them the sweep goes on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from optuna.trial import TrialState
import pytest
import torch

from policies.certificates.claims import Claim
from search.config.files import load_sweep
from search.control.report import report_control
from search.control.training import ControlTrials, train_control
from search.finalists.policies import search_finalists
from search.finalists.tables import tabulate
from search.inputs import load_inputs
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.run_folder.summary import SPLITS
from search.sweep import compare_control, select
from search.trials.log import TrialLog
from search.tuning.training import train
from tests.sweeps import SMALL
from trainables.models import cumulative_macs
from trainables.training.checkpoints import CheckpointFolder, read_state
from trainables.trials.trial import Trial


SHAPE = (1, 8, 8)


@pytest.fixture(scope="module")
def sweep(ray_session, tmp_path_factory):
    """A small sweep up to its selection, and the keywords of what comes next."""
    folder = RunFolder(tmp_path_factory.mktemp("control"))
    inputs = load_inputs(load_sweep("digits", [*SMALL, "search.trials=1", "policy.best_trials=1", "seeds=[3,4]"]))
    with Journal(folder.journal_file) as journal:
        outcomes = train(inputs, TrialLog(journal), checkpoints=folder.checkpoints, tune_folder=folder.tune)
    networks = search_finalists(inputs, outcomes)
    return inputs, outcomes, select(inputs, networks), tabulate(inputs, outcomes, networks)


@pytest.fixture(scope="module")
def trained(sweep, tmp_path_factory):
    """Plain networks, trained without a disturbance; what was said; and their folder."""
    folder, lines = RunFolder(tmp_path_factory.mktemp("trained")), []
    return train_control(*sweep, folder, on_message=lines.append), lines, folder


def same_weights(one: ControlTrials, other: ControlTrials):
    for first, second in zip(one.trials, other.trials, strict=True):
        assert first.candidate == second.candidate
        states = [CheckpointFolder(trial.outcome.checkpoints).newest(read_state) for trial in (first, second)]
        for seed in (3, 4):
            a, b = (state["runs"][seed]["training"]["model"] for state in states)
            assert all(torch.equal(a[name], b[name]) for name in a)


def test_every_exit_has_a_plain_network_of_no_more_cost_trained_as_long(sweep, trained):
    inputs, outcomes, selection, tables = sweep
    control, lines, _ = trained
    assert [trial.candidate.depth for trial in control.trials] == [1, 2, 3]
    for trial in control.trials:
        assert trial.candidate.macs <= control.budget_macs
        assert trial.outcome.state is TrialState.COMPLETE
        assert trial.outcome.metrics["epoch"] == inputs.config.training.epochs
        shared = {name: outcomes[0].params[name] for name in ("optimiser", "weight_decay", "label_smoothing")}
        assert shared.items() <= trial.outcome.params.items()
        assert not any(name.startswith("exit_weight") for name in trial.outcome.params)
    assert lines[0].startswith(f"Training 3 plain networks of at most {control.budget_macs:,} multiply-accumulates")
    assert len(lines) == 4
    assert len(control.qualities) == 6
    share = next(point.figures["mean_cost"] for point in selection.front if point.selected)
    full = cumulative_macs(tables.model(selection.network.network), SHAPE)[-1]
    assert control.budget_macs == pytest.approx(share * full, abs=1)


def test_the_best_on_search_is_compared(sweep, trained):
    control = trained[0]
    trial, network = control.best("accuracy")
    assert control.qualities[network.name] == max(control.qualities.values())
    assert network.name.startswith(f"{trial.outcome.trial_id}-seed-")
    assert replace(control, qualities={}).best("accuracy") is None


def test_what_was_trained_is_not_trained_again(sweep, trained, monkeypatch):
    control, _, folder = trained
    before = {path: path.stat().st_mtime_ns for path in folder.checkpoints.rglob("*")}
    again = train_control(*sweep, folder)
    assert {path: path.stat().st_mtime_ns for path in folder.checkpoints.rglob("*")} == before
    assert again == control


def test_a_training_that_was_killed_goes_on_from_its_last_epoch(sweep, trained, tmp_path):
    inputs = sweep[0]
    control, folder = trained[0], RunFolder(tmp_path)
    killed = control.trials[1]
    own = folder.checkpoints / killed.outcome.trial_id
    begun = Trial(
        killed.spec, killed.outcome.params, inputs.splits.train, inputs.splits.search, folder=CheckpointFolder(own)
    )
    begun.step()
    again = train_control(*sweep, folder)
    assert again.qualities == control.qualities
    same_weights(again, control)


def test_a_training_that_fails_is_a_note_and_the_others_are_compared(sweep, tmp_path):
    inputs, outcomes, selection, tables = sweep
    broken = [replace(outcomes[0], params={**outcomes[0].params, "optimiser": "nonsense"})]
    control = train_control(inputs, broken, selection, tables, RunFolder(tmp_path))
    assert [trial.outcome.state for trial in control.trials] == [TrialState.FAIL] * 3
    assert len(control.notes) == 3
    assert "is left out: optimiser must be one of adamw, sgd but is 'nonsense'" in control.notes[0]
    report = compare_control(inputs, selection, tables, control)
    assert report.told == {"control": None, "control_notes": control.notes}
    assert (report.model, report.answered) == (None, [])


def test_the_report_is_of_one_exit_on_the_scale_of_the_policys_network(sweep, trained, tmp_path):
    inputs, _, selection, tables = sweep
    control = trained[0]
    report = compare_control(inputs, selection, tables, control, folder=RunFolder(tmp_path))
    told = report.summary
    trial, network = control.best("accuracy")
    assert (told.network, told.exit, told.macs) == (network.name, trial.candidate.depth, trial.candidate.macs)
    full = cumulative_macs(tables.model(selection.network.network), SHAPE)[-1]
    assert told.relative_cost == told.macs / full
    assert set(told.by_split) == set(SPLITS)
    for figures in told.by_split.values():
        assert figures["mean_cost"] == figures["worst_cost"] == told.relative_cost
        assert "mean_depth" not in figures
        assert figures["mean_latency_ms"] > 0
    assert told.by_split["search"]["accuracy"] == pytest.approx(control.qualities[network.name])
    assert told.certificate.claim == str(inputs.target.claim)
    assert told.better in ("policy", "control", "neither")
    assert "certified" in told.verdict
    assert [one.quality is not None for one in told.trials] == [True] * 3
    assert {own.split for own in report.answered} == set(SPLITS)
    assert sorted(path.name for path in (tmp_path / "tables" / network.name).iterdir()) == [
        "certify.npz",
        "search.npz",
        "test.npz",
    ]


@pytest.mark.parametrize(("turned_by", "better"), [(0, "policy"), (1, "control")])
def test_who_is_right_wins(turned_by, better, sweep, trained):
    """A network that knows the answers, and one that always names the class after them."""
    inputs, _, selection, tables = sweep
    own = {split: tables.table(selection.network.network, split) for split in SPLITS}
    named = np.roll(np.eye(10, dtype=np.float32), turned_by, axis=1)[own["test"].labels]
    own["test"] = replace(own["test"], logits=np.repeat(20 * named[:, None], 3, axis=1))
    told = report_control(inputs, selection, own, trained[0], full_macs=400_000).summary
    assert told.better == better
    assert told.p_value < 1e-6
    assert told.verdict.startswith("the policy is better" if better == "policy" else "the plain network is better")


def test_a_drop_is_not_claimed_of_a_network_without_exits(sweep, trained):
    inputs, _, selection, tables = sweep
    drop = replace(inputs, target=replace(inputs.target, claim=Claim(max_drop=0.1)))
    told = compare_control(drop, selection, tables, trained[0]).summary
    assert (told.certificate, told.certified) == (None, False)
    assert "certified" not in told.verdict


def test_a_checkpoint_that_is_gone_is_a_note(sweep, trained):
    inputs, _, selection, tables = sweep
    control = trained[0]
    gone = [replace(trial, outcome=replace(trial.outcome, checkpoints=Path("/nowhere"))) for trial in control.trials]
    own = {split: tables.table(selection.network.network, split) for split in SPLITS}
    report = report_control(inputs, selection, own, replace(control, trials=gone), full_macs=100)
    assert report.summary is None
    assert "nowhere: the checkpoint of the last epoch is gone or damaged" in report.notes[-1]


def test_with_patience_the_best_epoch_is_the_most_accurate(sweep, trained):
    """A network that never leaves early has one depth: waiting for a smaller one would end with the first epoch."""
    inputs, trial = sweep[0], trained[0].trials[0]
    patient = replace(trial.spec, recipe=replace(trial.spec.recipe, epochs=6, patience=3), seeds=(3,))
    one = Trial(patient, trial.outcome.params, inputs.splits.train, inputs.splits.search)
    reports = [one.step()]
    while not reports[-1]["done"]:
        reports.append(one.step())
    assert reports[-1]["accuracy"] == max(report["accuracy"] for report in reports)
    assert len(reports) > 3
