"""Whatever is handed over as a table of label sets: a table that is whole, or its error in one line."""

from dataclasses import replace
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
import numpy as np
import pytest

from policies.errors import ExitTableError
from policies.tables.multilabel import MultiLabelTable
from policies.tasks import load_table
from tests.multilabel_tables import awkward_label_tables


GOOD = {
    "logits": np.arange(16, dtype=np.float32).reshape(4, 2, 2) - 7,
    "labels": np.uint8([[0, 1], [1, 0], [1, 1], [0, 0]]),
    "cost": np.array([0.5, 1.0]),
    "ids": np.array(["a", "b", "c", "d"]),
    "groups": np.array(["g", "g", "h", "h"]),
    "parents": np.array(["p", "p", "q", "q"]),
    "order": np.array([1, 0, 3, 2]),
    "meta": {"label_names": ["one", "two"], "exclusive": [["one", "two"]], "parent_names": ["p", "q", "r"]},
}
KEYS = sorted(GOOD)
FUZZ = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANY_ARRAY = arrays.arrays(
    arrays.scalar_dtypes()
    | st.sampled_from([np.dtype(kind) for kind in ("<f4", ">f4", "<f2", "<f8", "<i8", "<u8", "u1", "<U3", "S2", "?")]),
    arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4) | st.sampled_from([(4,), (4, 2), (4, 2, 2)]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=6,
)


pytestmark = pytest.mark.filterwarnings("ignore::policies.errors.ExitTableWarning", "ignore::RuntimeWarning")


def table_or_error(content):
    """A table that comes out is whole, an error is one line."""
    try:
        table = MultiLabelTable.of(content)
    except ExitTableError as error:
        assert str(error).startswith("the exit table: ") and "\n" not in str(error)
        return None
    assert table.logits.dtype in (np.float16, np.float32) and table.labels.dtype == np.uint8
    assert table.logits.shape == (table.n_samples, table.n_exits, table.n_classes)
    assert table.labels.shape == (table.n_samples, table.n_classes) and set(np.unique(table.labels)) <= {0, 1}
    assert len(table.label_names) == table.n_classes
    assert table.exit_answers.shape == table.logits.shape
    assert json.dumps(dict(table.meta))
    return table


def test_the_good_table_is_good():
    assert table_or_error(GOOD).n_samples == 4


@FUZZ
@given(key=st.sampled_from([*KEYS, "stop_prob"]), array=ANY_ARRAY)
def test_arrays_of_any_type_and_shape(key, array):
    table_or_error({**GOOD, key: array})


@FUZZ
@given(data=st.data(), key=st.sampled_from([key for key in KEYS if key != "meta"]))
def test_arrays_of_any_values(data, key):
    good = GOOD[key]
    content = data.draw(st.binary(min_size=good.nbytes, max_size=good.nbytes))
    table_or_error({**GOOD, key: np.frombuffer(content, dtype=good.dtype).reshape(good.shape)})


@FUZZ
@given(keys=st.sets(st.sampled_from(KEYS)))
def test_any_set_of_keys(keys):
    table = table_or_error({key: GOOD[key] for key in keys})
    is_ordered_in_something = "order" not in keys or keys & {"parents", "groups"}
    assert (table is not None) == bool({"logits", "labels"} <= keys and is_ordered_in_something)


@FUZZ
@given(key=st.sampled_from(["label_names", "exclusive", "parent_names"]), value=JSON)
def test_any_facts(key, value):
    table_or_error({**GOOD, "meta": {**GOOD["meta"], key: value}})


@FUZZ
@given(table=awkward_label_tables())
def test_awkward_tables_come_back_from_their_files(table, tmp_path_factory):
    table = replace(table, logits=table.logits - np.float32(9))  # No exit may look like answers.
    path = tmp_path_factory.mktemp("tables") / "table.npz"
    table.save(path)
    again = load_table(path)
    for key, values in table.arrays().items():
        np.testing.assert_array_equal(again.arrays()[key], values)
