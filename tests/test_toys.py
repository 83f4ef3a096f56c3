"""Parts of every kind from outside the packages go the whole way of a search or of a sweep, by their names alone."""

import io
import json

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from search.cli.app import main
from search.cli.run import run_command
from tests.sweeps import SMALL
from tests.tables import make_table
from tests.toys.ordinal import ORDINAL, make_ordinal_table


pytestmark = pytest.mark.usefixtures("few_draws")
SPLITS = ("search", "certify", "test")
PARTS = "tests.toys.parts"
TRAINING = "tests.toys.training"


def found_by(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["policy", *map(str, arguments), "--max-evaluations", "600"])
    printed = capsys.readouterr()
    assert ended.value.code == 0, printed.out + printed.err
    return printed.out


def test_a_rule_two_qualities_an_objective_and_a_baseline(tmp_path, capsys):
    for seed, split in enumerate(SPLITS):
        make_table(400, seed=seed, prefix=split).save(tmp_path / f"{split}.npz")
    options = ("--rule", f"{PARTS}:GINI", "--baseline", f"{PARTS}:HALFWAY", "--objective", f"{PARTS}:ENERGY")
    asked = ("--quality", f"{PARTS}:AGREEMENT", "--target", "0.85", "--bound", f"{PARTS}:FIRST_CLASS=0.8")
    files = (tmp_path / "search.npz", "--test", tmp_path / "test.npz", "--out", tmp_path / "found")
    printed = found_by((*files, *options, *asked), capsys)
    assert "HALFWAY" in printed and "ENERGY" in printed

    policy = json.loads((tmp_path / "found" / "policy.json").read_text())
    assert policy["rule"] == f"{PARTS}:GINI"
    summary = json.loads((tmp_path / "found" / "summary.json").read_text())
    figures = summary["selected"]["search"]
    assert figures[f"{PARTS}:AGREEMENT"] >= 0.85 and figures[f"{PARTS}:FIRST_CLASS"] >= 0.8
    assert figures["mean_energy"] == pytest.approx(0.5 + 0.5 * figures["mean_cost"])
    assert summary["baselines"][f"{PARTS}:HALFWAY"]["test"]["mean_depth"] > 1
    front = pd.read_csv(tmp_path / "found" / "pareto_front.csv")
    assert (np.diff(front["mean_energy"]) > 0).all() and (np.diff(front[f"{PARTS}:AGREEMENT"]) > 0).all()


def test_a_task(tmp_path, capsys):
    for seed, split in enumerate(SPLITS):
        make_ordinal_table(400, seed=seed, prefix=split).save(tmp_path / f"{split}.npz")
    files = (tmp_path / "search.npz", "--test", tmp_path / "test.npz", "--out", tmp_path / "found")
    printed = found_by((*files, "--quality", ORDINAL.quality, "--target", "0.5"), capsys)
    assert (
        "Selected: rule" in printed
        and "Estimated by bootstrap, not certified: on new data mean_absolute_error is at most" in printed
    )

    summary = json.loads((tmp_path / "found" / "summary.json").read_text())
    chosen = summary["selected"]
    assert summary["task"] == ORDINAL.name and chosen["rule"] == ORDINAL.baseline_rule
    assert summary["estimate"]["bound"] <= 0.5 and summary["estimate"]["meets"]
    assert chosen["search"][ORDINAL.quality] <= summary["estimate"]["bound"]
    assert chosen["test"][ORDINAL.quality] == pytest.approx(chosen["search"][ORDINAL.quality], abs=0.1)
    assert chosen["search"]["mean_depth"] < summary["baselines"]["full_network"]["search"]["mean_depth"] == 4
    front = pd.read_csv(tmp_path / "found" / "pareto_front.csv")
    assert (np.diff(front["mean_depth"]) > 0).all() and (np.diff(front[ORDINAL.quality]) < 0).all()
    written = {path.name for path in (tmp_path / "found").iterdir()}
    assert {"pareto_front.png", "pareto_front.html", "policy.json", "summary.json"} <= written
    assert not written & {"confusion.png", "classes.csv", "reliability.png"}


def test_a_workload_a_data_source_and_a_search_space(tmp_path, ray_session):
    (tmp_path / "stripes.yaml").write_text(
        f"workload: {TRAINING}:STRIPES\nspace: {{name: '{TRAINING}:LearningRate'}}\nruns_dir: {tmp_path / 'runs'}\n"
    )
    summary = run_command(
        str(tmp_path / "stripes.yaml"),
        SMALL,
        data_dir=None,
        address=None,
        tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}",
        name="own",
        resume=False,
        console=Console(file=io.StringIO()),
    )
    assert summary.workload == f"{TRAINING}:STRIPES"
    assert summary.trials.complete == 3 and summary.feasible
    events = map(json.loads, (tmp_path / "runs" / "own" / "journal.jsonl").read_text().splitlines())
    asked = [event["params"].keys() for event in events if event["event"] == "suggested"]
    assert asked == 3 * [{"learning_rate_adamw", "label_smoothing"}]
    with np.load(tmp_path / "runs" / "own" / "tables" / summary.selected.network / "search.npz") as table:
        assert all(name.startswith("stripes-") for name in table["ids"])
        assert table["logits"].shape[1:] == (2, 2)
