"""From a detector's exit tables to a policy, by the command line."""

import json

import numpy as np
import pandas as pd
import pytest

from policies.tasks import load_table
from search.cli.app import main
from search.cli.exit_code import ExitCode
from tests.detection_tables import make_detection_table
from tests.tables import make_table


FAST = ("--rule", "top-scores", "--max-evaluations", "600")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    for seed, split in enumerate(("search", "certify", "test")):
        make_detection_table(120, seed=seed, prefix=split).save(folder / f"{split}.npz")
    return folder


def run(*arguments):
    with pytest.raises(SystemExit) as ended:
        main(["policy", *map(str, arguments)])
    return ended.value.code


def test_the_tasks_own_quality_is_asked_for_where_nobody_says_otherwise(tables, tmp_path, capsys):
    files = (tables / "search.npz", "--test", tables / "test.npz", "--out", tmp_path / "found")
    assert run(*files, "--target", "0.6", *FAST) == ExitCode.DONE, capsys.readouterr().err
    printed = capsys.readouterr().out
    assert "exits by image F1, objects known" in printed and "for mAP@.5 0.6" in printed

    summary = json.loads((tmp_path / "found" / "summary.json").read_text())
    assert (summary["task"], summary["quality"], summary["main_quality"]) == ("detection", "map_50", "map_50")
    figures = summary["selected"]["search"]
    assert figures["map_50"] >= 0.6 and figures["mean_depth"] < 3
    assert {"map", "image_f1", "errors", "drops", "ap_50_by_class", "map_50_by_size"} <= figures.keys()
    assert summary["oracle"]["search"] <= figures["mean_depth"]
    assert summary["baselines"]["full_network"]["test"]["drops"]["map_50"] == 0
    assert [one["depth"] for one in summary["exits"]["test"]] == [1, 2, 3]
    front = pd.read_csv(tmp_path / "found" / "pareto_front.csv")
    assert (np.diff(front["mean_depth"]) > 0).all() and (np.diff(front["map_50"]) > 0).all()


def test_another_quality_may_be_asked_for(tables, tmp_path, capsys):
    files = (tables / "search.npz", "--out", tmp_path / "found")
    asked = ("--quality", "found_objects", "--target", "0.75", "--bound", "worst_class_map_50=0.5")
    assert run(*files, *asked, *FAST) == ExitCode.DONE, capsys.readouterr().err
    summary = json.loads((tmp_path / "found" / "summary.json").read_text())
    figures = summary["selected"]["search"]
    assert figures["found_objects"] >= 0.75 and figures["worst_class_map_50"] >= 0.5
    assert summary["oracle"]["search"] <= figures["mean_depth"]


def test_tables_of_two_kinds_are_of_two_networks(tables, tmp_path, capsys):
    make_table(120, n_classes=3, prefix="other").save(tmp_path / "classes.npz")
    arguments = (tables / "search.npz", "--test", tmp_path / "classes.npz", "--target", "0.6", *FAST)
    assert run(*arguments, "--out", tmp_path / "found") == ExitCode.WRONG_INPUT
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "the kind of answers is classification in" in error
    assert not (tmp_path / "found").exists()


@pytest.mark.parametrize("quality", ["accuracy", "macro_f1"])
def test_a_classifiers_quality_is_refused(tables, tmp_path, capsys, quality):
    arguments = (tables / "search.npz", "--quality", quality, "--target", "0.6", *FAST, "--out", tmp_path / "found")
    assert run(*arguments) == ExitCode.WRONG_INPUT
    assert "judges answers of task 'classification' but the table has those of 'detection'" in capsys.readouterr().err
    assert not (tmp_path / "found").exists()


def test_boxes_in_pixels_are_refused_in_one_line(tables, tmp_path, capsys):
    table = load_table(tables / "search.npz")
    arrays = table.arrays()
    meta = json.dumps({**table.meta, "task": "detection"})
    np.savez(tmp_path / "pixels.npz", **{**arrays, "boxes": arrays["boxes"] * 640}, meta=meta)
    assert run(tmp_path / "pixels.npz", "--target", "0.6", "--out", tmp_path / "found") == ExitCode.WRONG_INPUT
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "they look like pixels" in error
