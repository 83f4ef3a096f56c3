"""The file of soft labels: what goes in comes out, and nothing that breaks its contract is read."""

from dataclasses import replace
import json
import pickle
import zipfile

import numpy as np
import pytest

from tests.trainables.soft_label_files import CLASSES, soft_labels
from trainables.errors import SoftLabelsError
from trainables.teachers.soft_labels import SoftLabels, hash_order


def rewritten(path, **changes):
    """The file with some of its arrays, or entries of ``meta``, replaced, and None of them left out."""
    with np.load(path) as archive:
        arrays = dict(archive)
    meta = json.loads(str(arrays["meta"])) | {key: value for key, value in changes.items() if key not in arrays}
    arrays |= {key: value for key, value in changes.items() if key in arrays}
    arrays["meta"] = np.array(json.dumps({key: value for key, value in meta.items() if value is not None}))
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})


@pytest.fixture
def file(tmp_path):
    soft_labels().save(tmp_path / "teacher.npz")
    return tmp_path / "teacher.npz"


def test_saved_and_loaded_are_equal(tmp_path):
    views = np.repeat(soft_labels().probabilities, 3, axis=0)
    saved = soft_labels(probabilities=views, augmentation={"shift": 0.1, "seed": 5}, metadata={"accuracy": 0.9})
    saved.save(tmp_path / "deep" / "teacher.npz")
    loaded = SoftLabels.load(tmp_path / "deep" / "teacher.npz")
    np.testing.assert_array_equal(loaded.probabilities, saved.probabilities)
    np.testing.assert_array_equal(loaded.paths, saved.paths)
    assert (loaded.class_names, loaded.split, loaded.temperature) == (CLASSES, "train", 2.0)
    assert (loaded.augmentation, loaded.metadata, loaded.n_views) == (saved.augmentation, saved.metadata, 3)


def test_logits_have_the_probabilities_at_the_temperature():
    soft = soft_labels()
    tempered = np.exp(soft.logits() / soft.temperature)
    np.testing.assert_allclose(tempered / tempered.sum(axis=2, keepdims=True), soft.probabilities, rtol=1e-5)
    sure = np.zeros_like(soft.probabilities)
    sure[..., 0] = 1
    assert np.isfinite(replace(soft, probabilities=sure).logits()).all()


def test_hash_tells_the_order():
    names = np.array(["a", "b", "c"])
    assert hash_order(names) != hash_order(names[::-1])
    assert hash_order(np.array(["ab", "c"])) != hash_order(np.array(["a", "bc"]))


def test_rows_that_were_moved_behind_the_hash_are_noticed(file):
    with np.load(file) as archive:
        moved = archive["paths"][::-1]
    rewritten(file, paths=moved)
    with pytest.raises(SoftLabelsError, match="paths must have the SHA-256 that the file states.*export"):
        SoftLabels.load(file)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probabilities": None}, "the key 'probabilities' is needed"),
        ({"temperature": None}, "'meta' must state 'temperature'"),
        ({"temperature": "warm"}, "'meta' is damaged"),
        ({"temperature": -1.0}, "'temperature' must be positive but is -1"),
        ({"class_names": ["ant", "bee"]}, "'class_names' must name 3 classes"),
        ({"schema": 7}, "must state schema 1 but states 7"),
        ({"order_hash": "0" * 64}, "SHA-256"),
    ],
)
def test_damaged_files_are_refused(changes, message, file):
    rewritten(file, **changes)
    with pytest.raises(SoftLabelsError, match=message):
        SoftLabels.load(file)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probabilities": soft_labels().probabilities[0]}, r"must have shape \(V, N, C\)"),
        ({"probabilities": soft_labels().probabilities.astype(np.float64)}, "must be float32"),
        ({"probabilities": soft_labels().probabilities * 1.1}, "sum to 1 but row 0 of view 0"),
        ({"probabilities": soft_labels().probabilities * np.float32("nan")}, "sum to 1"),
        ({"probabilities": np.repeat(soft_labels().probabilities, 2, axis=0)}, "2 views need the augmentation"),
        ({"paths": soft_labels().paths[:-1]}, r"'paths' must be text of shape \(120,\)"),
        ({"paths": np.full(120, "same")}, "'paths' must be unique"),
    ],
)
def test_arrays_that_break_the_contract_are_refused(changes, message):
    with pytest.raises(SoftLabelsError, match=message):
        soft_labels(**changes)


def test_other_files_are_no_soft_labels(tmp_path):
    with pytest.raises(SoftLabelsError, match="there is no such file of soft labels"):
        SoftLabels.load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("probabilities")
    with pytest.raises(SoftLabelsError, match="not a readable file of soft labels"):
        SoftLabels.load(tmp_path / "text.npz")


class Bomb:
    def __reduce__(self):
        return exec, ("raise SystemExit('code was run')",)


def test_nothing_is_unpickled(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as archive:
        header = b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
        for key in ("probabilities", "paths", "meta"):
            archive.writestr(f"{key}.npy", header.ljust(127) + b"\n" + pickle.dumps(Bomb()))
    with pytest.raises(SoftLabelsError, match="'probabilities' holds Python objects.*; 'paths' holds Python objects"):
        SoftLabels.load(tmp_path / "bomb.npz")


def test_names_have_one_spelling_whoever_wrote_the_file(tmp_path):
    decomposed = np.array([f"{i:03d} e\u0301.png " for i in range(120)])
    own = soft_labels(class_names=("ant ", "caf\u00e9", "cow"), paths=decomposed)
    assert own.class_names == ("ant", "caf\u00e9", "cow")
    assert own.paths[7] == "007 \u00e9.png"
    # Another program signs the paths as it spells them.
    paths = np.array([f"{i:03d} e\u0301.png" for i in range(120)])
    own.save(tmp_path / "own.npz")
    stated = {"class_names": ["ant", "cafe\u0301", "cow "], "order_hash": hash_order(paths)}
    rewritten(tmp_path / "own.npz", paths=paths, **stated)
    assert SoftLabels.load(tmp_path / "own.npz").paths.tolist() == own.paths.tolist()
    assert SoftLabels.load(tmp_path / "own.npz").class_names == own.class_names


def test_two_spellings_of_one_name_are_refused():
    with pytest.raises(SoftLabelsError, match="'class_names' must differ but 'ant' and 'Ant' differ in case only"):
        soft_labels(class_names=("ant", "Ant", "cow"))
    with pytest.raises(SoftLabelsError, match="'paths' must be unique, spaces around them and Unicode form aside"):
        soft_labels(paths=np.array([*map(str, range(119)), "7 "]))


def test_a_row_of_a_thousand_classes_stays_one_short_line():
    names, even = tuple(map(str, range(1000))), np.full((1, 2, 1000), 0.1, np.float32)
    with pytest.raises(SoftLabelsError, match=r"row 0 of view 0 lies in \[0.1, 0.1\] and sums to 100") as refused:
        SoftLabels(even, np.array(["a", "b"]), names, "train", 2.0)
    assert len(str(refused.value)) < 200
