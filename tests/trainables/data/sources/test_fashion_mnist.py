import struct

import numpy as np
import pytest

from trainables.data import SOURCES
from trainables.errors import DataError


SOURCE = SOURCES["fashion-mnist"]


def write_idx(path, array):
    header = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape)
    path.write_bytes(header + array.astype(np.uint8).tobytes())


@pytest.fixture
def folder(tmp_path):
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for part, n in (("train", 30), ("t10k", 10)):
        write_idx(raw / f"{part}-images-idx3-ubyte", rng.integers(0, 256, (n, 28, 28)))
        write_idx(raw / f"{part}-labels-idx1-ubyte", np.arange(n) % 10)
    return tmp_path


def test_reads_both_parts_and_marks_the_official_test(folder):
    samples = SOURCE.load(folder)
    assert samples.inputs.shape == (40, 1, 28, 28)
    assert samples.inputs.dtype == np.uint8
    assert samples.official_test.tolist() == [False] * 30 + [True] * 10
    assert samples.ids[[0, 29, 30]].tolist() == ["train-00000", "train-00029", "test-00000"]


def test_no_folder_says_which_option_names_it():
    with pytest.raises(DataError, match="--data-dir"):
        SOURCE.load(None)


def test_missing_file_says_what_was_looked_for_and_how_to_get_it(folder):
    missing = folder / "FashionMNIST" / "raw" / "t10k-labels-idx1-ubyte"
    missing.unlink()
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte .*download=True") as caught:
        SOURCE.load(folder)
    assert str(missing) in str(caught.value)


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"])
@pytest.mark.parametrize("damage", [b"", b"not an image", None])
def test_damaged_files_are_one_clear_error(folder, name, damage):
    path = folder / "FashionMNIST" / "raw" / name
    path.write_bytes(path.read_bytes()[:-5] if damage is None else damage)
    with pytest.raises(DataError, match=r"files are damaged|files must hold") as caught:
        SOURCE.load(folder)
    assert "\n" not in str(caught.value)


def test_images_and_labels_of_different_number_are_refused(folder):
    write_idx(folder / "FashionMNIST" / "raw" / "train-labels-idx1-ubyte", np.arange(29) % 10)
    with pytest.raises(DataError, match="as many labels"):
        SOURCE.load(folder)
