"""``exitsearch report``: one search after the other, or side by side."""

import io
import json
import re

import pandas as pd
import pytest
from rich.console import Console

from search.cli.app import main
from search.cli.reports.report import SELECTED, report_command
from search.errors import RunFolderError
from search.reporting.terminal import print_policies
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary
from tests.search.summaries import made_up_summary


def report(runs, **options):
    given = {"compare": True, "split": "test", "console": Console(quiet=True)} | options
    return report_command(runs, **given)


def test_table_has_every_policy_of_every_run(finished, tmp_path):
    summary, folder, _ = finished
    again = tmp_path / "again"
    again.mkdir()
    (again / "summary.json").write_text((folder / "summary.json").read_text())
    table = report([folder, again], out=tmp_path / "new" / "history.csv")
    assert len(table) == 2 * (1 + len(summary["baselines"]))
    assert table["run"].unique().tolist() == [str(folder), str(again)]
    one = table.iloc[0]
    assert (one.run, one.policy) == (str(folder), SELECTED)
    assert one.certified == summary["certified"]
    for key in ("accuracy", "macro_f1", "mean_depth", "flip_rate", "exit_consistency"):
        assert one[key] == summary["selected"]["test"][key]
    assert table["certified"].sum() == 2 * summary["certified"]
    assert len(pd.read_csv(tmp_path / "new" / "history.csv")) == len(table)
    on_search = report([folder], split="search")
    assert on_search.iloc[0]["accuracy"] == summary["selected"]["search"]["accuracy"]


def test_summaries_of_older_searches_which_held_matrices_are_read(finished, tmp_path):
    _, folder, _ = finished
    older = json.loads((folder / "summary.json").read_text())
    for figures in (older["selected"], *older["baselines"].values()):
        for split in ("search", "test"):
            figures[split] |= {"confusion": [[1, 0], [0, 1]], "per_class": {"recall": [1.0, None]}}
    (tmp_path / "summary.json").write_text(json.dumps(older))
    pd.testing.assert_frame_equal(report([tmp_path]).drop(columns="run"), report([folder]).drop(columns="run"))


def test_baseline_trials_have_rows_where_there_are_figures_and_times_where_they_were_measured(finished, tmp_path):
    summary, folder, _ = finished
    with_baseline, older = json.loads((folder / "summary.json").read_text()), json.loads(json.dumps(summary))
    full = {key: summary["baselines"]["full_network"][key] for key in ("search", "test")}
    beside = {"is_fallback": False, "same_depth": summary["selected"], "same_accuracy": None}
    with_baseline["baseline_trials"] = [{"trial": "my_study", "policy": "full_network", **beside, **full}]
    for figures in (older["selected"], *older["baselines"].values()):
        del figures["test"]["mean_latency_ms"]
    for name, one in (("with", with_baseline), ("older", older)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.json").write_text(json.dumps(one))
    printed = io.StringIO()
    table = report([tmp_path / "with", tmp_path / "older"], console=Console(file=printed, width=200))
    (row,) = table[table["baseline_trial"] != ""].to_dict("records")
    assert (row["run"], row["baseline_trial"], row["policy"]) == (str(tmp_path / "with"), "my_study", "full network")
    assert f"{tmp_path / 'with'}, my_study" in printed.getvalue()
    assert table["mean_latency_ms"].isna().sum() == 1 + len(summary["baselines"])
    assert " ms " in printed.getvalue()
    assert "nan" not in printed.getvalue()
    printed = io.StringIO()
    report([tmp_path / "with"], compare=False, console=Console(file=printed, width=200))
    (row,) = re.findall(r"my_study .*\n full network (.*)", printed.getvalue())
    own, found = full["test"], summary["selected"]["test"]
    assert re.findall(r"[\d.]+|none", row) == [
        *(f"{own['accuracy']:.4f}", f"{own['mean_depth']:.3f}"),
        *(f"{found['accuracy']:.4f}", f"{found['mean_depth']:.3f}", "none"),
    ]
    on_certify = report([tmp_path / "with"], split="certify")
    assert len(on_certify) == len(table) / 2 - 0.5


def test_typed(finished, capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    summary, folder, _ = finished
    for command, expected in (
        (["report", "--compare", str(folder)], ["Policies on test", "full network", "exit mix, %"]),
        (["report", str(folder)], ["Selected: ", "best shared threshold", str(folder)]),
    ):
        with pytest.raises(SystemExit) as ended:
            main(command)
        assert ended.value.code == 0
        printed = capsys.readouterr().out
        assert all(text in printed for text in expected)
        assert f"{summary['selected']['test']['accuracy']:.4f}" in printed


def test_what_is_no_finished_search_is_refused(finished, tmp_path):
    _, folder, _ = finished
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "summary.json").write_text(json.dumps({"selected": {}}))
    for run in (tmp_path / "none", tmp_path / "half"):
        with pytest.raises(RunFolderError, match=r"a finished search has summary\.json"):
            report([folder, run])
    with pytest.raises(RunFolderError, match="there must be figures on tune but there are none"):
        report([folder], split="tune")


@pytest.mark.parametrize("options", [("--html",), ("--compare",)])
@pytest.mark.parametrize("name", ["summary.json", "policy.json", "sweep.yaml", "pareto_front.csv", "model.safetensors"])
def test_files_of_a_search_are_not_written_over(tmp_path, monkeypatch, capsys, options, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("kept")
    with pytest.raises(SystemExit, match="2"):
        main(["report", ".", *options, "--out", name])
    assert f"--out must be a file of its own but {name} is read" in capsys.readouterr().err
    assert (tmp_path / name).read_text() == "kept"


def test_a_search_without_test_figures_is_reported_as_far_as_it_goes(finished, tmp_path, capsys):
    _, folder, _ = finished
    summary = json.loads((folder / "summary.json").read_text())
    for figures in (summary["selected"], *summary["baselines"].values()):
        del figures["test"]
    (tmp_path / "summary.json").write_text(json.dumps(summary))
    assert report([tmp_path], compare=False, console=Console(width=200)) is None
    assert f"{summary['selected']['certify']['accuracy']:.4f}" in capsys.readouterr().out
    with pytest.raises(RunFolderError, match="there must be figures on test but there are none"):
        report([tmp_path])
    with pytest.raises(SystemExit) as ended:
        main(["report", str(folder), "--out", str(tmp_path / "table.csv")])
    assert ended.value.code == 2


def test_of_several_alarms_only_the_most_important_is_shown(tmp_path):
    printed = io.StringIO()
    print_policies(Console(file=printed), Summary.model_validate(made_up_summary(0)), ResultFiles(tmp_path))
    alarms = [line for line in printed.getvalue().splitlines() if line.startswith("Collapse")]
    assert alarms == ["Collapse           depth 1 takes 0.1% of the samples (no signal)"]
