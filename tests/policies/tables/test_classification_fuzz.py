"""Whatever is in a file: an exit table or its error, and never anything else."""

from io import BytesIO
import json
import pickle
import struct
import zipfile

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
import numpy as np
import pytest

from policies.errors import ExitTableError
from policies.tables.classification import ClassificationTable
from policies.tables.identity import hash_ids


GOOD = {
    "logits": np.zeros((4, 2, 3), dtype=np.float32),
    "labels": np.zeros(4, dtype=np.int64),
    "cost": np.array([0.5, 1.0]),
    "ids": np.array(["a", "b", "c", "d"]),
    "groups": np.array(["g", "g", "h", "h"]),
    "stop_prob": np.zeros((4, 2), dtype=np.float32),
    "meta": np.array(json.dumps({"schema": 1})),
}
KEYS = sorted(GOOD)
FUZZ = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


pytestmark = pytest.mark.filterwarnings("ignore::policies.errors.ExitTableWarning")


def npy(array):
    stream = BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npy_with_header(header, body=b""):
    """A .npy file whose header, normally a Python literal, is any text."""
    encoded = header.encode("latin1", "replace")
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(encoded)) + encoded + body


def write(path, members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def good_members(**changes):
    members = {f"{key}.npy": npy(value) for key, value in GOOD.items()} | changes
    return {name: content for name, content in members.items() if content is not None}


def table_or_error(path):
    """Loads a file; a table that comes out is whole, an error names the file in one line."""
    try:
        table = ClassificationTable.load(path)
    except ExitTableError as error:
        assert str(path) in str(error)
        assert "\n" not in str(error)
        assert "allow_pickle=" not in str(error)
        return None
    assert table.logits.dtype in (np.float16, np.float32)
    assert table.logits.shape == (table.n_samples, table.n_exits, table.n_classes)
    assert len(table.split_hash) == 64
    assert json.dumps(dict(table.meta))
    return table


def refused(path, message):
    with pytest.raises(ExitTableError, match=message) as caught:
        ClassificationTable.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_good_file_is_good(tmp_path):
    assert table_or_error(write(tmp_path / "t.npz", good_members())).n_samples == 4


ANY_DTYPE = (
    arrays.scalar_dtypes()
    | arrays.array_dtypes(max_size=2)
    | st.sampled_from([np.dtype(kind) for kind in ("<f4", ">f4", "<f2", "<f8", "<i8", ">i8", "<U3", ">U3", "S2", "?")])
)
ANY_ARRAY = arrays.arrays(
    ANY_DTYPE, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4) | st.sampled_from([(4,), (4, 2)])
)


@pytest.mark.filterwarnings("ignore:Stored array in format 3.0:UserWarning")
@FUZZ
@given(key=st.sampled_from([*KEYS, "extra"]), array=ANY_ARRAY)
def test_arrays_of_any_type_and_shape(tmp_path, key, array):
    table_or_error(write(tmp_path / "t.npz", good_members(**{f"{key}.npy": npy(array)})))


@FUZZ
@given(data=st.data(), key=st.sampled_from(KEYS))
def test_arrays_of_any_values(tmp_path, data, key):
    """The right shape and type, so that the values themselves are looked at."""
    good = GOOD[key]
    n_bytes = good.nbytes
    array = np.frombuffer(data.draw(st.binary(min_size=n_bytes, max_size=n_bytes)), dtype=good.dtype)
    table_or_error(write(tmp_path / "t.npz", good_members(**{f"{key}.npy": npy(array.reshape(good.shape))})))


@FUZZ
@given(keys=st.sets(st.sampled_from([*KEYS, "extra", "logits.npy", "../logits", ""])))
def test_any_set_of_keys(tmp_path, keys):
    members = {f"{key}.npy": npy(GOOD.get(key, np.zeros(2))) for key in keys}
    table = table_or_error(write(tmp_path / "t.npz", members))
    assert (table is not None) == ({"logits", "labels"} <= keys <= {*KEYS})


@FUZZ
@given(meta=st.text(max_size=20) | st.sampled_from(['{"schema": 1, "a": NaN}', '{"schema": true}', "[" * 9999, "1"]))
def test_any_meta(tmp_path, meta):
    table_or_error(write(tmp_path / "t.npz", good_members(**{"meta.npy": npy(np.array(meta))})))


@FUZZ
@given(content=st.binary(max_size=60), start=st.sampled_from([b"", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY\x01\x00"]))
def test_any_bytes(tmp_path, content, start):
    path = tmp_path / "t.npz"
    path.write_bytes(start + content)
    assert table_or_error(path) is None


@FUZZ
@given(key=st.sampled_from(KEYS), content=st.binary(max_size=40), start=st.sampled_from([b"", b"\x93NUMPY\x01\x00"]))
def test_members_of_any_bytes(tmp_path, key, content, start):
    assert table_or_error(write(tmp_path / "t.npz", good_members(**{f"{key}.npy": start + content}))) is None


LITERALS = st.sampled_from(
    [
        "1",
        "-1",
        "'<f4'",
        "'|O'",
        "'<U3'",
        "True",
        "None",
        "[]",
        "{}",
        "(",
        "'",
        "(4, 2, 3)",
        "(4,)",
        "10**9",
        "[('a',)]",
    ]
)


@FUZZ
@given(
    key=st.sampled_from(KEYS),
    header=st.one_of(
        st.text(max_size=30),
        st.builds("{{'descr': {}, 'fortran_order': {}, 'shape': {}}}".format, LITERALS, LITERALS, LITERALS),
        st.builds("{{{}: {}, {}: {}}}".format, LITERALS, LITERALS, LITERALS, LITERALS),
    ),
)
def test_members_with_any_header(tmp_path, key, header):
    member = npy_with_header(header, bytes(96))
    table_or_error(write(tmp_path / "t.npz", good_members(**{f"{key}.npy": member})))


@pytest.mark.parametrize(
    "header",
    [
        "{",
        "'''",
        "(" * 500,
        "{[]: 1}",
        "{1: 1, 'a': 2}",
        f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**70},)}}",
        f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**60},)}}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1)}",
    ],
    ids=["brace", "quotes", "parentheses", "list as key", "mixed keys", "2^70", "2^60", "negative"],
)
def test_headers_that_no_array_has(tmp_path, header):
    refused(write(tmp_path / "t.npz", good_members(**{"logits.npy": npy_with_header(header)})), "not a readable")


def test_pickled_objects_are_not_opened(tmp_path):
    path = tmp_path / "t.npz"
    objects = np.array(["a", "b", "c", {}], dtype=object)
    np.savez(path, **GOOD | {"ids": objects, "meta": objects})
    refused(path, "'ids' holds Python objects, which are never opened; save text with dtype=str.*; 'meta' holds")
    header = npy_with_header("{'descr': '|O', 'fortran_order': False, 'shape': (4,)}")
    refused(write(path, good_members(**{"logits.npy": header})), "'logits' holds Python objects")
    np.save(tmp_path / "one.npy", objects)
    refused(tmp_path / "one.npy", "not a readable exit table")
    (tmp_path / "one.pickle").write_bytes(pickle.dumps({"logits": 1}))
    refused(tmp_path / "one.pickle", "it is a pickle of Python objects, which is never opened; write it with np.savez")


def test_text_is_not_called_a_pickle(tmp_path):
    (tmp_path / "t.csv").write_text("label,logit\n1,0.5\n")
    refused(tmp_path / "t.csv", "it is no .npz archive; write it with np.savez")
    refused(tmp_path, "an exit table is a file but this is a folder; name the file in it")


def test_members_that_are_no_arrays(tmp_path):
    for key in KEYS:
        refused(write(tmp_path / "t.npz", good_members(**{f"{key}.npy": b"hello"})), f"'{key}' is not an array")


def test_encrypted_members(tmp_path):
    path = write(tmp_path / "t.npz", good_members())
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\x03\x04") + 6] |= 1
    content[content.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    refused(path, "not a readable exit table")


@pytest.mark.parametrize("code_point", [0xD800, 0xDFFF, 0x110000, 0xFFFFFFFF])
@pytest.mark.parametrize("key", ["ids", "groups", "meta"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_text_that_is_not_unicode(tmp_path, key, code_point, order):
    array = np.array(GOOD[key], dtype=GOOD[key].dtype.newbyteorder(order))
    codes = np.atleast_1d(array).view(np.dtype(f"{order}u4"))
    codes[-1] = code_point
    broken = codes.view(array.dtype).reshape(array.shape)
    where = "" if key == "meta" else "but row 3 is not"
    refused(write(tmp_path / "t.npz", good_members(**{f"{key}.npy": npy(broken)})), f"'{key}' must be Unicode.*{where}")


def test_text_of_any_script_is_kept(tmp_path):
    ids = np.array(["é", "日本", "😀", "\u0000x"])
    path = write(tmp_path / "t.npz", good_members(**{"ids.npy": npy(ids)}))
    assert ClassificationTable.load(path).split_hash == hash_ids(ids)


def nested(array):
    return array.tolist()


@FUZZ
@example(key="logits", array=np.array("NaT", dtype="datetime64[Y]"), convert=nested)
@example(key="labels", array=np.array("NaT", dtype="datetime64[Y]"), convert=nested)
@given(key=st.sampled_from([*KEYS, "extra"]), array=ANY_ARRAY, convert=st.sampled_from([np.asarray, nested, object]))
def test_anything_handed_over_in_python(key, array, convert):
    """Arrays, lists and foreign objects: a table or its error, in one line."""
    try:
        table = ClassificationTable.of(GOOD | {key: convert(array) if convert is not object else object()})
    except ExitTableError as error:
        assert "\n" not in str(error)
    else:
        assert ClassificationTable(**{key: getattr(table, key) for key in KEYS}).split_hash == table.split_hash
