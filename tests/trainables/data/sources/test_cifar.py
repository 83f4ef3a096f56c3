from pathlib import Path
import pickle
import shutil

import numpy as np
import pytest
from torchvision import datasets

from tests.trainables.data.image_sets import write_batches, write_classes
from trainables.data import SOURCES, DataOptions
from trainables.errors import DataError


KINDS = [("cifar10", datasets.CIFAR10, 10), ("cifar100", datasets.CIFAR100, 100)]


class Evil:
    """Touches a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize(("name", "dataset", "n_classes"), KINDS)
def test_reads_both_parts_and_marks_the_official_test(tmp_path, monkeypatch, name, dataset, n_classes):
    write_batches(tmp_path, dataset, monkeypatch)
    samples = SOURCES[name].load(tmp_path)
    assert samples.inputs.shape == (12 * n_classes, 3, 32, 32)
    assert samples.inputs.dtype == np.uint8
    assert samples.inputs.flags.c_contiguous
    assert len(samples.class_names) == n_classes
    assert samples.ids[[0, 10 * n_classes]].tolist() == ["train-00000", "test-00000"]
    assert np.flatnonzero(samples.official_test).tolist() == list(range(10 * n_classes, 12 * n_classes))
    image, label = dataset(tmp_path, train=False)[1]
    np.testing.assert_array_equal(samples.inputs[10 * n_classes + 1].transpose(1, 2, 0), np.asarray(image))
    assert samples.labels[10 * n_classes + 1] == label


@pytest.mark.parametrize("size", [8, 48])
def test_other_sizes_are_resized(tmp_path, monkeypatch, size):
    write_batches(tmp_path, datasets.CIFAR10, monkeypatch, n_train=150)
    own = SOURCES["cifar10"].load(tmp_path)
    samples = SOURCES["cifar10"].load(tmp_path, DataOptions(image_size=size))
    assert samples.inputs.shape == (1520, 3, size, size)
    assert samples.inputs.dtype == np.uint8
    # More than one chunk, each image in its place: only its own mean stays about the same.
    means = [one.inputs.reshape(1520, 3, -1).mean(2) for one in (own, samples)]
    assert np.corrcoef(means[0].ravel(), means[1].ravel())[0, 1] > 0.9


@pytest.mark.parametrize(("name", "dataset", "_"), KINDS)
def test_files_of_other_people_are_never_unpickled(tmp_path, name, dataset, _):
    mark = tmp_path / "ran"
    base = tmp_path / dataset.base_folder
    base.mkdir()
    for file in (*(row[0] for row in dataset.train_list + dataset.test_list), dataset.meta["filename"]):
        (base / file).write_bytes(pickle.dumps(Evil(mark)))
    with pytest.raises(DataError, match="MD5 sums that torchvision knows but have not.*download=True") as caught:
        SOURCES[name].load(tmp_path)
    assert str(base) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not mark.exists()


@pytest.mark.parametrize("file", ["data_batch_3", "test_batch", "batches.meta"])
@pytest.mark.parametrize("is_missing", [True, False])
def test_one_bad_file_is_refused(tmp_path, monkeypatch, file, is_missing):
    base = write_batches(tmp_path, datasets.CIFAR10, monkeypatch)
    if is_missing:
        (base / file).unlink()
    else:
        (base / file).write_bytes((base / file).read_bytes()[:-1])
    with pytest.raises(DataError, match="not used"):
        SOURCES["cifar10"].load(tmp_path)


def test_files_that_cannot_be_read_are_one_clear_error(tmp_path, monkeypatch):
    def refusing(*_, **__):
        raise PermissionError(13, "Permission denied", "test_batch")

    write_batches(tmp_path, datasets.CIFAR10, monkeypatch)
    monkeypatch.setattr(datasets.CIFAR10, "_check_integrity", refusing)
    with pytest.raises(DataError, match="test_batch: cannot be read .Permission denied."):
        SOURCES["cifar10"].load(tmp_path)


def test_an_image_folder_does_as_well(tmp_path):
    classes = [f"class{k}" for k in range(10)]
    for seed, part in enumerate(("train", "test")):
        write_classes(tmp_path / "cifar10" / part, classes, n_images=2, seed=seed)
    samples = SOURCES["cifar10"].load(tmp_path)
    assert samples.inputs.shape == (40, 3, 32, 32)
    assert samples.official_test.sum() == 20
    assert samples.class_names == tuple(classes)
    assert SOURCES["cifar10"].load(tmp_path, DataOptions(image_size=16)).inputs.shape == (40, 3, 16, 16)
    shutil.rmtree(tmp_path / "cifar10" / "train" / "class3")
    shutil.rmtree(tmp_path / "cifar10" / "test" / "class3")
    with pytest.raises(DataError, match="cifar10 has 10 classes but here are 9"):
        SOURCES["cifar10"].load(tmp_path)


@pytest.mark.parametrize(("name", "dataset", "_"), KINDS)
def test_no_data_says_what_was_looked_for_and_how_to_get_it(tmp_path, name, dataset, _):
    with pytest.raises(DataError, match=f"--data-dir DIR.*{dataset.__name__}.*download=True"):
        SOURCES[name].load(None)
    with pytest.raises(DataError, match=r"but there is neither; .*download=True") as caught:
        SOURCES[name].load(tmp_path)
    assert str(tmp_path / dataset.base_folder) in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)
