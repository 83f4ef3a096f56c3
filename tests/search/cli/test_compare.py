"""``exitsearch compare``: groups of runs, and of one trial's seeds."""

import json
import math
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from rich.console import Console

from search.analysis.run_groups import MissingFigureError, read_group
from search.cli.app import ExitCode, main
from search.cli.compare import compare_command
from search.errors import RunFolderError, StatisticsError
from search.tracking.notices import TrackingWarning


# Section 5 of the study: macro-F1 of pairwise and of four-way split distillation, over three seeds.
PAIRWISE = (0.7187765, 0.7161279, 0.7158000)
SPLIT = (0.7226347, 0.7210732, 0.7196643)


@pytest.fixture
def runs(tmp_path):
    """Finished sweeps ``pairwise-1`` to ``-3`` and ``split-1`` to ``-3``."""
    for name, values in (("pairwise", PAIRWISE), ("split", SPLIT)):
        for number, value in enumerate(values, start=1):
            folder = tmp_path / f"{name}-{number}"
            folder.mkdir()
            figures = {"macro_f1": value, "mean_depth": 1.5 + number / 10, "exit_mix": [0.5, 0.5]}
            (folder / "summary.json").write_text(
                json.dumps({"selected": {"test": figures, "search": figures}, "baselines": {}})
            )
    return tmp_path


@pytest.fixture
def several_seeds(tmp_path):
    """A sweep with two configurations of three seeds."""
    folder = tmp_path / "multi"
    folder.mkdir()
    rows = [
        {
            "trial_id": trial,
            "label": label,
            "seed": seed,
            "accuracy": value,
            "last_exit_macro_f1": value,
            "mean_depth": 1,
        }
        for trial, label, values in (("trial-0001", "", PAIRWISE), ("trial-0002", "split, four", SPLIT))
        for seed, value in zip((1337, 2025, 42), values, strict=True)
    ]
    pd.DataFrame(rows).assign(mean_cost=math.nan).to_csv(folder / "seeds.csv", index=False)
    return folder


def typed(arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == ExitCode.DONE


def compared(first, second, **options):
    options = {"metrics": None, "split": "test", "seed": 0, "console": Console(quiet=True)} | options
    return compare_command(str(first), str(second), **options).set_index("metric")


def test_patterns_name_groups_of_runs(runs):
    found = compared(runs / "pairwise-*", runs / "split-*")
    assert list(found.index) == ["macro_f1", "mean_depth"]
    row = found.loc["macro_f1"]
    assert row.difference == pytest.approx(0.00422, abs=1e-5)
    assert row.p_value == pytest.approx(0.1)
    assert row.p_is_exact
    assert row.cohens_d == pytest.approx(3.31, abs=0.01)
    listed = ",".join(str(runs / f"pairwise-{number}") for number in (1, 2, 3))
    assert compared(listed, runs / "split-*").loc["macro_f1"].difference == row.difference


@pytest.mark.parametrize("second", ["trial-0002", "split, four"])
def test_trials_are_compared_by_their_seeds(second, several_seeds):
    found = compared(f"{several_seeds}:trial-0001", f"{several_seeds}:{second}")
    assert list(found.index) == ["accuracy", "mean_depth", "last_exit_macro_f1"]
    assert found.loc["last_exit_macro_f1"].first_mean == pytest.approx(sum(PAIRWISE) / 3)
    assert found.loc["last_exit_macro_f1"].p_value == pytest.approx(0.1)


def test_table_goes_to_a_file_and_to_mlflow(runs, tmp_path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    compared(runs / "pairwise-*", runs / "split-*", out=tmp_path / "new" / "table.csv", tracking_uri=uri)
    assert pd.read_csv(tmp_path / "new" / "table.csv")["metric"].tolist() == ["macro_f1", "mean_depth"]
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("exitsearch").experiment_id])
    assert run.data.metrics["difference_macro_f1"] == pytest.approx(0.00422, abs=1e-5)
    assert run.data.tags["exitsearch.kind"] == "comparison"
    assert run.info.status == "FINISHED"
    shown = json.loads(Path(client.download_artifacts(run.info.run_id, "comparison.json", str(tmp_path))).read_text())
    assert [row[0] for row in shown["data"]] == ["macro_f1", "mean_depth"]


@pytest.mark.parametrize(
    ("first", "second", "read"),
    [
        ("pairwise-*", "split-*", "split-3/summary.json"),
        ("multi:trial-0001", "multi:trial-0002", "multi/seeds.csv"),
    ],
)
def test_what_is_compared_is_not_written_over(runs, several_seeds, first, second, read):
    before = (runs / read).read_bytes()
    with pytest.raises(RunFolderError, match="--out must be a file of its own but .* is read; give another name"):
        compared(runs / first, runs / second, out=runs / read)
    assert (runs / read).read_bytes() == before


def test_comparison_is_logged_beside_the_sweeps_and_leaves_nothing_else(runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    before = {path.name for path in tmp_path.iterdir()}
    groups = [str(runs / "pairwise-*"), str(runs / "split-*")]
    typed(["compare", *groups, "--no-log"])
    assert {path.name for path in tmp_path.iterdir()} == before
    typed(["compare", *groups])
    assert {path.name for path in tmp_path.iterdir()} - before == {"mlflow.db", "mlflow-artifacts"}


def test_store_that_is_away_is_a_warning(runs):
    with pytest.warns(TrackingWarning, match="the comparison is not in MLflow"):
        compared(runs / "pairwise-*", runs / "split-*", tracking_uri="http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("run", "metric", "kind", "message"),
    [
        ("none-*", "macro_f1", StatisticsError, "there is no run"),
        ("split-1", "f2", MissingFigureError, "has no figure 'f2'; it has 'macro_f1', 'mean_depth'"),
        ("split-1", "exit_mix", MissingFigureError, "has no figure 'exit_mix'"),
        (
            "multi:trial-0009",
            "accuracy",
            StatisticsError,
            "no fully trained trial 'trial-0009'; there are 'trial-0001', 'tr",
        ),
        ("multi:trial-0001", "ece", MissingFigureError, "with seed 1337 has no figure 'ece'; it has 'accuracy'"),
        ("multi:trial-0001", "mean_cost", MissingFigureError, "has no figure 'mean_cost'"),
        ("split-1:trial-0001", "accuracy", StatisticsError, "has no seeds.csv, .*; set seeds in the sweep file"),
        ("damaged:trial-0001", "accuracy", StatisticsError, "seeds.csv: damaged"),
        ("listed", "accuracy", StatisticsError, "figures on test but has none"),
    ],
)
def test_what_is_not_there_is_named(run, metric, kind, message, runs, several_seeds):
    for name, file, text in (("damaged", "seeds.csv", "a,b\n1,2\n"), ("listed", "summary.json", "[]")):
        (runs / name).mkdir()
        (runs / name / file).write_text(text)
    with pytest.raises(kind, match=message) as refused:
        read_group(str(runs / run), split="test").values(metric)
    assert "\n" not in str(refused.value)


def test_figures_of_different_splits_are_not_compared(runs, several_seeds):
    with pytest.raises(StatisticsError, match="must be of one split but .* on test and .* on search; add"):
        compared(runs / "pairwise-*", f"{several_seeds}:trial-0001")
    found = compared(runs / "pairwise-*", f"{several_seeds}:trial-0001", split="search", metrics=["mean_depth"])
    assert found.loc["mean_depth"].second_mean == 1


def test_one_run_is_not_enough(runs, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["compare", str(runs / "pairwise-1"), str(runs / "split-*")])
    assert ended.value.code == ExitCode.WRONG_INPUT
    assert "at least 2 values" in capsys.readouterr().err


def test_figures_must_be_of_a_split_that_was_read(runs):
    with pytest.raises(StatisticsError, match="figures on certify but has none"):
        read_group(str(runs / "split-1"), split="certify")


def test_a_table_of_seeds_may_have_been_through_a_spreadsheet(several_seeds):
    path = several_seeds / "seeds.csv"
    path.write_text(path.read_text().replace("split, four", "split, four "), encoding="utf-8-sig")
    assert read_group(f"{several_seeds}:split,  four ", split="test").values("accuracy") == list(SPLIT)
    assert read_group(f"{several_seeds}:trial-0001", split="test").values("accuracy") == list(PAIRWISE)
