"""Columns of facts about samples: read, checked, saved and taken with every kind of table."""

from dataclasses import replace

from hypothesis import given as draws
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import ExitTableError
from policies.pooling.answering import Answering
from policies.tables.classification import ClassificationTable
from policies.tasks import load_table
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.tables import make_table


N = 40
SITES = np.array(["north", "south"])[np.arange(N) % 2]
YEARS = 2020 + np.arange(N) // 20
MAKERS = {"classification": make_table, "detection": make_detection_table, "multi-label": make_label_table}


@pytest.fixture(params=sorted(MAKERS))
def table(request):
    return MAKERS[request.param](N).with_columns({"site": SITES, "year": YEARS})


def given(table, **changes):
    return {**table.arrays(), "meta": dict(table.meta), **changes}


def test_columns_are_saved_taken_and_kept_by_other_answers(table, tmp_path):
    table.save(tmp_path / "table.npz")
    again = load_table(tmp_path / "table.npz")
    assert sorted(again.columns) == ["site", "year"]
    assert again.columns["site"].tolist() == SITES.tolist()
    assert again.columns["year"].tolist() == YEARS.tolist() and again.columns["year"].dtype == np.int64
    taken = again.take(np.array([3, 38])).answered(Answering()).with_cost(again.cost)
    assert taken.columns["site"].tolist() == ["south", "north"] and taken.columns["year"].tolist() == [2020, 2021]


@pytest.mark.parametrize(
    ("key", "values", "read"),
    [
        ("column.site", np.char.add(SITES, " "), SITES.tolist()),
        ("column.site", SITES.astype("S"), SITES.tolist()),
        ("column.site", SITES.astype(object), SITES.tolist()),
        ("column.year", YEARS.astype(np.float32), YEARS.tolist()),
        ("column.year", YEARS.astype(np.uint16)[:, None], YEARS.tolist()),
        ("column.indoor", YEARS == 2020, [str(year == 2020) for year in YEARS]),
    ],
)
def test_plain_values_are_cast(table, key, values, read):
    again = type(table).of(given(table, **{key: values}))
    assert again.columns[key.removeprefix("column.")].tolist() == read


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"column.site": SITES[:9]}, r"'column.site' must have shape \(40,\), a value for each sample, but .* \(9,\)"),
        ({"column.year": np.where(YEARS == 2021, np.nan, 2020)}, r"whole numbers but row 20 is nan \(20 such rows\)"),
        ({"column.age": np.full(N, 0.5)}, "'column.age' must be text or whole numbers but row 0 is 0.5"),
        ({"column.site": np.where(SITES == "south", " ", SITES)}, r"but row 1 has none \(20 such rows\)"),
        ({"column.site": [None] * N}, "'column.site' holds Python objects such as 'None'"),
        ({"column.": SITES}, "a column must have a name but 'column.' has none"),
        ({"column.\u00a0": SITES}, "a column must have a name"),
        ({"columns": SITES}, "unknown key 'columns'"),
    ],
)
def test_what_cannot_be_meant_is_refused(table, changes, message):
    with pytest.raises(ExitTableError, match=message):
        type(table).of(given(table, **changes))


def test_a_table_that_is_made_directly_is_checked_too(table):
    with pytest.raises(ExitTableError, match=r"'column.site' must be text .* or int64 but is float64"):
        replace(table, columns={"site": np.zeros(N)})
    with pytest.raises(ExitTableError, match=r"'column.site' must have shape"):
        table.with_columns({"site": SITES[:3]})


def test_columns_do_not_change_who_the_samples_are(table):
    assert table.split_hash == replace(table, columns={}).split_hash


@draws(
    st.dictionaries(
        # A name of spaces alone, such as U+00A0, is none.
        st.text(min_size=1, alphabet=st.characters(min_codepoint=97, max_codepoint=500)).filter(str.strip),
        st.one_of(
            st.lists(st.text(min_size=1, alphabet="ab é漢"), min_size=6, max_size=6),
            st.lists(st.integers(-(2**40), 2**40), min_size=6, max_size=6),
        ),
        max_size=3,
    )
)
@settings(deadline=None, max_examples=30)
def test_what_is_written_is_read(tmp_path_factory, columns):
    table = make_table(6)
    if any(not str(value).strip() for values in columns.values() for value in values):
        with pytest.raises(ExitTableError, match="must have a value"):
            table.with_columns(columns)
        return
    table = table.with_columns(columns)
    path = tmp_path_factory.mktemp("columns") / "table.npz"
    table.save(path)
    again = ClassificationTable.load(path)
    assert {name: values.tolist() for name, values in again.columns.items()} == {
        name: values.tolist() for name, values in table.columns.items()
    }
