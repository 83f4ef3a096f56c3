"""``exitsearch certify`` on tables without labels: what it asks for, what it proves, and one line for every mistake."""

import csv
from dataclasses import replace
import json

import numpy as np
import pytest

from policies.policy import Policy
from policies.tables.origin import Origin
from search.cli.app import ExitCode, main
from tests.multilabel_tables import make_label_table
from tests.policies.certificates.labelling.tables import without_labels
from tests.policies.outcomes import GATE, outcome_table


N = 2000
DROP = ("--unlabelled", "--max-drop", "0.01")
POLICY, TABLE = "policy.json", "unlabelled.npz"


def made(seed=5, *, lost=0.004, gained=0.002, n=N, **options):
    rng = np.random.default_rng(seed)
    last, chance = rng.random(n) < 0.9, rng.random(n)
    flips = np.where(last, chance < lost / 0.9, chance < gained / 0.1)
    return outcome_table(last ^ flips, last, labels=rng.integers(0, 2, n), **options)


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table, search = made(), made(1, prefix="s")
    table.save(tmp_path / "labelled.npz")
    search.save(tmp_path / "search.npz")
    without_labels(table).save(tmp_path / TABLE)
    half = np.where(np.arange(N) < 100, table.labels, -1)
    np.savez(tmp_path / "half.npz", **(table.arrays() | {"labels": half}))
    grouped = replace(without_labels(table), groups=np.repeat([f"g{k}" for k in range(N // 2)], 2))
    grouped.save(tmp_path / "grouped.npz")
    without_labels(table).take(np.arange(100)).save(tmp_path / "small.npz")
    names = [f"{name},{'a' if row % 3 else 'b'}" for row, name in enumerate(table.ids.tolist())]
    (tmp_path / "sites.csv").write_text("\n".join(["id,site", *names]))
    replace(GATE, origin=Origin.of(search)).save(tmp_path / POLICY)
    replace(GATE, origin=Origin.of(table.take(np.arange(40)))).save(tmp_path / "chosen_here.json")
    make_label_table(300).save(tmp_path / "sets_labelled.npz")
    sets = make_label_table(300)
    replace(sets, labels=np.full_like(sets.labels, 255), is_labelled=False).save(tmp_path / "sets.npz")
    Policy("label-margin", (0.2, 0.15), (1.0, 1.0, 1.0)).save(tmp_path / "sets.json")
    return tmp_path


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["certify", *arguments])
    return ended.value.code, capsys.readouterr()


def fill(path, n_labels=None, *, table=None):
    """Label the first rows of a file that asks for labels; returns how many rows it has."""
    table = made() if table is None else table
    known = dict(zip(table.ids.tolist(), table.labels.tolist(), strict=True))
    rows = list(csv.DictReader(path.open(newline="")))
    for row in rows[:n_labels]:
        row["label"] = str(known[row["id"]])
    for row in rows[len(rows) if n_labels is None else n_labels :]:
        row["label"] = ""
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def test_agreement_is_certified_without_labels(capsys, place):
    code, printed = outcome(capsys, POLICY, TABLE, "--unlabelled", "--max-disagreement", "0.02", "--out", "c.json")
    assert code == ExitCode.DONE, printed.out
    assert "same kind the share answered otherwise than by the full network is at most 0.02" in printed.out
    assert "so that the drop in the share of right answers is at most" in printed.out
    assert json.loads((place / "c.json").read_text())["claim"]["max_disagreement"] == 0.02
    code, printed = outcome(capsys, POLICY, TABLE, "--unlabelled", "--max-disagreement", "0.005")
    assert code == ExitCode.NOT_ACHIEVED


def test_agreement_of_sets_of_labels(capsys, place):
    code, printed = outcome(capsys, "sets.json", "sets.npz", "--unlabelled", "--max-disagreement", "0.9")
    assert code == ExitCode.DONE, printed.out


def test_few_labels_certify_as_all_do(capsys, place):
    code, printed = outcome(capsys, POLICY, TABLE, *DROP, "--to-label", "few.csv")
    assert code == ExitCode.DONE
    n_asked = fill(place / "few.csv")
    assert f"To label few.csv: {n_asked} of {N} samples" in printed.out
    assert n_asked < 30
    code, printed = outcome(capsys, POLICY, TABLE, *DROP, "--labels", "few.csv", "--out", "few.json")
    assert code == ExitCode.DONE, printed.out
    assert f"note: {n_asked} of {N} samples were labelled" in printed.out
    outcome(capsys, POLICY, "labelled.npz", "--max-drop", "0.01", "--out", "all.json")
    few, whole = (json.loads((place / name).read_text()) for name in ("few.json", "all.json"))
    assert few["parts"] == whole["parts"]
    assert few["sequence"] == whole["sequence"]


def test_what_search_may_settle_is_settled_before_labels_are_seen(capsys, place):
    outcome(capsys, POLICY, TABLE, *DROP, "--search", "search.npz", "--to-label", "few.csv")
    fill(place / "few.csv")
    given = ("--search", "search.npz", "--labels", "few.csv", "--out", "few.json")
    code, printed = outcome(capsys, POLICY, TABLE, *DROP, *given)
    assert code == ExitCode.DONE, printed.out
    assert json.loads((place / "few.json").read_text())["parts"][0]["method"].startswith("exact paired test")
    code, printed = outcome(capsys, POLICY, TABLE, *DROP, "--labels", "few.csv")
    assert code == ExitCode.WRONG_INPUT
    assert "the claim, its delta, --search or --sequential differs" in printed.err


def test_labels_as_they_come(capsys, place):
    code, _ = outcome(capsys, POLICY, TABLE, *DROP, "--sequential", "--to-label", "few.csv")
    assert code == ExitCode.DONE
    n_asked = fill(place / "few.csv", 0)
    codes, shown = [], []
    for n_labels in range(n_asked + 1):
        fill(place / "few.csv", n_labels)
        code, printed = outcome(capsys, POLICY, TABLE, *DROP, "--sequential", "--labels", "few.csv", "--out", "c.json")
        codes.append(code)
        shown.append(printed.out)
        assert json.loads((place / "c.json").read_text())["certified"] == (code == ExitCode.DONE)
    n_needed = codes.index(ExitCode.DONE)
    assert 0 < n_needed < n_asked
    assert set(codes[n_needed:]) == {ExitCode.DONE}
    assert set(codes[:n_needed]) == {ExitCode.NOT_ACHIEVED}
    assert f"), proved after {n_needed} label" in shown[-1]
    assert "NOT CERTIFIED YET: after 0 labels p is" in shown[0]


AS_THEY_COME = {
    "an accuracy": ([TABLE, "--unlabelled", "--target", "0.86"], N, "all 2000 samples"),
    "an accuracy over groups": (
        ["grouped.npz", "--unlabelled", "--target", "0.86"],
        N,
        "all 2000 samples, group by group (1000)",
    ),
    "a drop over groups": (["grouped.npz", *DROP], 30, "than the full network, group by group (1000)"),
    "two claims together": ([TABLE, *DROP, "--target", "0.86", "--max-disagreement", "0.02"], N, "all 2000 samples"),
    "each site": (
        [TABLE, "--unlabelled", "--max-drop", "0.03", "--by", "site", "--columns", "sites.csv"],
        30,
        "of 2000 samples, where the policy answers otherwise",
    ),
}


@pytest.mark.parametrize("what", AS_THEY_COME)
def test_what_labels_prove_as_they_come(capsys, place, what):
    asked, most, told = AS_THEY_COME[what]
    code, printed = outcome(capsys, POLICY, *asked, "--sequential", "--to-label", "come.csv")
    assert code == ExitCode.DONE, printed.err
    assert told in printed.out
    assert fill(place / "come.csv") <= most
    code, printed = outcome(capsys, POLICY, *asked, "--sequential", "--labels", "come.csv", "--out", "c.json")
    assert code == ExitCode.DONE, printed.out
    certificate = json.loads((place / "c.json").read_text())
    assert all(part["passed"] for part in certificate["parts"])
    assert ", proved after " in printed.out


def test_few_labels_of_each_site_certify_as_all_do(capsys, place):
    by = ("--max-drop", "0.03", "--by", "site", "--columns", "sites.csv")
    outcome(capsys, POLICY, TABLE, "--unlabelled", *by, "--to-label", "few.csv")
    assert fill(place / "few.csv") < 30
    code, printed = outcome(capsys, POLICY, TABLE, "--unlabelled", *by, "--labels", "few.csv", "--out", "few.json")
    assert code == ExitCode.DONE, printed.out
    outcome(capsys, POLICY, "labelled.npz", *by, "--out", "all.json")
    few, whole = (json.loads((place / name).read_text()) for name in ("few.json", "all.json"))
    assert few["parts"] == whole["parts"]
    assert few["worst_subgroup"] == whole["worst_subgroup"]


def test_a_budget_that_is_spent(capsys, place):
    outcome(capsys, POLICY, TABLE, *DROP, "--sequential", "--to-label", "few.csv")
    fill(place / "few.csv", 2)
    code, printed = outcome(capsys, POLICY, TABLE, *DROP, "--sequential", "--labels", "few.csv", "--budget", "2")
    assert code == ExitCode.NOT_ACHIEVED
    assert "NOT CERTIFIED: after 2 labels p is" in printed.out
    assert (
        "the budget is spent, so that the drop cannot be proved to be at most 0.01; stop, or raise the budget"
        in printed.out
    )


def test_where_nothing_differs_there_is_nothing_to_label(capsys, place):
    replace(GATE, thresholds=((np.inf,),)).save(place / "closed.json")
    code, printed = outcome(capsys, "closed.json", TABLE, *DROP, "--to-label", "none.csv")
    assert code == ExitCode.DONE
    assert f"To label none.csv: 0 of {N} samples" in printed.out
    code, printed = outcome(capsys, "closed.json", TABLE, *DROP, "--labels", "none.csv")
    assert code == ExitCode.DONE, printed.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([POLICY, "labelled.npz", "--max-drop", "0.01", "--to-label", "x.csv"], "--to-label is for a table without"),
        (
            [POLICY, "labelled.npz", "--max-drop", "0.01", "--labels", "few.csv"],
            "--labels is for a table without labels",
        ),
        ([POLICY, "labelled.npz", "--max-drop", "0.01", "--sequential"], "--sequential is for a table without labels"),
        ([POLICY, "labelled.npz", "--max-drop", "0.01", "--budget", "3"], "--budget is for a table without labels"),
        ([POLICY, TABLE, *DROP, "--to-label", "x.csv", "--labels", "few.csv"], "give one of them"),
        (
            [POLICY, TABLE, *DROP, "--labels", "few.csv", "--budget", "3"],
            "--budget is how many labels --sequential may",
        ),
        (
            [POLICY, TABLE, *DROP, "--labels", "few.csv", "--sequential", "--budget", "0"],
            "must be at least 1 and at most 1,000,000,000 but 0 was given",
        ),
        (
            [POLICY, TABLE, *DROP, "--labels", "few.csv", "--sequential", "--budget", "-2"],
            "1,000,000,000 but -2 was given",
        ),
        ([POLICY, TABLE, *DROP, "--sequential"], "add --labels with the labels so far"),
        ([POLICY, TABLE, *DROP, "--to-label", "x.csv", "--sequential", "--budget", "3"], "leave it out of --to-label"),
        ([POLICY, TABLE, *DROP, "--to-label", "x.csv", "--out", "c.json"], "--to-label makes none yet"),
        (
            [POLICY, TABLE, *DROP, "--to-label", "x.csv", "--sequential", "--search", "search.npz"],
            "--sequential has one of its own",
        ),
        ([POLICY, TABLE, *DROP, "--labels", "few.csv", "--bootstrap-f1"], "--bootstrap-f1 judges all answers"),
        (
            [POLICY, TABLE, "--unlabelled", "--max-disagreement", "0.1", "--bootstrap", "macro_f1"],
            "--bootstrap judges all answers",
        ),
        ([POLICY, TABLE, *DROP], "write the few samples that it needs with --to-label OUT.csv"),
        (
            [POLICY, TABLE, "--unlabelled", "--target", "0.9"],
            "only --max-disagreement needs no labels but the claim is",
        ),
        (
            [POLICY, TABLE, "--unlabelled", "--target", "0.9", "--to-label", "x.csv"],
            "the claim has target, which needs every label",
        ),
        (
            [POLICY, TABLE, *DROP, "--class-floor", "0.5", "--labels", "few.csv"],
            "the claim has class_floor, which needs every label",
        ),
        (
            [POLICY, TABLE, "--unlabelled", "--max-disagreement", "0.1", "--to-label", "x.csv"],
            "max_disagreement alone needs no labels at all",
        ),
        (
            [POLICY, TABLE, *DROP, "--class-floor", "0.5", "--sequential", "--to-label", "x.csv"],
            "the claim has class_floor, which needs every label at once",
        ),
        (
            [POLICY, TABLE, "--unlabelled", "--target", "0.9999", "--sequential", "--to-label", "x.csv"],
            "whatever they are 2000 samples are too few; nothing was written",
        ),
        (
            [POLICY, "small.npz", *DROP, "--max-degradation", "0.01", "--to-label", "x.csv"],
            "whatever they are 100 samples are too few; nothing was written",
        ),
        (
            ["sets.json", "sets.npz", *DROP, "--to-label", "x.csv"],
            "answers are classes but these are of task 'multi-label'",
        ),
        ([POLICY, "labelled.npz", *DROP, "--to-label", "x.csv"], "has labels; leave that out (--unlabelled)"),
        ([POLICY, "half.npz", *DROP, "--to-label", "x.csv"], "unlabelled but 100 of its 2000 labels are known"),
        ([POLICY, TABLE, "--max-drop", "0.01"], "read as an unlabelled one (exitsearch certify --unlabelled)"),
        (["chosen_here.json", TABLE, *DROP, "--to-label", "x.csv"], "was chosen on 40 of the 2000 samples"),
        (["chosen_here.json", TABLE, "--unlabelled", "--max-disagreement", "0.1"], "was chosen on 40 of the 2000"),
        ([POLICY, TABLE, *DROP, "--to-label", "few.csv"], "labels that are given already must not be lost but few.csv"),
        (
            [POLICY, TABLE, *DROP, "--to-label", "gap.csv/few.csv"],
            "the folder of --to-label must be a folder that can be made and written to but gap.csv cannot",
        ),
        ([POLICY, TABLE, *DROP, "--to-label", "."], "--to-label must be a file but . is a folder"),
        ([POLICY, TABLE, *DROP, "--labels", "missing.csv"], "there is no such file of labels; --to-label writes it"),
        ([POLICY, TABLE, *DROP, "--labels", "."], "labels are a file but this is a folder; name the file in it"),
        ([POLICY, TABLE, *DROP, "--labels", "few.csv"], "must be labelled but"),
        (
            [POLICY, TABLE, *DROP, "--labels", "few.csv", "--sequential"],
            "the order must be fixed, before labels are seen",
        ),
        ([POLICY, TABLE, "--unlabelled", "--max-drop", "0.02", "--labels", "few.csv"], "but the claim, its delta"),
        ([POLICY, TABLE, *DROP, "--labels", "few.csv", "--delta", "0.1"], "but the claim, its delta"),
        ([POLICY, TABLE, *DROP, "--labels", "few.csv", "--out", "few.csv"], "--out must be a file of its own"),
        (
            [POLICY, TABLE, *DROP, "--labels", "gap.csv", "--sequential"],
            "labels must be given in the order that was fixed",
        ),
    ],
)
def test_mistakes(capsys, place, arguments, message):
    outcome(capsys, POLICY, TABLE, *DROP, "--to-label", "few.csv")
    fill(place / "few.csv", 3)
    outcome(capsys, POLICY, TABLE, *DROP, "--sequential", "--to-label", "gap.csv")
    fill(place / "gap.csv", 3)
    lines = (place / "gap.csv").read_text().splitlines()
    lines[1] = lines[1].rpartition(",")[0] + ","
    (place / "gap.csv").write_text("\n".join(lines))
    before = {path: path.read_bytes() for path in place.iterdir()}
    code, printed = outcome(capsys, *arguments)
    assert code == ExitCode.WRONG_INPUT, printed.out
    assert message in printed.err
    assert printed.err.startswith("error: ")
    assert len(printed.err.strip().splitlines()) == 1
    assert printed.out == ""
    assert {path: path.read_bytes() for path in place.iterdir()} == before
