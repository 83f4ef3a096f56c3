"""A whole sweep with a control: in its files, in what is printed, in MLflow and in the pictures."""

import io
import json

from mlflow.tracking import MlflowClient
import numpy as np
import pytest
from rich.console import Console
import torch

from policies.tables.classification import ClassificationTable
from search.cli.reports.report import report_command
from search.config.files import load_sweep
from search.errors import ConfigError
from search.reporting.terminal.report import print_policies
from search.run_folder.finished import read_summary
from search.run_folder.result_files import ResultFiles
from tests.sweeps import AT_ONCE
from trainables.data import SplitFractions
from trainables.export.model_file import load_model
from trainables.workloads import get_workload


@pytest.fixture(scope="module")
def controlled(runner):
    return runner("controlled", AT_ONCE, "search.control=true", "search.trials=2")


def test_the_control_is_in_the_summary_and_its_weights_beside_it(controlled):
    summary, folder, _ = controlled
    control = summary["control"]
    assert json.loads((folder / "summary.json").read_text())["control"] == json.loads(json.dumps(control))
    assert summary["control_notes"] == []
    assert control["macs"] <= control["budget_macs"]
    model, config = load_model(folder / "control.safetensors")
    assert (model.n_exits, config.network.only_exit, config.network.width) == (1, control["exit"], control["width"])
    assert sum(weight.numel() for weight in model.parameters()) == control["parameters"]
    splits = get_workload("digits").load(None, _fractions(folder), split_seed=load(folder).splits.seed)
    with torch.inference_mode():
        answers = model(torch.from_numpy(splits.test.inputs))[:, 0].argmax(dim=1).numpy()
    assert (answers == splits.test.labels).mean() == pytest.approx(control["test"]["accuracy"])
    table = ClassificationTable.load(folder / "tables" / control["network"] / "test.npz")
    np.testing.assert_array_equal(table.exit_answers[:, 0], answers)


def load(folder):
    return load_sweep(str(folder / "sweep.yaml"), [])


def _fractions(folder):
    splits = load(folder).splits
    return SplitFractions(**{name: getattr(splits, name) for name in ("train", "search", "certify", "test")})


def test_it_is_printed_with_its_verdict_and_without_a_depth(controlled):
    summary, _, printed = controlled
    control = summary["control"]
    assert f"Static control     {control['verdict']}; {control['times']}" in printed
    row, meaning = [line for line in printed.splitlines() if line.startswith("static control")]
    on_test = [f"{control['test']['accuracy']:.4f}", "-"]
    assert _cells(row) == [*on_test, f"{control['relative_cost']:.4f}"]
    assert meaning == "static control = a plain network without early exits, of no more cost"
    assert f"{control['trials'][0]['name']}: accuracy {control['trials'][0]['quality']:.4f} on search" in printed


def _cells(row):
    return [cell.strip() for cell in row.split("│")[1:]]


def test_its_figures_on_search_are_shown_with_all_others(controlled):
    summary, folder, _ = controlled
    printed = io.StringIO()
    print_policies(Console(file=printed, width=120), read_summary(folder), ResultFiles(folder), shows_all=True)
    row, _ = [line for line in printed.getvalue().splitlines() if line.startswith("static control")]
    control = summary["control"]
    on_search, on_test = (f"{control[split]['accuracy']:.4f}" for split in ("search", "test"))
    assert _cells(row) == [on_search, "-", on_test, "-", f"{control['relative_cost']:.4f}"]


def test_runs_are_compared_with_it(controlled, finished, tmp_path):
    printed = io.StringIO()
    console = Console(file=printed, width=120)
    folders = [controlled[1], finished[1]]
    table = report_command(folders, compare=True, split="test", out=tmp_path / "table.csv", console=console)
    rows = table[table["policy"] == "static control"]
    control = controlled[0]["control"]
    assert rows["mean_cost"].tolist() == [control["relative_cost"]]
    assert rows["mean_depth"].isna().all()
    assert rows["certified"].tolist() == [control["certified"]]
    assert control["verdict"] in printed.getvalue().replace("\n", " ")


def tracked(runner):
    client = MlflowClient(tracking_uri=runner.uri)
    experiment = client.get_experiment_by_name("exitsearch").experiment_id
    query = "tags.`exitsearch.sweep` = 'controlled' and tags.`exitsearch.kind` = 'sweep'"
    (parent,) = client.search_runs([experiment], query)
    return client, parent


def metric_history(runner):
    client, parent = tracked(runner)
    return client.get_metric_history(parent.info.run_id, "control_test_accuracy")


def test_mlflow_has_its_figures_its_verdict_and_its_weights(controlled, runner):
    control = controlled[0]["control"]
    client, parent = tracked(runner)
    assert parent.data.metrics["control_test_accuracy"] == control["test"]["accuracy"]
    assert parent.data.metrics["control_macs"] == control["macs"]
    assert parent.data.tags["control_verdict"] == control["verdict"]
    assert parent.data.tags["control_better"] == control["better"]
    assert "control.safetensors" in {path.path for path in client.list_artifacts(parent.info.run_id)}


def test_the_page_shows_it_and_classes_are_told_of_it(controlled):
    _, folder, _ = controlled
    assert '"name":"static control, at its cost' in (folder / "pareto_front.html").read_text()
    assert "static_control" in (folder / "classes.csv").read_text()
    assert "static_control/test" in np.load(folder / "confusion.npz").files


def test_resuming_a_finished_sweep_trains_nothing_again(controlled, runner):
    summary, folder, _ = controlled
    before = {path: path.stat().st_mtime_ns for path in (folder / "checkpoints").rglob("*")}
    n_points = len(metric_history(runner))
    again, _, _ = runner("controlled", AT_ONCE, "search.control=true", "search.trials=2", resume=True)
    assert {path: path.stat().st_mtime_ns for path in (folder / "checkpoints").rglob("*")} == before
    for name in ("network", "macs", "p_value", "verdict", "trials"):
        assert again["control"][name] == summary["control"][name]
    assert len(metric_history(runner)) == n_points == 1


def test_without_being_asked_for_there_is_none(finished):
    summary, folder, printed = finished
    assert "control" not in summary
    assert "tatic control" not in printed
    assert not (folder / "control.safetensors").exists()


def test_a_control_must_be_trained():
    assignments = ["search.control=true", "training.epochs=0", "training.weights=weights.pt"]
    with pytest.raises(ConfigError, match=r"search.control is true but training.epochs is 0, .*; leave it out"):
        load_sweep("digits", assignments)
