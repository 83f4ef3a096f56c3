"""``exitsearch compare``: groups of runs, and of one trial's seeds."""

import json

import mlflow
import pandas as pd
import pytest
from rich.console import Console

from search.cli import ExitCode, main
from search.compare_command import MissingFigureError, compare_command, read_group
from search.errors import RunFolderError
from search.stats import StatisticsError
from tests.search.records import add_trial, metrics, open_record


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
            (folder / "summary.json").write_text(json.dumps({"selected": {"test": figures, "search": figures}}))
    return tmp_path


@pytest.fixture
def several_seeds(tmp_path):
    folder = tmp_path / "multi"
    folder.mkdir()
    with open_record(folder) as record:
        for values in (PAIRWISE, SPLIT):
            trial = record.suggested(len(record.trials), {}, {})
            for epoch in (1, 2):
                own = {f"accuracy_seed_{seed}": value - 2 + epoch for seed, value in enumerate(values)}
                figures = metrics(sum(values) / 3, 1.5, epoch, **own)
                record.reported(trial.trial_id, figures, failure="", is_done=epoch == 2)
        add_trial(record)
    return folder


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


def test_trials_of_several_seeds_are_compared_by_their_last_report(several_seeds):
    found = compared(f"{several_seeds}:trial-0001", f"{several_seeds}:trial-0002", metrics=["accuracy"])
    assert found.loc["accuracy"].first_mean == pytest.approx(sum(PAIRWISE) / 3)
    assert found.loc["accuracy"].p_value == pytest.approx(0.1)


def test_table_goes_to_a_file_and_to_mlflow(runs, tmp_path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    compared(runs / "pairwise-*", runs / "split-*", out=tmp_path / "new" / "table.csv", tracking_uri=uri)
    assert pd.read_csv(tmp_path / "new" / "table.csv")["metric"].tolist() == ["macro_f1", "mean_depth"]
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("exitsearch").experiment_id])
    assert run.data.metrics["difference_macro_f1"] == pytest.approx(0.00422, abs=1e-5)
    assert run.data.tags["kind"] == "comparison"


@pytest.mark.parametrize(
    ("run", "metric", "kind", "message"),
    [
        ("none-*", "macro_f1", StatisticsError, "there is no run"),
        ("split-1", "f2", MissingFigureError, "has no figure 'f2'; it has macro_f1, mean_depth"),
        ("split-1", "exit_mix", MissingFigureError, "has no figure 'exit_mix'"),
        ("multi:trial-0009", "accuracy", StatisticsError, "has no reports of 'trial-0009'"),
        ("multi:trial-0001", "ece", MissingFigureError, "has no 'ece' for each seed; it has accuracy"),
        ("multi:trial-0003", "accuracy", MissingFigureError, "trained with one seed; set seeds"),
        ("split-1:trial-0001", "accuracy", RunFolderError, "is no folder of a sweep"),
    ],
)
def test_what_is_not_there_is_named(run, metric, kind, message, runs, several_seeds):
    with pytest.raises(kind, match=message) as refused:
        read_group(str(runs / run), metric, split="test")
    assert "\n" not in str(refused.value)


def test_one_run_is_not_enough(runs, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["compare", str(runs / "pairwise-1"), str(runs / "split-*")])
    assert ended.value.code == ExitCode.WRONG_INPUT
    assert "at least 2 values" in capsys.readouterr().err


def test_figures_must_be_of_a_split_that_was_read(runs):
    with pytest.raises(StatisticsError, match="figures on certify but has none"):
        read_group(str(runs / "split-1"), "macro_f1", split="certify")
