"""A search on tables of a detector, by the command: what is printed, written and drawn."""

from dataclasses import replace
import json

import numpy as np
import pandas as pd
from PIL import Image
import pytest

from policies.calibration.box_temperature import tempered_boxes
from policies.metrics.detection.oracle import oracle_figures
from search.cli.app import main
from search.reporting.samples import draw_samples
from search.reporting.tasks import report_of
from search.run_folder.answers import PolicyAnswers
from search.run_folder.folder import RunFolder
from tests.detection_tables import make_detection_table


SPLITS = {"search": 60, "certify": 40, "test": 30}


@pytest.fixture(scope="module")
def tables():
    return {
        split: make_detection_table(n, 3, 3, seed=seed, prefix=split) for seed, (split, n) in enumerate(SPLITS.items())
    }


@pytest.fixture(scope="module")
def searched(tables, tmp_path_factory):
    """What was printed, and the folder of the results."""
    place = tmp_path_factory.mktemp("boxes")
    for split, table in tables.items():
        table.save(place / f"{split}.npz")
    out = place / "found"
    given = [place / "search.npz", "--certify", place / "certify.npz", "--test", place / "test.npz", "--out", out]
    asked = ["--quality", "map_50", "--max-relative-drop", "0.2", "--bound", "image_f1=0.4"]
    with pytest.raises(SystemExit) as ended:
        main(["policy", *map(str, given), *asked, "--rule", "top-scores", "--max-evaluations", "200"])
    assert ended.value.code == 0
    return out


def test_every_file_is_there_and_agrees_with_the_summary(searched):
    summary = json.loads((searched / "summary.json").read_text())
    policy, exits = summary["selected"]["test"], summary["exits"]["test"]
    assert summary["certified"] and summary["certificate"]["claim"] == "image_f1 is at least 0.4"
    classes = pd.read_csv(searched / "detection_classes.csv").query("split == 'test'")
    own = classes[classes["policy"] == "selected"]
    assert own["ap_50"].mean() == pytest.approx(policy["map_50"], abs=1e-5)
    last = classes[classes["policy"] == "exit_3"]
    assert last["ap"].mean() == pytest.approx(exits[-1]["map"], abs=1e-5)
    full = classes[classes["policy"] == "full_network"]
    assert full["ap_50"].tolist() == pytest.approx(last["ap_50"].tolist(), abs=1e-9)
    errors = pd.read_csv(searched / "detection_errors.csv").query("split == 'test' and policy == 'selected'")
    assert dict(zip(errors["kind"], errors["count"], strict=True)) == policy["errors"]
    sizes = pd.read_csv(searched / "detection_sizes.csv")
    assert set(sizes["policy"]) == set(classes["policy"])
    for name in ("detection_classes.png", "detection_errors.png", "pareto_front.png"):
        with Image.open(searched / name) as picture:
            assert min(picture.size) > 300


def test_no_file_of_classifiers_is_there(searched):
    written = {path.name for path in searched.iterdir()}
    assert not written & {"confusion.png", "classes.csv", "reliability.png"}


def test_the_bound_that_a_drop_comes_to_is_told(searched):
    summary = json.loads((searched / "summary.json").read_text())
    full = summary["baselines"]["full_network"]["search"]["map_50"]
    assert summary["goal_target"] == pytest.approx(0.8 * full, abs=1e-6)
    assert summary["selected"]["search"]["map_50"] >= summary["goal_target"] - 0.05


def test_the_best_exits_by_f1_are_judged_by_the_scores_that_exits_and_policy_are(searched, tables):
    summary = json.loads((searched / "summary.json").read_text())
    temperatures = summary["selected"]["params"]["temperatures"]
    assert temperatures != [1.0, 1.0, 1.0]
    for split, table in tables.items():
        boxes = [tempered_boxes(table.boxes[:, k], one) for k, one in enumerate(temperatures)]
        tempered = replace(table, boxes=np.stack(boxes, axis=1))
        told = summary["oracle_by_f1"][split]["image_f1"]
        assert told == pytest.approx(oracle_figures(tempered)["image_f1"], abs=1e-5)
        assert told >= max(exit["image_f1"] for exit in summary["exits"][split])


def test_a_report_of_it_can_be_printed_again(searched, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["report", str(searched)])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert "Exits on test: AP@.5 by class" in printed
    assert "errors by kind" in printed
    assert "best exit by F1" in printed


class Selected:
    """A selection whose network has a table, and no more."""

    def __init__(self, table):
        self.network = self
        self.search = table
        self.temperatures = np.ones(3)


class TestSplit:
    """Images with the ids of a table, in another order."""

    __test__ = False

    def __init__(self, table):
        self.ids = table.ids[::-1]
        self.inputs = np.full((table.n_samples, 3, 40, 40), 90, dtype=np.uint8)


def answered(table):
    exits = np.arange(table.n_samples) % 3
    answers = table.boxes[np.arange(table.n_samples), exits]
    return [PolicyAnswers("selected", "test", table, answers, exits)]


def test_images_of_test_are_drawn(tables, tmp_path):
    table = tables["test"]
    assert draw_samples(RunFolder(tmp_path), TestSplit(table), Selected(table), answered(table)) == ()
    with Image.open(tmp_path / "contact_sheet.png") as sheet:
        assert sheet.height > 12 * 300
    assert RunFolder(tmp_path).contact_sheet_png in RunFolder(tmp_path).written


def test_what_cannot_be_drawn_costs_a_note(tables, tmp_path):
    table, other = tables["test"], tables["search"]
    (note,) = draw_samples(RunFolder(tmp_path), TestSplit(other), Selected(table), answered(table))
    assert note.startswith("no samples of test are drawn: ")
    assert list(tmp_path.iterdir()) == []


def test_detectors_are_timed_unless_somebody_says_otherwise(tables):
    assert report_of(tables["test"]).measures_latency
