"""What people hand over: cast, numbered and divided where it is plain, refused as a whole where it is not."""

import json
import warnings

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from policies.errors import ExitTableError, ExitTableWarning
from policies.tables.classification import ClassificationTable
from policies.tables.identity import require_disjoint
from tests.tables import make_table


N, E, C = 90, 3, 4
TABLE = make_table(N, E, C)
GIVEN = {"logits": TABLE.logits, "labels": TABLE.labels, "cost": TABLE.cost, "ids": TABLE.ids}


def given_with(**changes):
    return {key: value for key, value in (GIVEN | changes).items() if value is not None}


def load_with(**changes):
    """The table, and what was noted about it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = ClassificationTable.of(given_with(**changes))
    assert all(issubclass(one.category, ExitTableWarning) for one in caught)
    assert len(caught) <= 1
    return table, str(caught[0].message) if caught else ""


def refusal(**changes):
    with pytest.raises(ExitTableError) as caught:
        ClassificationTable.of(given_with(**changes))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_good_table_is_noted_nothing_about():
    table, note = load_with()
    assert note == ""
    assert table.assumed == set()
    np.testing.assert_array_equal(table.logits, TABLE.logits)


@pytest.mark.parametrize("dtype", ["float64", ">f4", "<f2", "int16", "int64", "longdouble"])
def test_logits_of_any_number_type(dtype):
    table, note = load_with(logits=np.round(TABLE.logits).astype(dtype))
    assert table.logits.dtype in (np.float16, np.float32)
    assert table.logits.dtype.isnative
    np.testing.assert_array_equal(table.logits, np.round(TABLE.logits))
    is_cast = dtype not in (">f4", "<f2")
    assert ("'logits' is cast from" in note) == is_cast


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint64", ">i8", "float32"])
def test_labels_of_any_whole_numbers(dtype):
    table, note = load_with(labels=TABLE.labels.astype(dtype))
    assert table.labels.dtype == np.int64
    np.testing.assert_array_equal(table.labels, TABLE.labels)
    assert ("'labels' is cast from" in note) == (dtype != ">i8")


def test_columns_are_taken_as_lists():
    columns = {key: GIVEN[key][:, None] for key in ("labels", "cost", "ids")}
    table, note = load_with(**columns, groups=TABLE.ids[:, None], stop_prob=np.zeros((N, E, 1), dtype=np.float32))
    assert (table.labels.shape, table.cost.shape, table.ids.shape) == ((N,), (E,), (N,))
    assert table.stop_prob.shape == (N, E)
    assert note == ""


@pytest.mark.parametrize(
    "cost", [[10**6, 2 * 10**6, 4 * 10**6], np.array([25, 50, 100], dtype="int32"), (1.5, 3.0, 6.0)]
)
def test_absolute_compute_is_divided_by_the_last(cost):
    table, note = load_with(cost=cost)
    np.testing.assert_allclose(table.cost, [0.25, 0.5, 1.0])
    assert table.cost[-1] == 1.0
    assert f"'cost' is divided by its last value, {float(cost[-1]):.6g}" in note


def test_rounded_cost_is_not_worth_a_note():
    table, note = load_with(cost=np.array([0.25, 0.5, 1 - 1e-7], dtype="float32"))
    assert table.cost[-1] == 1.0
    assert note == ""


def test_without_cost_stages_are_taken_to_cost_the_same():
    table, note = load_with(cost=None)
    np.testing.assert_allclose(table.cost, [1 / 3, 2 / 3, 1])
    assert table.assumed == {"cost"}
    assert "no 'cost' is given: each of the 3 stages" in note


def test_only_logits_and_labels_are_needed(tmp_path):
    np.savez(tmp_path / "table.npz", logits=TABLE.logits.astype("float64"), labels=TABLE.labels.astype("uint8"))
    with pytest.warns(ExitTableWarning) as caught:
        table = ClassificationTable.load(tmp_path / "table.npz")
    (note,) = caught
    for text in ("'logits' is cast", "'labels' is cast", "no 'cost'", "no 'ids'"):
        assert text in str(note.message)
    assert str(note.message).startswith(f"{tmp_path / 'table.npz'}: ")
    assert note.filename == __file__
    assert table.assumed == {"cost", "ids"}
    table.save(tmp_path / "again.npz")
    assert ClassificationTable.load(tmp_path / "again.npz").assumed == {"cost", "ids"}


def without_ids(rows, logits=TABLE.logits):
    with pytest.warns(ExitTableWarning, match="no 'ids' are given"):
        return ClassificationTable.of({"logits": logits[rows], "labels": TABLE.labels[rows], "cost": TABLE.cost})


def test_samples_without_ids_are_known_by_equal_logits():
    first, second, both = without_ids(np.arange(45)), without_ids(np.arange(45, N)), without_ids(np.arange(40, 50))
    require_disjoint({"search": first, "certify": second})
    with pytest.raises(ExitTableError, match="share 5 ids, such as 'logits-"):
        require_disjoint({"search": first, "certify": both})
    assert without_ids(np.arange(45)[::-1]).split_hash == first.split_hash


def test_rows_that_are_alike_within_a_table_are_no_sign_of_overlap():
    logits = TABLE.logits.copy()
    logits[[3, 4, 60, 61]] = 0.5
    first, second = without_ids(np.arange(45), logits), without_ids(np.arange(45, N), logits)
    require_disjoint({"search": first, "certify": second})
    assert np.unique(first.ids).size == 45


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (np.arange(N), [str(k) for k in range(N)]),
        (np.arange(N, dtype="float64"), [str(k) for k in range(N)]),
        (np.array([f"é{k}".encode() for k in range(N)]), [f"é{k}" for k in range(N)]),
        ([f"a {k}" for k in range(N)], [f"a {k}" for k in range(N)]),
        (np.array([f"a{k}" for k in range(N)], dtype=object), [f"a{k}" for k in range(N)]),
        (np.array([*range(N)], dtype=object), [str(k) for k in range(N)]),
    ],
    ids=["whole numbers", "whole floats", "bytes", "a list", "objects that are text", "objects that are numbers"],
)
def test_names_of_any_kind(ids, expected):
    table, note = load_with(ids=ids)
    assert table.ids.tolist() == expected
    assert note == ""


def test_origins_that_differ_in_spaces_or_unicode_form_are_one():
    groups = np.array(["é", "e\u0301", "é ", "b"])[np.arange(N) % 4]
    groups[4:] = [f"g{k}" for k in range(4, N)]
    table, note = load_with(groups=groups)
    assert np.unique(table.groups[:4]).tolist() == ["b", "é"]
    assert "2 of 'groups' differ from others in spaces or Unicode form alone" in note


def test_logits_of_one_exit_may_lack_its_axis():
    table, note = load_with(logits=TABLE.logits[:, 0], cost=None)
    assert (table.n_exits, table.n_classes) == (1, C)
    assert "taken as those of one exit" in note
    assert table.assumed == set()
    assert "'logits' must have shape (N, E, C)" in refusal(logits=TABLE.logits[:, :, 0])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_tensors(dtype):
    logits = torch.tensor(TABLE.logits, requires_grad=True).to(dtype)
    table, _ = load_with(logits=logits, labels=torch.tensor(TABLE.labels, dtype=torch.int32), ids=torch.arange(N))
    np.testing.assert_allclose(table.logits, TABLE.logits, rtol=0.01)
    assert table.ids[3] == "3"


@pytest.mark.parametrize(
    "meta", [None, {"a": np.array([1])}, {"schema": 1, "a": [1]}, '{"a": [1]}', np.array(['{"a": [1]}']), b'{"a": [1]}']
)
def test_facts_may_be_a_mapping_or_text_or_missing(meta):
    table, note = load_with(meta=meta)
    assert table.meta == ({} if meta is None else {"a": [1]})
    assert note == ""


@pytest.mark.parametrize(
    ("order", "looks_like"),
    [
        ((1, 0, 2), "(exits, samples, classes); hand over logits.transpose(1, 0, 2)"),
        ((0, 2, 1), "(samples, classes, exits); hand over logits.transpose(0, 2, 1)"),
        ((2, 0, 1), "(classes, samples, exits); hand over logits.transpose(1, 2, 0)"),
        ((1, 2, 0), "(exits, classes, samples); hand over logits.transpose(2, 0, 1)"),
        ((2, 1, 0), "(classes, exits, samples); hand over logits.transpose(2, 1, 0)"),
    ],
)
def test_wrong_axes_are_named_before_labels(order, looks_like):
    text = refusal(logits=TABLE.logits.transpose(order), labels=TABLE.labels.astype("float32") + 0.5)
    assert text.startswith(
        "the exit table: 'logits' must have shape (N, E, C), for samples, exits and classes, but has"
    )
    assert looks_like in text
    assert text.index("logits.transpose") < text.index("'labels' must be whole class numbers")


@given(
    shape=st.tuples(st.integers(5, 40), st.integers(1, 4), st.integers(2, 12)),
    order=st.permutations(range(3)).map(tuple),
    seed=st.integers(0, 99),
)
def test_the_advice_for_wrong_axes_mends_them(shape, order, seed):
    table = make_table(*shape, seed=seed)
    turned = table.logits.transpose(order)
    content = {"labels": table.labels, "cost": table.cost, "ids": table.ids}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert ClassificationTable.of(content | {"logits": turned}).logits.shape == table.logits.shape
    except ExitTableError as error:
        advice = str(error).partition("logits.transpose(")[2].partition(")")[0]
        assert turned.transpose([int(axis) for axis in advice.split(",")]).shape == table.logits.shape


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": TABLE.labels + 1}, "row 0 is 4 (21 such rows); they count from 1: subtract 1"),
        ({"labels": np.eye(C)[TABLE.labels]}, "of one-hot rows take labels.argmax(axis=1)"),
        ({"labels": np.array(["cat"] * N)}, "'labels' must be class numbers from 0 but is <U3, such as 'cat'"),
        ({"labels": TABLE.labels + 0.5}, "'labels' must be whole class numbers but entry 0 is"),
        ({"labels": np.full(N, np.nan)}, "'labels' must be whole class numbers but entry 0 is nan"),
        ({"logits": TABLE.logits[:, :, :1]}, "of one output per exit make two classes: np.concatenate"),
        ({"logits": TABLE.logits > 0}, "'logits' must be numbers but is bool"),
        ({"logits": TABLE.logits * 1j}, "'logits' must be numbers but is complex"),
        ({"logits": [[[1.0], [1.0, 2.0]]]}, "'logits' must be one array but its rows differ in shape"),
        ({"logits": TABLE.logits.astype("float64") * 1e300}, "'logits' must fit into float32 but reaches"),
        ({"logits": TABLE.logits[:0]}, "with N, E >= 1 and C >= 2 but has shape (0, 3, 4)"),
        (
            {"cost": [0.5, 0.3, 0.2]},
            "'cost' must increase but row 1 is 0.3 after 0.5; it is the compute up to each exit",
        ),
        ({"cost": [0.5, 1.0]}, "'cost' must have shape (3,)"),
        ({"cost": ["a", "b", "c"]}, "'cost' must be numbers but is <U1"),
        ({"ids": np.zeros(N)}, "'ids' must be unique but '0'"),
        ({"ids": np.arange(N) + 0.5}, "'ids' must be text or whole numbers but is float64"),
        ({"ids": np.array([b"\xff"] * N)}, "'ids' must be text in UTF-8"),
        ({"groups": [None] * N}, "'groups' holds Python objects such as 'None'"),
        ({"stop_prob": np.full((N, E), 3.0)}, "of logits take the sigmoid"),
        ({"meta": {"a": {1, 2}}}, "'meta' must be facts that JSON can hold"),
        ({"meta": "{"}, "'meta' must be JSON but is '{'; write json.dumps(...)"),
        ({"meta": {"schema": 2}}, "'meta' must state schema 1 but states 2"),
        ({"logit": TABLE.logits, "logits": None}, "the key 'logits' is needed but there is"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_do(changes, message):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert message in refusal(**changes)


def test_log_of_zero_is_told_from_other_infinities():
    logits = TABLE.logits.copy()
    logits[5, 1, 2] = -np.inf
    assert "row 5 holds NaN or infinity (1 such rows); of probabilities take np.log(p + 1e-12)" in refusal(
        logits=logits
    )
    logits[6] = np.nan
    assert "take np.log" not in refusal(logits=logits)


def test_all_problems_of_a_file_are_told_at_once(tmp_path):
    path = tmp_path / "table.npz"
    content = {
        "logits": TABLE.logits + np.nan,
        "labels": TABLE.labels + 9,
        "cost": [1.0, 0.5, 0.2],
        "group": np.arange(N),
    }
    np.savez(path, **content, ids=np.array([None] * N), meta=json.dumps({"schema": 3}))
    with pytest.raises(ExitTableError) as caught:
        ClassificationTable.load(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    for part in (
        *("unknown key 'group'; 'groups' may be meant", "'ids' holds Python objects", "states 3"),
        *("row 0 holds NaN", "'labels' must lie in 0..3", "'cost' must increase"),
    ):
        assert part in text
