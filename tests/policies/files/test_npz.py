"""Arrays that are written one after the other are read as numpy's own."""

import numpy as np
import pytest

from policies.files.npz import write_arrays


def test_arrays_are_read_by_numpy(tmp_path):
    given = {"a/b": np.eye(3, dtype=np.uint16), "c": np.arange(5.0), "d": np.array(["x", "yz"])}
    write_arrays(tmp_path / "arrays.npz", given.items())
    with np.load(tmp_path / "arrays.npz", allow_pickle=False) as found:
        assert found.files == list(given)
        for name, values in given.items():
            np.testing.assert_array_equal(found[name], values)
            assert found[name].dtype == values.dtype


def test_nothing_is_left_of_what_could_not_be_written(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        write_arrays(tmp_path / "arrays.npz", [("a", np.arange(3)), ("b", np.array([{}], dtype=object))])
    assert list(tmp_path.iterdir()) == []
