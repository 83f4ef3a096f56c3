"""Small data sets of real files for tests."""

from hashlib import md5
import pickle

import numpy as np
from PIL import Image
import pytest

from trainables.data import SOURCES, DataOptions
from trainables.errors import DataError


IMAGE_FOLDER = SOURCES["image-folder"]
SMALL = DataOptions(image_size=8)
TOLERANT = DataOptions(image_size=8, max_damaged=0.5)


def write_image(path, *, seed=1000, size=(12, 10), mode="RGB", **options):
    """Write random pixels; ``size`` is width and height."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).convert(mode).save(path, **options)
    return path


def write_classes(folder, classes=("cat", "dog"), n_images=10, *, seed=0):
    """Write a folder of images per class; no two images are equal."""
    for k, name in enumerate(classes):
        for i in range(n_images):
            write_image(folder / name / f"{i:03d}.png", seed=(seed, k, i))
    return folder


def write_batches(folder, dataset, monkeypatch, *, n_train=10, n_test=2):
    """Write CIFAR batches of so many images per class, and have torchvision's class know their MD5 sums."""
    base = folder / dataset.base_folder
    base.mkdir(parents=True)
    labels_key, n_classes = ("labels", 10) if dataset.__name__ == "CIFAR10" else ("fine_labels", 100)
    draw = np.random.default_rng(0)

    def write(name, content):
        (base / name).write_bytes(pickle.dumps(content))
        return md5((base / name).read_bytes(), usedforsecurity=False).hexdigest()

    def batch(n_per_class):
        labels = np.tile(np.arange(n_classes), n_per_class).tolist()
        return {"data": draw.integers(0, 256, (len(labels), 3072), dtype=np.uint8), labels_key: labels}

    n_batches = len(dataset.train_list)
    train = [[name, write(name, batch(n_train // n_batches))] for name, _ in dataset.train_list]
    test = [[name, write(name, batch(n_test))] for name, _ in dataset.test_list]
    names = [f"class {k:02d}" for k in range(n_classes)]
    sum_of_names = write(dataset.meta["filename"], {dataset.meta["key"]: names})
    monkeypatch.setattr(dataset, "train_list", train)
    monkeypatch.setattr(dataset, "test_list", test)
    monkeypatch.setattr(dataset, "meta", {**dataset.meta, "md5": sum_of_names})
    return base


def refused(folder, message, options=SMALL):
    """The one line with which an image folder is refused; it must match the message."""
    with pytest.raises(DataError, match=message) as caught:
        IMAGE_FOLDER.load(folder, options)
    assert "\n" not in str(caught.value)
    return str(caught.value)
