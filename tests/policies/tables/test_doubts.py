"""Tables that keep the contract and are not what is meant, or tell little."""

import warnings

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from policies.certificates.bounds.binomial import binomial_upper_bound
from policies.errors import ExitTableError
from policies.tables.classification import ClassificationTable
from tests.tables import make_table


TABLE = make_table(200, 3, 10)
PROBABILITIES = softmax(TABLE.logits.astype("float64"), axis=2)


def noted(logits=TABLE.logits, labels=TABLE.labels, **others):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ClassificationTable.of(
            {"logits": logits, "labels": labels, "cost": TABLE.cost, "ids": np.arange(len(labels)), **others}
        )
    return [str(one.message) for one in caught]


@pytest.mark.parametrize(
    "probabilities",
    [
        PROBABILITIES.astype("float32"),
        PROBABILITIES.astype("float16"),
        np.round(PROBABILITIES, 3),
        np.full_like(PROBABILITIES, 0.1),
        np.clip(PROBABILITIES, 1e-7, 1 - 1e-7),
    ],
    ids=["float32", "float16", "rounded", "uniform", "clipped"],
)
def test_probabilities_are_refused(probabilities):
    with pytest.raises(
        ExitTableError, match=r"hold probabilities \(every row sums to 1, none is negative\); take np.log"
    ):
        noted(probabilities)


def test_the_advice_for_probabilities_mends_them():
    assert not [note for note in noted(np.log(PROBABILITIES + 1e-12)) if "cast" not in note]
    assert not noted(log_softmax(TABLE.logits, axis=2))


def test_large_tables_are_looked_at_as_a_whole():
    """Rows beyond the first 200 count: a table that only begins like probabilities, or like copies, holds logits."""
    table = make_table(600, 3, 10)
    begins, copied = table.logits.copy(), table.logits.copy()
    begins[:250] = softmax(table.logits[:250], axis=2)
    copied[:250, 1] = copied[:250, 0]
    copied[:250, 2] = copied[0, 2]
    last = table.logits.copy()
    last[599, 2] = 0.5
    content = {"labels": table.labels}
    assert noted(begins, **content) == noted(copied, **content) == []
    assert "equal logits in 1 rows, such as 599" in noted(last, **content)[0]


def test_siblings_of_probabilities_are_refused():
    with pytest.raises(ExitTableError, match="hold percentages .* np.log\\(p / 100"):
        noted(np.round(100 * PROBABILITIES, 1))
    with pytest.raises(ExitTableError, match="hold answers .* do not tell how sure"):
        noted(np.eye(10, dtype="float32")[TABLE.logits.argmax(axis=2)])
    mixed = TABLE.logits.copy()
    mixed[:, 1] = PROBABILITIES[:, 1]
    with pytest.raises(ExitTableError, match="but at depth 2 hold probabilities"):
        noted(mixed)


@given(seed=st.integers(0, 10**6), n_classes=st.integers(2, 6), scale=st.sampled_from([0.1, 1.0, 5.0]))
def test_no_raw_outputs_are_taken_for_probabilities(seed, n_classes, scale):
    table = make_table(60, 2, n_classes, seed=seed)
    content = {"logits": np.abs(table.logits) * scale, "labels": table.labels, "cost": table.cost, "ids": table.ids}
    assert ClassificationTable.of(content).n_samples == 60


def test_outputs_of_a_sigmoid_are_doubted():
    (note,) = noted((1 / (1 + np.exp(-TABLE.logits))).astype("float32"))
    assert "all logits lie in [0, 1], as those of a sigmoid do" in note


@pytest.mark.parametrize("n", [1, 5, 58])
def test_few_samples_are_worth_what_the_binomial_says(n):
    (note,) = noted(TABLE.logits[:n], TABLE.labels[:n])
    assert f"{n} sample" in note
    assert f"at least {1 - binomial_upper_bound(0, n, delta=0.05):.4f} could be claimed with confidence 0.95" in note


def test_few_groups_count_not_their_samples():
    (note,) = noted(groups=np.arange(200) % 7)
    assert f"7 groups tell little: without any error an accuracy of at least {0.05 ** (1 / 7):.4f}" in note
    assert noted(groups=np.arange(200) % 59) == []


def test_labels_of_one_class_are_told():
    (note,) = noted(labels=np.full(200, 3))
    assert "all 200 labels are class 3 of 10: every accuracy is the recall of that class alone" in note


def test_exits_that_say_nothing_are_told():
    constant, copied, flat = TABLE.logits.copy(), TABLE.logits.copy(), TABLE.logits.copy()
    constant[:, 1] = constant[0, 1]
    copied[:, 2] = copied[:, 1]
    flat[[4, 9], 0] = 7.0
    assert "the logits at depth 2 are the same for all 200 samples" in noted(constant)[0]
    assert "the logits at depth 2 and 3 are the same" in noted(copied)[0]
    assert "all classes have equal logits in 2 rows, such as 4" in noted(flat)[0]
