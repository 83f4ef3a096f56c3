"""``exitsearch certify``: exit codes, what is printed, what is written, and one line for every mistake."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.tables.origin import Origin
from search.cli.app import ExitCode, main
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.policies.outcomes import FULL, GATE, table_with_errors


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table_with_errors(400, first=8, last=4).save(tmp_path / "one_class.npz")
    labels = np.array([0] * 399 + [1])
    table = table_with_errors(400, first=8, last=4, labels=labels)
    table.save(tmp_path / "table.npz")
    elsewhere = table_with_errors(500, first=9, last=5, prefix="s")
    replace(GATE, origin=Origin.of(elsewhere)).save(tmp_path / "policy.json", workload="made up")
    GATE.save(tmp_path / "older.json", search_hash=elsewhere.split_hash)
    GATE.save(tmp_path / "chosen_here.json", search_hash=table.split_hash)
    replace(GATE, origin=Origin.of(table.take(np.arange(398)))).save(tmp_path / "chosen_on_most.json")
    GATE.save(tmp_path / "three.json", n_classes=3, cost=[0.25, 1.0], class_names=["a", "b", "c"])
    GATE.save(tmp_path / "damaged.json", chosen_on={"ids": "AAAA"})
    GATE.save(tmp_path / "odd.json", cost="cheap")
    FULL.save(tmp_path / "unknown.json")
    (tmp_path / "text.json").write_text("hello")
    (tmp_path / "text.npz").write_text("hello")
    table_with_errors(50, first=1, last=0).save(tmp_path / "small.npz")
    groups = np.repeat([f"g{i}" for i in range(20)], 20)
    table_with_errors(400, first=0, last=0, groups=groups, meta={"split": "search"}).save(tmp_path / "grouped.npz")
    return tmp_path


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["certify", *arguments])
    return ended.value.code, capsys.readouterr()


def test_certified(capsys, place):
    code, printed = outcome(capsys, "policy.json", "table.npz", "--target", "0.95")
    assert code == ExitCode.DONE == 0
    verdict = "Certified: with confidence 95 %, on new data of the same kind accuracy is at least 0.95 (bound 0.9642)"
    assert printed.out.strip().splitlines()[-1] == verdict
    assert "0.9800" in printed.out
    assert "note" not in printed.out
    assert not list(place.glob("certificate*"))


def test_several_drops_of_labels_with_the_table_that_the_policy_was_chosen_on(capsys, place):
    answering = Answering(level="parent", pooling="mean")
    Policy("label-margin", (0.2, 0.15), (1.0, 1.0, 1.0), answering=answering).save(place / "labels.json")
    for name, n in (("search", 900), ("certify", 1500)):
        make_label_table(n, parents_of=3, seed=n, prefix=name).save(place / f"labels_{name}.npz")
    drops = ["--max-drop", "exact_match=0.05", "--max-drop", "hamming=0.02", "--bound", "label_f1[dog]=0.8"]
    extras = ["--search", "labels_search.npz", "--out", "certificate.json"]
    code, printed = outcome(capsys, "labels.json", "labels_certify.npz", *drops, *extras)
    assert code == ExitCode.DONE, printed.out
    assert "drop of hamming" in printed.out
    assert "label_f1[dog]" in printed.out
    assert ", over parents (bound 0." in printed.out
    assert "note: before certify was read, search settled that the drop of hamming is tested by" in printed.out
    data = json.loads((place / "certificate.json").read_text())
    assert data["claim"]["max_drop"] == {"exact_match": 0.05, "hamming": 0.02}
    assert (data["unit"], data["n"]) == ("parent", 500)


def test_joint_claim_with_every_option(capsys, place):
    arguments = ["--target", "0.9", "--max-drop", "0.03", "--max-degradation", "0.03", "--exit-floor", "0.9"]
    extras = ["--bootstrap-f1", "--delta", "0.1", "--out", "new/certificate.json"]
    code, printed = outcome(capsys, "policy.json", "table.npz", *arguments, *extras)
    data = json.loads((place / "new" / "certificate.json").read_text())
    assert code == ExitCode.DONE
    assert data["certified"]
    assert data["delta"] == 0.1
    assert data["claim"]["max_drop"] == 0.03
    assert [part["name"] for part in data["parts"]] == ["accuracy", "drop", "degradation", "accuracy at depth 1"]
    assert data["bootstrap"]["method"].startswith("bootstrap")
    assert "certified" not in data["bootstrap"]
    assert "bootstrap lower bound" in printed.out
    assert "note: nobody left at depth 2" in printed.out
    assert "Certificate new/certificate.json" in printed.out


@pytest.fixture
def detector(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_detection_table(300, 3, 2).save(tmp_path / "boxes.npz")
    Policy("top-scores", (0.7, 0.7), (1.0, 1.0, 1.0)).save(tmp_path / "boxes.json")
    return tmp_path


def test_a_detectors_mean_quality_is_certified_and_its_map_bootstrapped(capsys, detector):
    claimed = ["--quality", "image_f1", "--target", "0.6", "--bound", "found_objects=0.6", "--max-relative-drop", "0.3"]
    extras = ["--bootstrap", "map_50", "--out", "certificate.json"]
    code, printed = outcome(capsys, "boxes.json", "boxes.npz", *claimed, *extras)
    assert code == ExitCode.DONE
    data = json.loads((detector / "certificate.json").read_text())
    assert (data["claim"]["quality"], data["claim"]["bounds"]) == ("image_f1", {"found_objects": 0.6})
    assert data["bootstrap"]["figure"] == "map_50"
    assert 0 < data["bootstrap"]["bound"] < data["bootstrap"]["observed"]
    assert "map_50 0." in printed.out
    assert "over 300 samples: an approximation, not certified" in printed.out
    assert (
        "the same kind image F1 is at least 0.6, the share of the full network's image F1 that is lost" in printed.out
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "0.5"], "neither right nor wrong"),
        (["--quality", "map_50", "--target", "0.5"], "but is 'map_50'; claim one of those"),
        (["--quality", "image_f1", "--target", "0.5", "--bound", "found_objects"], "--bound must be NAME=VALUE"),
        (["--quality", "image_f1", "--target", "0.5", "--class-floor", "0.5"], "class_floor is about right and wrong"),
        (["--quality", "image_f1", "--target", "0.5", "--bootstrap", "image_recall"], "there is no quality"),
        (["--quality", "image_f1", "--target", "0.5", "--bootstrap", "macro_f1"], "judges answers of task"),
        (["--quality", "image_f1", "--target", "0.5", "--bootstrap-f1"], "--bootstrap-f1 is about classes"),
    ],
)
def test_what_a_detector_cannot_be_asked(capsys, detector, arguments, message):
    code, printed = outcome(capsys, "boxes.json", "boxes.npz", *arguments)
    assert code == ExitCode.WRONG_INPUT
    assert message in printed.err
    assert printed.out == ""


def test_not_certified(capsys, place):
    code, printed = outcome(capsys, "policy.json", "small.npz", "--target", "0.95", "--out", "no.json")
    assert code == ExitCode.NOT_ACHIEVED == 3
    assert "NOT CERTIFIED: the policy's accuracy on certify is 0.9800, above 0.95, but 50 samples" in printed.out
    assert "more samples are needed" in printed.out
    assert not json.loads((place / "no.json").read_text())["certified"]


def test_an_absent_class_is_not_certified(capsys, place):
    code, printed = outcome(capsys, "policy.json", "one_class.npz", "--target", "0.9", "--class-floor", "0.8")
    assert code == ExitCode.NOT_ACHIEVED
    assert "recall of class 1 cannot be tested" in printed.out
    assert "warning: one_class.npz: all 400 labels are class 0 of 2" in printed.err


def test_groups_and_origin_are_told(capsys, place):
    code, printed = outcome(capsys, "unknown.json", "grouped.npz", "--max-drop", "0.1")
    assert code == ExitCode.NOT_ACHIEVED
    assert "20 groups are too few" in printed.out
    assert "more groups are needed" in printed.out
    assert "note: the policy does not state what it was chosen on" in printed.out
    assert "note: the table calls itself 'search'" in printed.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["chosen_here.json", "table.npz", "--target", "0.9"],
            "chosen_here.json was chosen on all 400 samples of table.npz, so that these cannot certify it",
        ),
        (
            ["chosen_on_most.json", "table.npz", "--target", "0.9"],
            "was chosen on 398 of the 400 samples, such as 'c0', 'c1', 'c10', of table.npz",
        ),
        (
            ["three.json", "table.npz", "--target", "0.9"],
            "the number of classes is 3 in the policy and 2 in the table; "
            "the cost up to depth 1 is 0.25 in the policy and 0.5 in the table; use a table of the network",
        ),
        (["damaged.json", "table.npz", "--target", "0.9"], "damaged.json: a policy's 'chosen_on' is damaged"),
        (["odd.json", "table.npz", "--target", "0.9"], "odd.json: a policy's 'cost' cannot be 'cheap'"),
        (
            ["policy.json", "table.npz"],
            "a claim needs a target, a max_drop, a max_relative_drop, a max_degradation, a max_disagreement or bounds",
        ),
        (["policy.json", "table.npz", "--class-floor", "0.9"], "a claim needs a target"),
        (["policy.json", "table.npz", "--target", "95"], "target must be above 0 and at most 1 but is 95"),
        (["policy.json", "table.npz", "--target", "nan"], "--target must be a number but nan was given; see"),
        (["policy.json", "table.npz", "--max-drop", "-0.1"], "max_drop must be at least 0"),
        (
            ["policy.json", "table.npz", "--max-drop", "0.1", "--max-drop", "accuracy=0.1"],
            "--max-drop must be NAME=VALUE",
        ),
        (["policy.json", "table.npz", "--max-drop", "macro_f1=0.1"], "but is 'macro_f1'; claim one of those"),
        (
            ["policy.json", "table.npz", "--max-drop", "hamming=0.1"],
            "quality 'hamming' judges answers of task 'multi-label'",
        ),
        (["policy.json", "table.npz", "--max-drop", "0.1", "--search", "table.npz"], "share"),
        (["policy.json", "table.npz", "--target", "0.9", "--delta", "0"], "delta must lie strictly between 0 and 1"),
        (["missing.json", "table.npz", "--target", "0.9"], "missing.json: there is no such policy"),
        (["policy.json", "missing.npz", "--target", "0.9"], "missing.npz: there is no such exit table"),
        (["text.json", "table.npz", "--target", "0.9"], "text.json: not a readable policy"),
        (["policy.json", "text.npz", "--target", "0.9"], "text.npz: not a readable exit table"),
        (
            ["policy.json", "table.npz", "--target", "0.9", "--out", "text.json/c.json"],
            "the folder of --out must be a folder that can be made and written to but text.json cannot",
        ),
        (["policy.json", "table.npz", "--target", "0.9", "--out", "policy.json"], "--out must be a file of its own"),
        (["policy.json", "table.npz", "--target", "0.9", "--out", "."], "--out must be a file but . is a folder"),
    ],
)
def test_mistakes(capsys, place, arguments, message):
    before = sorted(place.iterdir())
    code, printed = outcome(capsys, *arguments)
    assert code == ExitCode.WRONG_INPUT == 2
    assert message in printed.err
    assert printed.err.startswith("error: ")
    assert len(printed.err.strip().splitlines()) == 1
    assert printed.out == ""
    assert sorted(place.iterdir()) == before


def test_older_policy_files_are_read_with_a_note(capsys, place):
    code, printed = outcome(capsys, "older.json", "table.npz", "--target", "0.95", "--out", "c.json")
    assert code == ExitCode.DONE
    note = "the policy states only a hash of the whole table that it was chosen on"
    assert f"note: {note}" in printed.out
    assert note in json.loads((place / "c.json").read_text())["notes"][0]


def test_tables_without_ids_or_groups_are_doubted(capsys, place):
    table = table_with_errors(400, first=8, last=4)
    np.savez(place / "nameless.npz", logits=table.logits, labels=table.labels, cost=table.cost)
    code, printed = outcome(capsys, "policy.json", "nameless.npz", "--target", "0.95")
    assert code == ExitCode.DONE
    assert "note: samples without ids are known by equal outputs alone" in printed.out
    assert printed.err.startswith("warning: nameless.npz: ")
    assert len(printed.err.strip().splitlines()) == 1
    grouped = table_with_errors(500, first=9, last=5, prefix="s", groups=np.repeat([f"g{k}" for k in range(100)], 5))
    replace(GATE, origin=Origin.of(grouped)).save(place / "grouped.json")
    _, printed = outcome(capsys, "grouped.json", "table.npz", "--target", "0.95")
    assert "note: the policy was chosen on samples of 100 groups and the table has no 'groups'" in printed.out


def test_help_is_worth_reading(capsys):
    code, printed = outcome(capsys, "--help")
    assert code == ExitCode.DONE
    for text in ("--target", "--max-drop", "--max-degradation", "--class-floor", "--exit-floor", "Exit status"):
        assert text in printed.out
