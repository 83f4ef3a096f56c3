"""The exit table of a network that answers with sets of labels: its contract, and what is read from files."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.errors import ExitTableError, ExitTableWarning
from policies.pooling.answering import Answering
from policies.tables.base import ASSUMED
from policies.tables.multilabel import LABEL_THRESHOLD, MultiLabelTable
from policies.tasks import load_table
from tests.multilabel_tables import make_label_table


TABLE = make_label_table(300, parents_of=4)
ARRAYS = TABLE.arrays()
LABELS = ARRAYS["labels"]


def given(**changes):
    """The arrays of a table, as someone hands them over."""
    arrays = {**ARRAYS, "meta": dict(TABLE.meta), **changes}
    return {key: values for key, values in arrays.items() if values is not None}


def some(array, value, at=(3, 1)):
    changed = array.copy()
    changed[at] = value
    return changed


def told(**changes):
    """What is said of arrays that are taken."""
    with pytest.warns(ExitTableWarning) as warned:
        table = MultiLabelTable.of(given(**changes))
    return table, str(warned[0].message)


@pytest.mark.filterwarnings("error")
def test_round_trip(tmp_path):
    TABLE.save(tmp_path / "table.npz")
    again = load_table(tmp_path / "table.npz")
    assert isinstance(again, MultiLabelTable)
    assert again.arrays().keys() == ARRAYS.keys() >= {"parents", "order"}
    for key, values in again.arrays().items():
        np.testing.assert_array_equal(values, ARRAYS[key])
        assert values.dtype == ARRAYS[key].dtype
    assert again.meta == TABLE.meta and again.label_names == TABLE.label_names


def test_thresholds_and_answering_are_in_no_file(tmp_path):
    answered = TABLE.answered(Answering(label_thresholds=(0.3,) * 5, pooling="mean"))
    replace(answered, thresholds=np.full((300, 5), 0.2)).save(tmp_path / "table.npz")
    again = load_table(tmp_path / "table.npz")
    assert again.thresholds is None and again.answering == Answering()
    assert (again.label_thresholds == LABEL_THRESHOLD).all()


@pytest.mark.parametrize("dtype", [bool, np.int64, np.float32, np.int8])
def test_labels_of_other_types_are_cast_and_said(dtype):
    table, message = told(labels=LABELS.astype(dtype), meta=json.dumps(dict(TABLE.meta)))
    np.testing.assert_array_equal(table.labels, LABELS)
    assert message == f"the exit table: 'labels' is cast from {np.dtype(dtype)} to uint8"


def test_lists_are_taken_and_what_is_assumed_is_said():
    table, message = told(
        logits=ARRAYS["logits"].astype(float).tolist(),
        labels=LABELS.tolist(),
        **{"cost": None, "ids": None, "parents": None, "order": None},
    )
    for clause in ("'logits' is cast from float64 to float32", "no 'cost' is given", "no 'ids' are given"):
        assert clause in message
    assert table.meta[ASSUMED] == ["cost", "ids"]
    np.testing.assert_array_equal(table.logits, TABLE.logits)


def test_logits_of_one_exit_may_come_without_its_axis():
    table, message = told(logits=ARRAYS["logits"][:, 0], cost=None)
    assert table.logits.shape == (300, 1, 5)
    assert "'logits' of shape (300, 5) are taken as those of one exit" in message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": LABELS.argmax(axis=1)}, r"row \d+ holds [234] .* np.eye\(L\)\[labels\]"),
        ({"labels": LABELS[:, 0]}, r"\(300, 5\) to match 'logits' .* \(300,\); of one class .* np.eye\(5\)\[labels\]"),
        ({"labels": LABELS * 2.0 - 1}, "must be 0 or 1 for each label but row 0 holds -1.0 .* take labels > 0"),
        ({"labels": some(LABELS * 1.0, 0.3)}, r"but row 3 holds 0.3 \(1 such entries\); of soft labels"),
        ({"labels": some(LABELS * 1.0, np.nan)}, "but row 3 holds nan"),
        ({"labels": some(LABELS, 7)}, r"'labels' must be 0 or 1 for each label but row 3 is \[.*7.*\] \(1 such rows\)"),
        ({"labels": LABELS.T}, r"hand over labels.T"),
        ({"labels": np.array([["dog"]])}, "such as 'dog'; put names into 'label_names' of meta"),
        ({"logits": ARRAYS["logits"].transpose(1, 0, 2)}, r"\(exits, samples, labels\).*transpose\(1, 0, 2\)"),
        ({"logits": ARRAYS["logits"].transpose(2, 1, 0)}, r"\(labels, exits, samples\).*transpose\(2, 1, 0\)"),
        ({"logits": some(ARRAYS["logits"], np.nan)}, r"'logits' must be finite but row 3 holds .* \(1 such"),
        ({"logits": some(ARRAYS["logits"], -np.inf)}, r"np.log\(p \+ 1e-12\) - np.log\(1 - p \+ 1e-12\)"),
        ({"logits": (ARRAYS["logits"] > 0) * 1.0}, r"hold answers \(nothing but 0 and 1\)"),
        ({"logits": ARRAYS["logits"][0]}, r"'logits' must have shape \(N, E, L\)"),
        ({"stop_prob": np.zeros((300, 3))}, "unknown key 'stop_prob'"),
        ({"labels": None}, "the key 'labels' is needed"),
        ({"meta": {"label_names": ["a"]}}, "'label_names' must name the 5 labels of 'logits' but names 1"),
        ({"meta": {"label_names": "abcde"}}, "'label_names' must be a list of names"),
        ({"meta": {"label_names": [*"abcda"]}}, "names of their own but 'a' is there twice"),
        ({"meta": {"exclusive": ["a", "b"]}}, "'exclusive' must be a list of lists"),
        ({"meta": {"exclusive": [["0", "9"]]}}, "but '9' in list 0 is no label"),
        ({"meta": {"exclusive": [["1"]]}}, "at least two and each once, but list 0 is"),
        ({"meta": {"exclusive": [["1", "1"]]}}, "at least two and each once"),
        ({"meta": {"schema": 2}}, "schema"),
        ({"cost": np.array([0.2, 0.1, 1.0])}, "'cost' must increase"),
        ({"ids": np.array(["a"] * 300)}, "'ids' must be unique"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, message):
    with pytest.raises(ExitTableError, match=message) as error:
        MultiLabelTable.of(given(**changes))
    assert str(error.value).startswith("the exit table: ") and "\n" not in str(error.value)


def test_everything_wrong_is_told_at_once():
    with pytest.raises(ExitTableError) as error:
        MultiLabelTable.of(given(labels=LABELS.T, ids=np.array(["a"] * 300), meta={"label_names": ["a"]}))
    for clause in ("'labels' must", "'ids' must", "'label_names' must"):
        assert clause in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": LABELS.astype(bool)}, "'labels' must be uint8 but is bool"),
        ({"thresholds": np.full((300, 5), 1.0)}, r"'thresholds' must lie in \(0, 1\) but row 0"),
        ({"thresholds": np.full((5,), 0.5)}, r"'thresholds' must have shape \(300, 5\)"),
        ({"thresholds": np.full((300, 5), 0.5, np.float32)}, "'thresholds' must be float64"),
        ({"order": np.arange(300, dtype=np.int32)}, "'order' must be int64"),
    ],
)
def test_every_instance_is_valid(changes, message):
    with pytest.raises(ExitTableError, match=message):
        replace(TABLE, **changes)


def test_labels_that_are_never_or_always_on_are_counted_and_named():
    labels = LABELS.copy()
    labels[:, [1, 3]], labels[:, 4] = 0, 1
    _, message = told(labels=labels)
    assert "2 of 5 labels are never on in the 300 samples ('rain', 'voice')" in message
    assert "1 of 5 labels are always on in the 300 samples ('music')" in message


def test_probabilities_are_doubted():
    logits = 1 / (1 + np.exp(-ARRAYS["logits"]))
    assert "all logits lie in [0, 1], as those of a sigmoid do" in told(logits=logits)[1]
    mixed = ARRAYS["logits"].copy()
    mixed[:, 1] = logits[:, 1]
    assert "all logits at depth 2 lie in [0, 1]" in told(logits=mixed)[1]


def test_exits_that_tell_nothing_are_doubted():
    logits = ARRAYS["logits"].copy()
    logits[:, 0] = 3
    assert "the logits at depth 1 are the same for all 300 samples" in told(logits=logits)[1]
    logits[:, 0] = logits[:, 1]
    assert "the logits at depth 1 and 2 are the same" in told(logits=logits)[1]


def test_labels_that_should_exclude_each_other_and_do_not_are_counted_and_named():
    exclusive = [["dog", "siren", "music"]]
    both = LABELS[:, [0, 2, 4]].sum(axis=1) > 1
    message = told(meta={**TABLE.meta, "exclusive": exclusive})[1]
    assert f"('dog', 'siren', 'music') {both.sum()} of 300 samples have more than one, such as row" in message


@pytest.mark.parametrize(("origins", "unit"), [({"parents_of": 10}, "6 parents"), ({}, "58 samples")])
def test_few_units_tell_little(origins, unit):
    few = make_label_table(58, **origins)
    with pytest.warns(ExitTableWarning, match=f"{unit} tell little: without any error an exact match of at least"):
        MultiLabelTable.of({**few.arrays(), "meta": dict(few.meta)})


def test_exact_match_and_answers_at_thresholds():
    table = make_label_table(1, 1, 3)
    table = replace(table, logits=np.float32([[[0.0, -1e-3, 1.0]]]), labels=np.uint8([[1, 0, 1]]))
    assert table.exit_answers.tolist() == [[[True, False, True]]]  # A logit of 0 reaches half.
    assert table.truth.right(table.exit_answers).tolist() == [[True]]
    higher = table.answered(Answering(label_thresholds=(0.6, 0.5, 0.5)))
    assert higher.truth.right(higher.exit_answers[:, 0]).tolist() == [False]
    with pytest.raises(ExitTableError, match="label_thresholds must have 3 numbers, one a label, but has 2"):
        table.answered(Answering(label_thresholds=(0.5, 0.5)))


def test_taken_rows_are_those_of_every_array():
    table = replace(TABLE, thresholds=np.linspace(0.1, 0.9, 1500).reshape(300, 5))
    rows = np.array([7, 2, 250])
    taken = table.take(rows)
    for key, values in taken.arrays().items():
        if key != "cost":
            np.testing.assert_array_equal(values, ARRAYS[key][rows])
    np.testing.assert_array_equal(taken.thresholds, table.thresholds[rows])
