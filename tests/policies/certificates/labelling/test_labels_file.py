"""The file that asks for labels is read as it was written and filled, and refused where more was done to it."""

import csv
from dataclasses import replace
import io

import numpy as np
import pytest

from policies.certificates.claims import Claim
from policies.certificates.labelling.labels_file import read_labels_file, write_labels_file
from policies.certificates.labelling.order import labelling_order
from policies.errors import ClaimError
from tests.policies.certificates.labelling.tables import SURE, pair, true_labels


DROP = Claim(max_drop=0.1)
TABLE, UNKNOWN = pair(300, seed=4)
ORDER = labelling_order(SURE, UNKNOWN, DROP)
TRUE = true_labels(TABLE, ORDER.asked)


def written(folder, order=ORDER):
    path = folder / "to_label.csv"
    write_labels_file(order, path)
    return path


def filled(path, *, change=lambda rows: rows, labels=TRUE, delimiter=",", encoding="utf-8"):
    """The file with labels, and with something done to its rows."""
    rows = list(csv.DictReader(path.open(newline="")))
    for row in rows:
        row["label"] = str(labels.get(row["id"], ""))
    rows = change(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding=encoding)
    return path


def test_what_is_written(tmp_path):
    rows = list(csv.DictReader(written(tmp_path).open()))
    assert [row["id"] for row in rows] == list(ORDER.asked)
    assert [row["place"] for row in rows] == [str(place) for place in range(1, len(rows) + 1)]
    assert {row["label"] for row in rows} == {""}
    assert {row["fixed"] for row in rows} == {str(ORDER.digests)}
    answers = dict(zip(TABLE.ids.tolist(), SURE.decide(TABLE).answers.tolist(), strict=True))
    full = dict(zip(TABLE.ids.tolist(), TABLE.exit_answers[:, -1].tolist(), strict=True))
    assert all(row["policy"] == str(answers[row["id"]]) for row in rows)
    assert all(row["full_network"] == str(full[row["id"]]) for row in rows)


def test_labels_are_read_in_the_order(tmp_path):
    assert list(read_labels_file(filled(written(tmp_path)), ORDER).items()) == list(TRUE.items())


@pytest.mark.parametrize(
    "how",
    [
        {"delimiter": ";"},
        {"delimiter": "\t"},
        {"encoding": "utf-8-sig"},
        {"change": lambda rows: rows[::-1]},
        {"labels": {name: float(label) for name, label in TRUE.items()}},
        {"change": lambda rows: [{"note": "seen", **row} for row in rows]},
    ],
)
def test_what_spreadsheets_do_to_it_is_read(tmp_path, how):
    assert read_labels_file(filled(written(tmp_path), **how), ORDER) == TRUE


def test_a_part_of_the_labels_is_read(tmp_path):
    some = dict(list(TRUE.items())[:3])
    assert read_labels_file(filled(written(tmp_path), labels=some), ORDER) == some


def test_classes_are_called_by_their_names(tmp_path):
    named = replace(UNKNOWN, meta={"class_names": ["ant", "bee, wild", "cat", "dog"]})
    order = labelling_order(SURE, named, DROP)
    path = written(tmp_path, order)
    assert {row["policy"] for row in csv.DictReader(path.open())} <= {"ant", "bee, wild", "cat", "dog"}
    names = {name: ["ant", "bee, wild", "cat", "dog"][TRUE[name]] for name in order.asked}
    assert read_labels_file(filled(path, labels=names), order) == {name: TRUE[name] for name in order.asked}
    with pytest.raises(
        ClaimError, match="labels must be names of the 4 classes, such as 'ant', 'bee, wild', 'cat', but"
    ):
        read_labels_file(filled(path, labels=dict.fromkeys(order.asked, "2")), order)


def without(rows, column):
    return [{key: value for key, value in row.items() if key != column} for row in rows]


def changed(rows, which, **values):
    return [{**row, **values} if number == which else row for number, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [*rows, rows[1]], "each sample must have one row but 's"),
        (lambda rows: [*rows, {**rows[1], "id": "nobody"}], "but 1 rows are of others, such as 'nobody'"),
        (lambda rows: changed(rows, 0, place="2"), "is at place 1, but it is at '2' here"),
        (lambda rows: changed(rows, 0, label="4"), "labels must lie in 0..3 but that of"),
        (lambda rows: changed(rows, 0, label="-1"), "labels must lie in 0..3 but that of"),
        (lambda rows: changed(rows, 0, label="1.5"), "labels must lie in 0..3 but that of"),
        (lambda rows: changed(rows, 0, label="nan"), "labels must lie in 0..3 but that of"),
        (lambda rows: changed(rows, 0, label="inf"), "labels must lie in 0..3 but that of"),
        (lambda rows: changed(rows, 0, label="cat"), "labels must lie in 0..3 but that of"),
        (lambda rows: changed(rows, 0, fixed=""), "column 'fixed' must be as --to-label writes it but is ''"),
        (lambda rows: without(rows, "fixed"), "must have the columns"),
        (lambda rows: without(rows, "label"), "'label' is not one of its columns"),
        (lambda rows: without(rows, "id"), "'id' is not one of its columns"),
    ],
)
def test_files_that_are_not_what_was_written(tmp_path, change, message):
    with pytest.raises(ClaimError, match=message):
        read_labels_file(filled(written(tmp_path), change=change), ORDER)


@pytest.mark.parametrize(
    ("policy", "claim", "options", "what"),
    [
        (SURE, Claim(max_drop=0.2), {}, "the claim, its delta, --search or --sequential differs"),
        (SURE, DROP, {"delta": 0.1}, "the claim, its delta"),
        (SURE, DROP, {"sequential": True}, "the claim, its delta"),
        (replace(SURE, thresholds=(0.81, 0.8)), DROP, {}, "the policy differs"),
    ],
)
def test_files_that_were_written_for_something_else(tmp_path, policy, claim, options, what):
    """Who looks at labels before the order is fixed could choose what they prove."""
    path = filled(written(tmp_path))
    with pytest.raises(ClaimError, match=f"the order must be fixed, before labels are seen, .* but {what}"):
        read_labels_file(path, labelling_order(policy, UNKNOWN, claim, **options))


def test_a_file_for_another_table(tmp_path):
    path = filled(written(tmp_path))
    other = replace(UNKNOWN, logits=UNKNOWN.logits + np.float32(0.5))
    with pytest.raises(ClaimError, match="but the table differs from what the file was written for"):
        read_labels_file(path, labelling_order(SURE, other, DROP))


def test_a_file_that_may_be_labelled_already_is_not_written_over(tmp_path):
    path = filled(written(tmp_path))
    before = path.read_text()
    with pytest.raises(ClaimError, match="labels that are given already must not be lost"):
        write_labels_file(ORDER, path)
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no such file of labels; --to-label writes it"),
        (b"", "must have the columns"),
        (b"\xff\xfe\x00", "give the file that --to-label has written, as UTF-8 text"),
        (b"place,id,fixed,label\n1,s1\n", "each row must have 4 values but row 2 has 2"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, content, message):
    path = tmp_path / "labels.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ClaimError, match=message):
        read_labels_file(path, ORDER)
