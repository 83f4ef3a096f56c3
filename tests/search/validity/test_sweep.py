"""A whole sweep with a validity gate: one that passes, one that does not, and both resumed."""

import json
import time

from mlflow.tracking import MlflowClient
import pandas as pd
import pytest
import torch
import yaml

from policies.tables.classification import ClassificationTable
from search.cli.app import ExitCode, main
from search.errors import ConfigError, RunFolderError, SweepInterruptedError, ValidityError
from search.run_folder.journal import read_events
from trainables.data import SplitFractions
from trainables.export.model_file import load_model
from trainables.workloads import get_workload


GATE = ("full_network.epochs=4", "full_network.params={learning_rate_adamw: 0.02}", "search.first_trials=[]")
PASSING = (
    *GATE,
    "full_network.least=0.5",
    "training.frozen=full-network",
    "search.control=true",
    "search.trials=1",
    "policy.best_trials=1",
    "training.epochs=2",
    "policy.generations=2",
)
FAILING = (*GATE, "full_network.epochs=2", "full_network.params={learning_rate_adamw: 0}")


@pytest.fixture(scope="module")
def gated(runner):
    """A sweep that passes, whose trials train early exits alone."""
    return runner("gated", *PASSING)


@pytest.fixture(scope="module")
def stopped(runner):
    """The error of a sweep that does not pass, and its folder."""
    with pytest.raises(ValidityError) as raised:
        runner("stopped", *FAILING)
    return raised.value, runner.folder / "runs" / "stopped"


def answers_of_last_exit(folder):
    model, _ = load_model(folder / "full_network.safetensors")
    config = yaml.safe_load((folder / "sweep.yaml").read_text())["splits"]
    fractions = SplitFractions(**{name: config[name] for name in ("train", "search", "certify", "test")})
    splits = get_workload("digits").load(None, fractions, split_seed=config["seed"])
    with torch.inference_mode():
        return model(torch.from_numpy(splits.search.inputs))[:, 0].numpy(), splits.search


def test_trials_start_from_the_network_that_passed(gated):
    summary, folder, _ = gated
    verdict = json.loads((folder / "validity.json").read_text())
    assert (verdict["passed"], verdict["quality"], verdict["least"]) == (True, "accuracy", 0.5)
    assert verdict["reached"] == max(one["quality"] for one in verdict["curve"]) >= 0.5
    logits, split = answers_of_last_exit(folder)
    assert (logits.argmax(axis=1) == split.labels).mean() == pytest.approx(verdict["reached"])
    # Frozen, it answers at the last exit what it did when it passed.
    table = ClassificationTable.load(folder / "tables" / summary["selected"]["trial_id"] / "search.npz")
    assert (table.logits[:, -1].argmax(axis=1) == logits.argmax(axis=1)).all()
    model, _ = load_model(folder / "model.safetensors")
    plain, config = load_model(folder / "full_network.safetensors")
    assert (plain.n_exits, config.network.only_exit) == (1, model.n_exits)
    for name, tensor in plain.heads[0].state_dict().items():
        assert torch.equal(tensor, model.heads[-1].state_dict()[name])


def test_it_is_told_line_by_line(gated):
    _, folder, printed = gated
    lines = printed.splitlines()
    begin = "Full network first, without early exits: 4 epochs; it must reach accuracy 0.5000 on search"
    (line,) = [number for number, line in enumerate(lines) if line.startswith("Full network: accuracy")]
    assert lines.index(begin) < line
    assert "passes the validity gate (0.5000); all trials start" in " ".join(lines[line : line + 3])
    curve = pd.read_csv(folder / "full_network.csv")
    assert list(curve) == ["epoch", "train_loss", "quality"]
    assert list(curve["epoch"]) == [1, 2, 3, 4]
    (event,) = [one for one in read_events(folder / "journal.jsonl") if one["event"] == "validity"]
    assert event["curve"] == json.loads((folder / "validity.json").read_text())["curve"]


def test_the_report_tells_what_was_reached_before_any_exit_was_trained(gated):
    summary, folder, printed = gated
    verdict = json.loads((folder / "validity.json").read_text())
    assert summary["validity"] == {name: verdict[name] for name in ("quality", "least", "reached", "epoch", "epochs")}
    told = f"Validity gate accuracy {verdict['reached']:.4f} on search without early exits, in epoch "
    assert told in " ".join(printed.split())


def test_a_finished_sweep_trains_nothing_again(gated, runner):
    _, folder, _ = gated
    kept = folder / "full_network.safetensors"
    before = kept.stat().st_mtime_ns, len(list((folder / "checkpoints" / "full-network").iterdir()))
    summary, _, printed = runner("gated", *PASSING, resume=True)
    assert (kept.stat().st_mtime_ns, len(list((folder / "checkpoints" / "full-network").iterdir()))) == before
    assert "Full network first" not in printed
    assert "passes the validity gate" in " ".join(printed.split())
    assert summary["selected"]["test"]["exit_mix"] == gated[0]["selected"]["test"]["exit_mix"]
    assert [one["event"] for one in read_events(folder / "journal.jsonl")].count("validity") == 1
    content = kept.read_bytes()
    kept.write_bytes(content[:-1])
    try:
        with pytest.raises(RunFolderError, match="gone or has changed since"):
            runner("gated", *PASSING, resume=True)
    finally:
        kept.write_bytes(content)


def test_a_gate_that_fails_stops_everything_downstream(stopped):
    error, folder = stopped
    assert "must reach accuracy 0.4000 on search before anything else is done but reaches 0." in str(error)
    assert "the learning rate is 0; nothing downstream is run (report: " in str(error)
    events = [one["event"] for one in read_events(folder / "journal.jsonl")]
    assert {"suggested", "policy", "finished"}.isdisjoint(events)
    assert events[-1] == "failed"
    names = {path.name for path in folder.iterdir()}
    assert {"validity.json", "full_network.csv", "full_network.safetensors", "journal.jsonl"} <= names
    assert {"summary.json", "policy.json", "pareto_front.csv", "model.safetensors", "tune"}.isdisjoint(names)
    assert [path.name for path in (folder / "checkpoints").iterdir()] == ["full-network"]
    verdict = json.loads((folder / "validity.json").read_text())
    assert not verdict["passed"]
    assert verdict["loss"].keys() == {"first", "least", "last", "moved"}
    first = verdict["reasons"][0]
    assert first["certainty"] == "certain"
    assert first["reason"].endswith("the learning rate is 0")
    assert first["reason"].startswith("the loss went from 2.")
    assert "full_network.params" in first["advice"]


def test_mlflow_has_it_as_failed_with_the_reason(stopped, runner):
    error, _ = stopped
    client = MlflowClient(runner.uri)
    experiment = client.get_experiment_by_name("exitsearch").experiment_id
    (run,) = client.search_runs([experiment], "tags.`exitsearch.sweep` = 'stopped'")
    assert run.info.status == "FAILED"
    assert run.data.tags["failure"] == str(error)
    assert run.data.metrics["full_network_accuracy"] < 0.4
    attached = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert {"validity.json", "full_network.csv"} <= attached


def test_resumed_it_says_the_same_without_training(stopped, runner):
    error, folder = stopped
    before = (folder / "full_network.csv").stat().st_mtime_ns
    with pytest.raises(ValidityError) as raised:
        runner("stopped", *FAILING, resume=True)
    assert str(raised.value) == str(error)
    assert (folder / "full_network.csv").stat().st_mtime_ns == before


def test_the_exit_status_says_that_it_was_not_achieved(stopped, runner, capsys):
    _, folder = stopped
    with pytest.raises(SystemExit) as ended:
        main(["run", str(folder / "sweep.yaml"), "--resume", "--name", "stopped", "--tracking-uri", runner.uri])
    assert ended.value.code == ExitCode.NOT_ACHIEVED == 3
    printed = capsys.readouterr()
    assert "Full network: accuracy 0." in printed.out
    assert "1. the loss went from" in printed.out
    assert "Traceback" not in printed.err
    assert "nothing downstream is run" in printed.err


def test_plain_networks_that_it_is_compared_with_are_trained_whole(gated):
    summary, folder, _ = gated
    assert not any("is left out" in note for note in summary["control_notes"])
    alone = load_model(folder / "control.safetensors")[0].state_dict()
    full = load_model(folder / "full_network.safetensors")[0].state_dict()
    assert not torch.equal(alone["stages.0.0.0.weight"], full["stages.0.0.0.weight"])


def test_interrupted_in_its_middle_it_goes_on_from_the_last_epoch(runner, monkeypatch):
    own = ("full_network.epochs=60", "full_network.patience=60", "full_network.least=1.0")
    whole = runner.folder / "runs" / "interrupted"

    def interrupt(answer, plan, curve, on_message):
        while not (curve.exists() and len(curve.read_text().splitlines()) > 3):
            time.sleep(0.05)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("search.validity.gate._show_until", interrupt)
        with pytest.raises(SweepInterruptedError, match="before its first trial; finish it with --resume --name inter"):
            runner("interrupted", *GATE, *own)
    assert [one["event"] for one in read_events(whole / "journal.jsonl")][-1] == "stopped"
    assert not (whole / "validity.json").exists()
    begun = pd.read_csv(whole / "full_network.csv")
    assert 2 < len(begun) < 60
    with pytest.raises(ValidityError):
        runner("interrupted", *GATE, *own, resume=True)
    ended = pd.read_csv(whole / "full_network.csv")
    assert list(ended["epoch"]) == list(range(1, 61))
    # Trained again from the beginning, epochs would be the same too, but the file would have been written anew.
    pd.testing.assert_frame_equal(ended[: len(begun)], begun)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("full_network.params={learning_rate: 1}", "full_network: it cannot be trained: unknown training parameter"),
        ("full_network.params={optimiser: adam}", "optimiser must be one of adamw, sgd but is 'adam'"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is(wrong, said, runner):
    with pytest.raises(ConfigError, match=said):
        runner("wrong", *GATE, wrong)
    assert not (runner.folder / "runs" / "wrong").exists()
