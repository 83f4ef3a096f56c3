"""A whole sweep, for real: Ray, Optuna, training, policies, certificate, files."""

from dataclasses import replace
import json
import re

from markupsafe import escape
from mlflow.tracking import MlflowClient
import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from policies.certificates.bounds.binomial import error_p_value
from policies.evaluation.cross_fitted import cross_fitted_decision
from policies.metrics.policy import policy_figures
from policies.policy import Policy
from policies.tables.classification import ClassificationTable
from policies.tables.identity import require_disjoint
from policies.tables.network import NetworkIdentity
from search.errors import RunFolderError, SweepError
from tests.sweeps import AT_ONCE
from trainables.export.model_file import load_model
from trainables.workloads import get_workload


FIGURES = {"accuracy", "macro_f1", "mean_depth", "mean_cost", "p90_cost", "worst_cost", "exit_mix", "ece"}
HALVING = (AT_ONCE, "search.scheduler=asha", "search.grace_epochs=1", "search.trials=5", "search.reduction=2")


def test_summary_holds_what_the_design_promises(finished):
    summary, folder, _ = finished
    assert json.loads((folder / "summary.json").read_text()) == json.loads(json.dumps(summary))
    assert {"name", "workload", "target", "feasible", "certified", "selected", "baselines", "oracle"} <= summary.keys()
    assert summary["trials"] == {"started": 3, "complete": 3, "pruned": 0, "fail": 0}
    assert summary["seconds"] > 0
    assert {"trial_id", "rule", "params"} <= summary["selected"].keys()
    for policy in (summary["selected"], *summary["baselines"].values()):
        for split in ("search", "certify", "test"):
            assert policy[split].keys() >= FIGURES
    assert {"full_network", "greedy_shared_threshold"} <= summary["baselines"].keys()
    assert summary["baselines"]["full_network"]["test"]["mean_depth"] == 3.0
    assert summary["feasible"]
    assert summary["selected"]["search"]["accuracy"] >= 0.5


def test_files_agree_with_each_other(finished):
    summary, folder, _ = finished
    policy = Policy.load(folder / "policy.json")
    trial_id = summary["selected"]["trial_id"]
    tables = {
        name: ClassificationTable.load(folder / "tables" / trial_id / f"{name}.npz")
        for name in ("search", "certify", "test")
    }
    require_disjoint(tables)
    for name, table in tables.items():
        # On search, where the policy was chosen, its figures are those of a table that is new to it: the front's own.
        decision = cross_fitted_decision(policy, table) if name == "search" else policy.decide(table)
        assert policy_figures(table, decision) == summary["selected"][name]
    assert replace(policy.origin.network, has_stop_prob=False, task="classification") == NetworkIdentity.of(
        tables["search"]
    )
    assert policy.origin.describe_overlap(tables["search"].take(np.arange(7))).startswith("7 of the 7 samples")
    assert policy.origin.describe_overlap(tables["certify"]) == ""
    environment = json.loads((folder / "environment.json").read_text())
    assert environment["split_hashes"]["test"] == tables["test"].split_hash
    assert environment["packages"]["ray"]
    front = pd.read_csv(folder / "pareto_front.csv")
    assert front["feasible"].all()
    assert len(front) == summary["front_size"]
    assert front["mean_depth"].is_monotonic_increasing
    (selected,) = front[front["selected"]].to_dict("records")
    for key in ("accuracy", "mean_depth", "mean_cost"):
        assert selected[key] == pytest.approx(summary["selected"]["search"][key], abs=1e-12)
    assert (folder / "pareto_front.png").stat().st_size > 10_000
    assert "plotly" in (folder / "pareto_front.html").read_text().lower()


def test_certificate_follows_from_the_certify_table(finished):
    summary, folder, _ = finished
    certificate = json.loads((folder / "certificate.json").read_text())
    table = ClassificationTable.load(folder / "tables" / summary["selected"]["trial_id"] / "certify.npz")
    assert certificate["certified"] is summary["certified"] is True
    n_errors = round((1 - summary["selected"]["certify"]["accuracy"]) * table.n_samples)
    assert certificate["p_value"] == pytest.approx(error_p_value(n_errors, table.n_samples, 0.5))
    assert certificate["policy_hash"] == Policy.load(folder / "policy.json").policy_hash
    assert certificate["table_hash"] == table.split_hash


def test_exported_weights_are_the_selected_network(finished):
    summary, folder, _ = finished
    config = yaml.safe_load((folder / "sweep.yaml").read_text())
    splits = get_workload("digits").load(None, _fractions(config), split_seed=config["splits"]["seed"])
    model, model_config = load_model(folder / "model.safetensors")
    assert model_config.class_names == splits.class_names
    assert model_config.network.n_exits == config["training"]["n_exits"]
    table = ClassificationTable.load(folder / "tables" / summary["selected"]["trial_id"] / "test.npz")
    with torch.inference_mode():
        logits = model(torch.from_numpy(splits.test.inputs)).numpy()
    np.testing.assert_allclose(logits, table.logits, atol=1e-4)


def _fractions(config):
    from trainables.data import SplitFractions

    return SplitFractions(**{name: config["splits"][name] for name in ("train", "search", "certify", "test")})


def test_test_split_is_tabulated_only_for_networks_of_which_it_is_told(finished):
    summary, folder, _ = finished
    told = {summary["selected"]["trial_id"], *(one["network"] for one in summary["fixed_budgets"])}
    assert {path.parent.name for path in folder.glob("tables/*/test.npz")} == told
    assert [one["budget"] for one in summary["fixed_budgets"]][-1] == 1.0


def test_printed_lines_tell_progress_and_result(finished):
    summary, folder, printed = finished
    lines = printed.splitlines()
    assert sum(line.lstrip().startswith(("1/3", "2/3", "3/3")) and "  |  " in line for line in lines) == 3
    for text in (
        "selected policy",
        "best shared threshold",
        "full network = no early exits",
        "Published grids",
        "oracle = least depth with the exits' own answers, labels known",
        "Exit mix on test",
        str(folder),
    ):
        assert text in printed
    assert f"{summary['selected']['test']['accuracy']:.4f}" in printed
    assert "mlflow" in printed
    assert "ui --backend-store-uri sqlite:///" in printed


def test_networks_with_nothing_to_choose_tell_of_no_architecture(finished):
    summary, folder, printed = finished
    assert "architecture" not in summary
    assert list(folder.glob("architecture.*")) == []
    assert "Architecture" not in printed


@pytest.mark.slow  # a sweep of its own
def test_architecture_is_told_of_the_selected_network_on_search(runner):
    own = (
        "training.network=darts",
        "training.width=4",
        "training.epochs=1",
        "search.trials=1",
        "search.first_trials=[]",
    )
    summary, folder, printed = runner("bends", *own, "target=null", "policy.max_drop=0.5")
    told = json.loads((folder / "architecture.json").read_text())
    table = ClassificationTable.load(folder / "tables" / summary["selected"]["trial_id"] / "search.npz")
    assert told["n_inputs"] == summary["architecture"]["n_inputs"] == table.n_samples
    assert len(told["edges"]) == summary["architecture"]["n_edges"] == 10
    config = yaml.safe_load((folder / "sweep.yaml").read_text())
    splits = get_workload("digits").load(None, _fractions(config), split_seed=config["splits"]["seed"])
    model, _ = load_model(folder / "model.safetensors")
    with torch.inference_mode():
        mean = model.mixing_weights(torch.from_numpy(splits.search.inputs)).mean(dim=0)
    np.testing.assert_allclose([one["mean"] for one in told["edges"]], mean, atol=1e-5)
    assert (folder / "architecture.png").stat().st_size > 10_000
    assert "\nArchitecture       " in printed
    client = MlflowClient(tracking_uri=runner.uri)
    (run,) = [run for run in _runs(runner, "bends") if run.data.tags["exitsearch.kind"] == "sweep"]
    assert {"architecture.json", "architecture.png"} <= {path.path for path in client.list_artifacts(run.info.run_id)}
    assert run.data.metrics["architecture_other_than_alpha"] == summary["architecture"]["other_than_alpha"]


def test_mlflow_holds_parent_trials_and_front(finished, runner):
    summary, folder, _ = finished
    client = MlflowClient(tracking_uri=runner.uri)
    runs = _runs(runner, "finished")
    kinds = {
        kind: [run for run in runs if run.data.tags["exitsearch.kind"] == kind] for kind in ("sweep", "trial", "policy")
    }
    assert len(kinds["sweep"]) == 1
    assert {run.info.status for run in runs} == {"FINISHED"}
    parent = kinds["sweep"][0]
    assert {path.path for path in client.list_artifacts(parent.info.run_id)} >= {
        "summary.json",
        "sweep.yaml",
        "pareto_front.png",
        "pareto_front.html",
        "pareto_front.csv",
        "certificate.json",
        "policy.json",
        "model.safetensors",
    }
    assert len(kinds["trial"]) == 3
    for run in kinds["trial"]:
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
        for metric in (
            "accuracy",
            "mean_depth",
            "depth_at_target",
            "objective_at_target",
            "violation",
            "ece_exit_3",
            "train_loss",
            "seconds",
        ):
            history = client.get_metric_history(run.info.run_id, metric)
            assert [point.step for point in history] == [1, 2, 3]
    front = pd.read_csv(folder / "pareto_front.csv")
    pareto = [run for run in runs if run.data.tags.get("pareto") == "true"]
    assert len(pareto) == len(front)
    logged = sorted((run.data.metrics["mean_depth"], run.data.metrics["accuracy"]) for run in pareto)
    np.testing.assert_allclose(logged, front[["mean_depth", "accuracy"]].to_numpy())
    assert all("mean_cost" in run.data.metrics for run in pareto)
    assert parent.data.metrics["test_accuracy"] == summary["selected"]["test"]["accuracy"]


@pytest.fixture(scope="module")
def failing(runner):
    """A sweep some of whose trials fail, and whose target is out of reach of the others."""
    return runner(
        "failing",
        "target=1.0",
        "search.trials=4",
        "space.overrides.optimiser=sgd",
        "space.overrides.learning_rate_sgd=[0.05, 1e30]",
        "search.first_trials=[{name: wild, is_baseline: true, learning_rate_sgd: 1.0e+30}, {learning_rate_sgd: 0.05}]",
        "resources.concurrent=1",
    )


def test_target_out_of_reach_is_reported_as_infeasible(failing):
    summary, _, printed = failing
    assert not summary["feasible"]
    assert not summary["certified"]
    assert "INFEASIBLE: no policy met accuracy 1" in printed


def test_failing_trials_are_recorded_with_their_reason(failing, runner):
    summary, _, printed = failing
    assert summary["trials"]["fail"] >= 1
    assert summary["trials"]["fail"] + summary["trials"]["complete"] == 4
    assert len(summary["failures"]) == summary["trials"]["fail"]
    assert "failed: " in printed
    assert "baseline 'wild' is left out: " in printed
    assert summary["baseline_trials"] == []
    failed = [run for run in _runs(runner, "failing") if run.info.status == "FAILED"]
    assert {run.data.tags["failure"] for run in failed} == set(summary["failures"].values())


def test_nothing_but_failures_is_one_clear_error_and_a_page(runner):
    options = ("search.trials=1", "search.first_trials=[]", "space.overrides.optimiser=sgd")
    with pytest.raises(SweepError, match="none of the 1 trials finished; the first reason is: ") as raised:
        runner("all-failing", *options, "space.overrides.learning_rate_sgd=1e30")
    folder = runner.folder / "runs" / "all-failing"
    page = (folder / "report.html").read_text()
    reason = str(raised.value).partition("the first reason is: ")[2]
    assert "No trial has finished, so there is no policy: the only one failed." in page
    # Why the sweep ended, why trials failed, and the trial itself.
    assert page.count(str(escape(reason))) >= 3
    assert f"exitsearch run {folder / 'sweep.yaml'} --name all-failing-again" in page
    assert "torch 2." in page and "digest" in page


@pytest.fixture(scope="module")
def halving(runner):
    return runner("halving", *HALVING)


def test_asha_stops_trials_that_then_stay_out_of_the_front(halving):
    summary, folder, _ = halving
    counts = summary["trials"]
    assert counts["started"] == 5
    assert counts["pruned"] >= 1
    assert counts["pruned"] + counts["complete"] == 5
    assert len(list((folder / "tables").iterdir())) <= counts["complete"]


def test_resuming_a_finished_sweep_repeats_nothing(halving, runner):
    before, _, _ = halving
    n_runs = len(_runs(runner, "halving"))
    after, _, printed = runner("halving", *HALVING, resume=True)
    assert "5 trials were finished before, 0 go on" in printed
    assert after["trials"] == before["trials"]
    assert before["seconds"] < after["seconds"] < 3600
    for summary in (before, after):
        for split in ("search", "certify", "test"):
            # Measured again, unlike all else.
            assert summary["selected"][split].pop("mean_latency_ms") > 0
    assert after["selected"] == before["selected"]
    assert len(_runs(runner, "halving")) == n_runs


def test_sweep_with_seeds_shows_figures_over_them_and_what_mattered(runner):
    summary, folder, printed = runner(
        "seeds",
        "seeds=[7, 11]",
        "search.trials=8",
        "resources.concurrent=1",
        "training.epochs=1",
        "search.sampler=random",
        "search.first_trials=[{name: plain, is_baseline: true, distillation: none}]",
    )
    baselines = {row["trial"] for row in summary["baseline_trials"]}
    assert baselines == {"plain-seed-7", "plain-seed-11"}
    assert "Baseline trials, on test" in printed
    full = [row for row in summary["baseline_trials"] if row["policy"] == "full_network"]
    assert len(full) == 2
    for row in full:
        own = ClassificationTable.load(folder / "tables" / row["trial"].replace("plain", "trial-0001") / "test.npz")
        assert row["test"]["accuracy"] == (own.logits[:, -1].argmax(axis=1) == own.labels).mean()
        assert row["test"]["mean_latency_ms"] == pytest.approx(own.meta["latency_ms"][-1])
    table = pd.read_csv(folder / "seeds.csv")
    assert table["seed"].tolist() == [7, 11] * 8
    assert table["label"].dropna().unique().tolist() == ["plain"]
    reported = _runs(runner, "seeds", "trial")[0].data.metrics
    own = [reported[f"macro_f1_exit_3_seed_{seed}"] for seed in (7, 11)]
    np.testing.assert_allclose(table["last_exit_macro_f1"][:2], own)
    assert reported["macro_f1_exit_3"] == pytest.approx(sum(own) / 2)
    assert re.search(r"trial-0001 .*\nplain .*±", printed)
    assert "Mean and sd over 2 seeds" in printed
    importance = pd.read_csv(folder / "importance.csv")
    assert importance["n_trials"].max() == 8
    # Every trial meets the target, so that its mean depth is its objective at the target: one objective, not two.
    assert set(importance["objective"]) == {"accuracy", "objective_at_target"}
    client = MlflowClient(tracking_uri=runner.uri)
    (parent,) = _runs(runner, "seeds", "sweep")
    attached = {path.path for path in client.list_artifacts(parent.info.run_id)}
    assert attached >= {"seeds.csv", "importance.csv", "importance.png"}
    assert summary["selected"]["network"] == f"{summary['selected']['trial_id']}-seed-{summary['selected']['seed']}"


def _runs(runner, name, kind=None):
    client = MlflowClient(tracking_uri=runner.uri)
    experiment = client.get_experiment_by_name("exitsearch").experiment_id
    text = f"tags.`exitsearch.sweep` = '{name}'" + (f" and tags.`exitsearch.kind` = '{kind}'" if kind else "")
    return client.search_runs([experiment], text, max_results=1000, order_by=["attributes.start_time ASC"])


def test_resuming_another_sweep_is_refused(finished, runner):
    with pytest.raises(RunFolderError, match=r"belongs to another sweep file: target was 0\.5 and is now 0\.6"):
        runner("finished", "target=0.6", resume=True)
    with pytest.raises(RunFolderError, match=r"no sweep 'never' in .* to resume; there are .*finished"):
        runner("never", resume=True)
