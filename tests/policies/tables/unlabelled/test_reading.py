"""Tables without labels: what may stand for labels, what is read and written, and that nothing is judged by them."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.errors import ExitTableError
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.tasks import load_table
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.tables import make_table


KINDS = {"classes": make_table(120, seed=1), "sets": make_label_table(120, parents_of=3, seed=1)}
FILLS = {"absent": None, "all -1": -1}


def written(folder, table, fill):
    """A file of a table with other labels: none at all, or numbers in place of some."""
    arrays = {key: values for key, values in table.arrays().items() if key != "labels"}
    if fill is not None:
        arrays["labels"] = fill
    meta = {"task": table.task, **table.meta, "schema": 1}
    np.savez(folder / "table.npz", **arrays, meta=json.dumps(meta))
    return folder / "table.npz"


@pytest.mark.parametrize("fill", FILLS.values(), ids=FILLS)
@pytest.mark.parametrize("table", KINDS.values(), ids=KINDS)
def test_a_table_without_labels_says_the_same_and_judges_nothing(tmp_path, table, fill):
    labels = None if fill is None else np.full(table.labels.shape, fill)
    read = load_table(written(tmp_path, table, labels), unlabelled=True)
    assert not read.is_labelled
    np.testing.assert_array_equal(read.exit_answers, table.exit_answers)
    with pytest.raises(ExitTableError, match="the table has no labels, so that nobody knows which answers are right"):
        read.truth.right(read.exit_answers)
    with pytest.raises(ExitTableError, match="has no labels"):
        read.take(np.arange(9)).truth.take(np.arange(3)).right(read.exit_answers[:3])
    assert read.take(np.arange(9)).truth.strata.tolist() == [0] * 9


@pytest.mark.parametrize("table", KINDS.values(), ids=KINDS)
def test_it_is_written_without_labels_and_read_again(tmp_path, table):
    read = load_table(written(tmp_path, table, None), unlabelled=True)
    read.save(tmp_path / "again.npz")
    assert "labels" not in np.load(tmp_path / "again.npz").files
    again = load_table(tmp_path / "again.npz", unlabelled=True)
    np.testing.assert_array_equal(again.logits, table.logits)
    with pytest.raises(ExitTableError, match="'labels' is needed"):
        load_table(tmp_path / "again.npz")


def test_answers_pooled_over_parents_need_no_labels(tmp_path):
    table = KINDS["sets"]
    read = load_table(written(tmp_path, table, None), unlabelled=True)
    for level in ("sample", "parent"):
        own = Answering(level=level, pooling="mean")
        policy = Policy("label-margin", (0.2, 0.15), (1.0, 1.0, 1.0), answering=own)
        there, here = policy.decide(table), policy.decide(read)
        np.testing.assert_array_equal(there.parents.answers(there.exits), here.parents.answers(here.exits))
        with pytest.raises(ExitTableError, match="has no labels"):
            here.parents.truth(read.truth).right(here.parents.answers(here.exits))


@pytest.mark.parametrize(
    ("n_known", "message"),
    [(1, "called unlabelled but 1 of its 120 labels are known"), (120, "was called unlabelled but has labels")],
)
def test_known_labels_are_refused(tmp_path, n_known, message):
    table = KINDS["classes"]
    labels = np.where(np.arange(120) < n_known, table.labels, -1)
    with pytest.raises(ExitTableError, match=message):
        load_table(written(tmp_path, table, labels), unlabelled=True)
    with pytest.raises(ExitTableError, match="must have placeholders for all of its labels"):
        replace(table, labels=labels, is_labelled=False)


def test_one_who_does_not_say_so_is_told_how_unlabelled_tables_are_read(tmp_path):
    path = written(tmp_path, KINDS["classes"], np.full(120, -1))
    with pytest.raises(ExitTableError, match="a table without labels is read as an unlabelled one"):
        load_table(path)


def test_detectors_need_their_truth(tmp_path):
    make_detection_table(20, 3, 2).save(tmp_path / "boxes.npz")
    with pytest.raises(ExitTableError, match="task 'detection' cannot be read without its labels"):
        load_table(tmp_path / "boxes.npz", unlabelled=True)
