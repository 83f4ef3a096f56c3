import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import ExitTableError
from policies.tables.classification import ClassificationTable
from policies.tables.identity import hash_ids, require_disjoint
from tests.tables import make_table


def arrays(n=4, e=2, c=3):
    return {
        "logits": np.zeros((n, e, c), dtype=np.float32),
        "labels": np.zeros(n, dtype=np.int64),
        "cost": np.linspace(1 / e, 1, e),
        "ids": np.array([f"i{k}" for k in range(n)]),
    }


def with_row(key, row, value):
    changed = arrays()
    changed[key] = changed[key].copy()
    changed[key][row] = value
    return changed


def test_round_trip(tmp_path):
    table = make_table(20, groups=np.array([f"g{i // 2}" for i in range(20)]))
    table.save(tmp_path / "deep" / "table.npz")
    again = ClassificationTable.load(tmp_path / "deep" / "table.npz")
    for key in ("logits", "labels", "cost", "ids", "groups"):
        np.testing.assert_array_equal(getattr(again, key), getattr(table, key))
    assert again.meta == table.meta
    assert again.stop_prob is None
    assert (again.n_samples, again.n_exits, again.n_classes) == (20, 3, 4)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (with_row("logits", 2, np.nan), "'logits' must be finite but row 2"),
        (with_row("logits", 1, np.inf), "'logits' must be finite but row 1"),
        (arrays() | {"logits": np.zeros((4, 2))}, r"'logits' must have shape \(N, E, C\)"),
        (arrays() | {"logits": np.zeros((4, 2, 3))}, "float16 or float32 but is float64"),
        (arrays() | {"logits": np.zeros((4, 2, 1), dtype=np.float32)}, "C >= 2"),
        (with_row("labels", 3, 3), r"'labels' must lie in 0..2 but row 3 is 3"),
        (with_row("labels", 0, -1), r"row 0 is -1"),
        (arrays() | {"labels": np.zeros(3, dtype=np.int64)}, r"'labels' must have shape \(4,\)"),
        (arrays() | {"labels": np.zeros(4, dtype=np.int32)}, "'labels' must be int64"),
        (arrays() | {"cost": np.array([1.0, 1.0])}, "'cost' must increase but row 1"),
        (arrays() | {"cost": np.array([0.5, 0.9])}, "last must be 1.0 but is 0.9"),
        (arrays() | {"cost": np.array([-0.5, 1.0])}, "finite and positive"),
        (arrays() | {"cost": np.array([np.nan, 1.0])}, "finite and positive"),
        (with_row("ids", 3, "i0"), "'ids' must be unique but 'i0'"),
        (arrays() | {"ids": np.arange(4)}, "'ids' must be text"),
        (arrays() | {"groups": np.array(["a"])}, r"'groups' must have shape \(4,\)"),
        (arrays() | {"stop_prob": np.full((4, 2), 1.5, dtype=np.float32)}, r"lie in \[0, 1\] but row 0"),
        (arrays() | {"stop_prob": np.full((4, 2), np.nan, dtype=np.float32)}, r"lie in \[0, 1\]"),
        (arrays() | {"stop_prob": np.zeros((4, 2))}, "'stop_prob' must be float32"),
        (
            arrays() | {"stop_prob": np.zeros((2, 4), dtype=np.float32)},
            r"\(2, 4\); hand over stop_prob.T",
        ),
        (arrays() | {"meta": {"class_names": ["a", "b"]}}, "must name the 3 classes of 'logits' but names 2"),
        (arrays() | {"meta": {"class_names": "abc"}}, "must be a list of names but is 'abc'"),
        (arrays() | {"ids": np.array(["a", "b", "c", "a "])}, "'ids' must be unique but 'a'"),
        (arrays() | {"ids": np.array(["é", "b", "c", "e\u0301"])}, "'ids' must be unique but 'é'"),
    ],
)
def test_broken_arrays_name_the_key_and_the_row(changed, message):
    with pytest.raises(ExitTableError, match=message):
        ClassificationTable(**changed)


def written(path, **changes):
    content = arrays() | {"meta": np.array(json.dumps({"schema": 1}))} | changes
    np.savez_compressed(path, **{key: value for key, value in content.items() if value is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"meta": np.array(json.dumps({"schema": 2}))}, "must state schema 1 but states 2"),
        ({"meta": np.array("[]")}, "JSON object"),
        ({"meta": np.array("{")}, "must be JSON"),
        ({"meta": np.zeros(3)}, "one JSON string"),
        ({"labels": None}, "the key 'labels' is needed but there is 'cost', 'ids', 'logits', 'meta'"),
        ({"extra": np.zeros(1)}, "unknown key 'extra'; known are"),
        ({"group": np.zeros(4)}, "unknown key 'group'; 'groups' may be meant"),
        ({"ids": np.array(["a", "b", "c", "d"], dtype=object)}, "'ids' holds Python objects, which are never opened"),
        ({"meta": {"schema": 1}}, "'meta' holds Python objects, .* save the text that json.dumps makes of it"),
    ],
)
def test_broken_files_are_refused(tmp_path, changes, message):
    with pytest.raises(ExitTableError, match=message):
        ClassificationTable.load(written(tmp_path / "table.npz", **changes))


def test_everything_that_is_wrong_is_told_at_once():
    with pytest.raises(ExitTableError) as caught:
        ClassificationTable(**with_row("logits", 2, np.nan) | {"labels": np.full(4, 7), "cost": np.array([1.0, 0.5])})
    for text in ("row 2 holds NaN", "'labels' must lie in 0..2 but row 0 is 7 (4 such rows)", "'cost' must increase"):
        assert text in str(caught.value)


def test_missing_and_foreign_files_are_refused(tmp_path):
    with pytest.raises(ExitTableError, match="there is no such exit table"):
        ClassificationTable.load(tmp_path / "none.npz")
    with pytest.raises(ExitTableError, match="an exit table is a file but this is a folder; name the file in it"):
        ClassificationTable.load(tmp_path)
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ExitTableError, match="not a readable exit table"):
        ClassificationTable.load(tmp_path / "text.npz")
    np.save(tmp_path / "single.npy", np.zeros(3))
    with pytest.raises(ExitTableError, match="single array"):
        ClassificationTable.load(tmp_path / "single.npy")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_bytes_never_give_anything_but_a_table_or_its_error(tmp_path, data):
    path = written(tmp_path / "table.npz")
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        table = ClassificationTable.load(damaged)
    except ExitTableError as error:
        assert str(damaged) in str(error)
    else:
        assert table.n_samples == 4


def test_split_hash_depends_on_the_set_of_ids_only():
    ids = np.array(["b", "a", "c"])
    assert hash_ids(ids) == hash_ids(ids[::-1])
    assert hash_ids(ids) != hash_ids(ids[:2])


def test_overlapping_splits_are_refused():
    first, second = make_table(20, prefix="a"), make_table(20, prefix="b")
    require_disjoint({"search": first, "certify": second})
    with pytest.raises(ExitTableError, match="'search' and 'certify' share 20 ids"):
        require_disjoint({"search": first, "certify": make_table(30, prefix="a", seed=1)})


def test_splits_that_share_a_group_are_refused():
    left = make_table(4, prefix="a", groups=np.array(["g1", "g1", "g2", "g2"]))
    right = make_table(2, prefix="b", groups=np.array(["g2", "g3"]))
    with pytest.raises(ExitTableError, match="share 1 groups, such as 'g2'"):
        require_disjoint({"search": left, "certify": right})


def test_names_that_differ_in_spaces_or_unicode_form_overlap():
    left = make_table(2, prefix="a", groups=np.array(["é ", "b"]))
    right = make_table(2, prefix="b", groups=np.array(["e\u0301", "c"]))
    with pytest.raises(ExitTableError, match="share 1 groups, such as 'é'"):
        require_disjoint({"search": left, "certify": right})
