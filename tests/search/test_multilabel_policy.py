"""From the exit tables of a network with sets of labels to a policy, by the command line."""

import json

import numpy as np
import pandas as pd
import pytest

from policies.parents.membership import Parents
from policies.policy import Policy
from policies.tasks import load_table
from search.cli.app import main
from search.cli.exit_code import ExitCode
from tests.multilabel_tables import make_label_table


FAST = ("--rule", "label-margin", "--max-evaluations", "400")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for seed, split in enumerate(("search", "test")):
        make_label_table(320, n_labels=4, parents_of=4, seed=seed, prefix=split).save(folder / f"{split}.npz")
    return folder


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["policy", *map(str, arguments)])
    return ended.value.code


def test_the_tasks_own_quality_is_asked_for_where_nobody_says_otherwise(tables, tmp_path, capsys):
    files = (tables / "search.npz", "--test", tables / "test.npz", "--out", tmp_path / "found")
    assert run(*files, "--target", "0.8", *FAST) == ExitCode.DONE, capsys.readouterr().err
    printed = capsys.readouterr().out
    for told in ("least depth, labels known", "Exits on test, 320 samples", "Labels on test, 320 samples", "siren"):
        assert told in printed

    summary = json.loads((tmp_path / "found" / "summary.json").read_text())
    assert (summary["task"], summary["quality"], summary["main_quality"]) == ("multi-label", *["exact_match"] * 2)
    figures = summary["selected"]["search"]
    assert figures["exact_match"] >= 0.8 and figures["mean_depth"] < 3
    assert summary["oracle"]["search"] <= figures["mean_depth"]
    assert summary["baselines"]["full_network"]["test"]["drops"]["exact_match"] == 0
    assert [one["depth"] for one in summary["exits"]["test"]] == [1, 2, 3]
    labels = pd.read_csv(tmp_path / "found" / "labels.csv")
    own = labels[(labels["policy"] == "selected") & (labels["split"] == "test")]
    assert dict(zip(own["label"], own["f1"], strict=True)) == pytest.approx(summary["selected"]["test"]["f1_by_label"])
    assert (tmp_path / "found" / "labels.png").stat().st_size > 5000


@pytest.mark.parametrize("level", ["sample", "parent"])
def test_pooled_answers_are_told_of_parents(tmp_path, capsys, monkeypatch, level):
    monkeypatch.setattr("search.reporting.policy_summary.BASELINE_EVALUATIONS", 100)
    for seed, split in enumerate(("search", "test")):
        make_label_table(120, 2, 4, parents_of=4, seed=seed, prefix=split).save(tmp_path / f"{split}.npz")
    files = (tmp_path / "search.npz", "--test", tmp_path / "test.npz", "--out", tmp_path / "found")
    asked = ("--level", level, "--pooling", "mean", "--target", "0.9")
    assert run(*files, *asked, *FAST) == ExitCode.DONE, capsys.readouterr().err
    assert "Labels on test, 30 parents" in capsys.readouterr().out
    summary = json.loads((tmp_path / "found" / "summary.json").read_text())
    figures = summary["selected"]["test"]
    assert (figures["n_samples"], figures["n_parents"], figures["n_judged"]) == (120, 30, 30)
    assert summary["exits"]["test"][-1]["exact_match"] == pytest.approx(
        summary["baselines"]["full_network"]["test"]["exact_match"]
    )
    # What is told is what the written policy does, parent by parent.
    table = load_table(tmp_path / "test.npz")
    decision = Policy.load(tmp_path / "found" / "policy.json").decide(table)
    truth = table.labels[Parents.of(table).first_rows]
    right = (decision.parents.answers(decision.exits) == truth).all(axis=1)
    assert figures["exact_match"] == pytest.approx(right.mean())
    labels = pd.read_csv(tmp_path / "found" / "labels.csv")
    assert (labels.groupby(["policy", "split"])["n_on"].sum() <= 4 * 30).all()


def test_another_quality_may_be_asked_for(tables, tmp_path, capsys):
    files = (tables / "search.npz", "--out", tmp_path / "found")
    asked = ("--quality", "hamming", "--target", "0.08", "--bound", "label_recall[siren]=0.8")
    assert run(*files, *asked, *FAST) == ExitCode.DONE, capsys.readouterr().err
    figures = json.loads((tmp_path / "found" / "summary.json").read_text())["selected"]["search"]
    assert figures["hamming"] <= 0.08 and figures["recall_by_label"]["siren"] >= 0.8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays: {"labels": arrays["labels"].argmax(axis=1)}, r"np.eye"),
        (lambda arrays: {"logits": (arrays["logits"] > 0) * 1.0}, "outputs before the sigmoid"),
        (lambda arrays: {"parents": np.array([""] * 320)}, "'parents' must have names"),
        (lambda arrays: {"order": np.zeros(320)}, "'order' must differ within a parent"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(tables, tmp_path, capsys, change, message):
    table = load_table(tables / "search.npz")
    arrays = table.arrays()
    meta = json.dumps({**table.meta, "task": "multi-label"})
    np.savez(tmp_path / "wrong.npz", **{**arrays, **change(arrays)}, meta=meta)
    assert run(tmp_path / "wrong.npz", "--target", "0.6", "--out", tmp_path / "found") == ExitCode.WRONG_INPUT
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and message in error
    assert not (tmp_path / "found").exists()


def test_a_parent_in_two_tables_is_refused(tables, tmp_path, capsys):
    table = load_table(tables / "search.npz")
    table.take(np.arange(0, 320, 2)).save(tmp_path / "even.npz")
    table.take(np.arange(1, 320, 2)).save(tmp_path / "odd.npz")
    arguments = (tmp_path / "even.npz", "--test", tmp_path / "odd.npz", "--target", "0.6", "--out", tmp_path / "found")
    assert run(*arguments) == ExitCode.WRONG_INPUT
    assert "'search' and 'test' share 80 parents, such as" in capsys.readouterr().err
    assert not (tmp_path / "found").exists()
