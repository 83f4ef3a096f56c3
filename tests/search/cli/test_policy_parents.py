"""``exitsearch policy`` on parents and sets of labels: what cannot be is one line, before anything is searched."""

from dataclasses import replace
import json

import numpy as np
import pytest

from search.cli.app import main
from search.cli.exit_code import ExitCode
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.tables import make_table


N, SIZE = 120, 4
OF = np.arange(N) // SIZE


def labelled(prefix="s", seed=0, **options):
    return make_label_table(N, 2, 4, parents_of=SIZE, seed=seed, prefix=prefix, **options)


def classified(prefix="s", seed=0):
    table = make_table(N, seed=seed, prefix=prefix)
    parents = np.array([f"{prefix}-clip-{one}" for one in OF])
    return replace(table, labels=table.labels[SIZE * OF], parents=parents, order=np.arange(N) % SIZE)


def by_ids(table, start=0):
    """Parents that ids alone tell of, from a number on."""
    ids = np.array([f"clip{start + row // SIZE}#{start + row % SIZE}" for row in range(N)])
    return replace(table, ids=ids, parents=None, order=None)


def without(table, *names):
    return replace(table, **dict.fromkeys(names))


def outcome(capsys, folder, tables, *arguments):
    given = []
    for split, table in tables.items():
        table.save(folder / f"{split}.npz")
        given += [*([] if split == "search" else [f"--{split}"]), str(folder / f"{split}.npz")]
    with pytest.raises(SystemExit) as ended:
        main(["policy", *given, *arguments, "--out", str(folder / "found")])
    return ended.value.code, capsys.readouterr()


MEAN = ("--pooling", "mean")
CASES = {
    "labels differ in a parent": ({"search": labelled(labels_differ=True)}, MEAN, "search: samples of one parent must"),
    "labels differ in a parent of the table that is only reported": (
        {"search": labelled(), "test": labelled("t", 1, labels_differ=True)},
        MEAN,
        "test: samples of one parent must have the same labels",
    ),
    "no parents": ({"search": without(labelled(), "parents", "order")}, MEAN, "search: samples have no parents"),
    "no order": ({"search": without(labelled(), "order")}, ("--level", "reading"), "samples are read in an order but"),
    "a detector": (
        {"search": replace(make_detection_table(N, 2, 2), parents=np.array([f"c{one}" for one in OF]))},
        ("--level", "parent"),
        "answers of this kind cannot be pooled over parents; let each sample",
    ),
    "thresholds of classes": (
        {"search": classified()},
        ("--label-thresholds", "fitted"),
        "label_thresholds are of answers that are sets of labels",
    ),
    "an unknown label": (
        {"search": labelled()},
        ("--bound", "label_f1[zebra]=0.5"),
        "'label_f1[zebra]' is of none of the table's 4 labels",
    ),
    "a quality of other answers": ({"search": labelled()}, ("--bound", "macro_f1=0.5"), "'macro_f1' judges answers of"),
    "a way to the exit": (
        {"search": classified()},
        (*MEAN, "--bound", "flip_rate_to_exit=0.5"),
        "looks at the exits before the one that a sample took",
    ),
    "a parent in two tables": (
        {"search": labelled(), "certify": replace(labelled("c", 1), parents=labelled().parents)},
        (),
        "'search' and 'certify' share 30 parents",
    ),
    "a group in two tables": (
        {split: replace(labelled(split), groups=np.array([f"g{one}" for one in OF])) for split in ("search", "test")},
        (),
        "'search' and 'test' share 30 groups",
    ),
    "a parent in two tables that ids tell of": (
        {"search": by_ids(labelled()), "test": by_ids(labelled("t", 1), 29)},
        MEAN,
        "'search' and 'test' share 1 parents, such as 'clip29'",
    ),
    "a pooling of classes": (
        {"search": labelled()},
        ("--pooling", "evidence"),
        "'evidence' is for classes that exclude",
    ),
    "an unknown pooling": ({"search": labelled()}, ("--pooling", "middle"), "middle"),
    "an unknown level": ({"search": labelled()}, ("--level", "clip"), "clip"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_is_one_line_and_leaves_nothing_behind(tmp_path, capsys, monkeypatch, case):
    monkeypatch.setattr("policies.selection.networks.search_front", None)  # Nothing is searched.
    tables, options, message = CASES[case]
    asked = ("--target", "0.6") if "--target" not in options else ()
    code, printed = outcome(capsys, tmp_path, tables, *asked, *options)
    assert code == ExitCode.WRONG_INPUT
    errors = [line for line in printed.err.splitlines() if not line.startswith("warning: ")]
    assert len(errors) == 1 and message in errors[0], printed.err
    assert not (tmp_path / "found").exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda table: {"labels": np.where(np.arange(4) == 3, 0, table.labels)}, "1 of 4 labels are never on"),
        (lambda table: {"labels": np.where(np.arange(4) == 0, 1, table.labels)}, "1 of 4 labels are always on"),
        (lambda table: {"logits": 1 / (1 + np.exp(-table.logits))}, "all logits lie in [0, 1]"),
    ],
)
def test_what_is_doubtful_is_told_and_searched(tmp_path, capsys, change, told):
    table = labelled()
    arrays = {**table.arrays(), **change(table)}
    np.savez(tmp_path / "search.npz", **arrays, meta=json.dumps({**table.meta, "task": "multi-label"}))
    fast = ("--rule", "label-margin", "--max-evaluations", "100", "--level", "parent")
    with pytest.raises(SystemExit) as ended:
        main(["policy", str(tmp_path / "search.npz"), "--max-drop", "0.1", *fast, "--out", str(tmp_path / "found")])
    printed = capsys.readouterr()
    assert told in printed.err, printed.err
    assert ended.value.code == ExitCode.DONE, printed.err
    assert (tmp_path / "found" / "policy.json").exists()


def test_parents_of_unequal_size_are_searched(tmp_path, capsys):
    table = labelled()
    rows = np.flatnonzero(np.arange(N) % SIZE <= OF % SIZE)
    fast = ("--rule", "label-margin", "--max-evaluations", "100", "--level", "parent", "--level", "reading")
    code, printed = outcome(capsys, tmp_path, {"search": table.take(rows)}, "--max-drop", "0.1", *fast)
    assert code == ExitCode.DONE, printed.err
    summary = json.loads((tmp_path / "found" / "summary.json").read_text())
    assert summary["selected"]["search"]["n_parents"] == 30
