from functools import partial
from pathlib import Path

import pytest
import torch
from torchvision import datasets

from policies.goals.request import Request
from tests.trainables.data.box_sets import objects_of, write_coco, write_voc
from tests.trainables.data.image_sets import write_batches, write_classes
from tests.trainables.data.labelled_sets import write_labelled_images, write_labelled_recordings
from tests.trainables.data.recordings import write_recordings, write_spoken_digits
from trainables.data import SplitFractions
from trainables.models import NetworkSpec
from trainables.recipes.recipe import Recipe
from trainables.trials.spec import TrialSpec
from trainables.workloads import get_workload


@pytest.fixture(scope="session")
def digits():
    return get_workload("digits").load(None, SplitFractions(), split_seed=1)


@pytest.fixture
def spec():
    return TrialSpec(
        workload="digits",
        class_names=tuple("0123456789"),
        network=NetworkSpec(n_exits=3, width=8),
        recipe=Recipe(epochs=3, batch_size=64),
        search_target=Request(target=0.93),
        seeds=(0,),
        augmentation=get_workload("digits").augmentation,
    )


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache of decoded files of each test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("EXITSEARCH_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def data_of(request, tmp_path_factory):
    """Gives a folder with data for a source: small, where real data are large; for all tests of a module."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        # What a module reads once is read before any of its tests has a cache of its own.
        monkeypatch.setenv("EXITSEARCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield partial(_written_data, request=request, tmp_path_factory=tmp_path_factory, monkeypatch=monkeypatch)


def _written_data(name, *, request, tmp_path_factory, monkeypatch):
    if name in ("digits", "pairs"):
        return None
    if name == "fashion-mnist":
        return request.getfixturevalue("shared_data")
    folder = tmp_path_factory.mktemp(name) / "data"
    if name == "image-folder":
        return write_classes(folder, n_images=80)
    if name == "audio-folder":
        return write_recordings(folder, n_recordings=80)
    if name == "labelled-images":
        return write_labelled_images(folder, n_images=160)
    if name == "labelled-audio":
        return write_labelled_recordings(folder, n_recordings=160)
    if name == "spoken-mixtures":
        return write_spoken_digits(folder, n_takes=9)
    if name == "voc":
        return write_voc(folder, objects_of(n_images=80))
    if name == "coco":
        return write_coco(folder, objects_of(n_images=80))
    write_batches(folder, getattr(datasets, name.upper()), monkeypatch, n_train=20)
    return folder


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_data():
    """Real data beside the checkout; tests that need it are skipped without it."""
    folder = Path(__file__).parents[3] / "shared" / "data"
    if not (folder / "FashionMNIST" / "raw").is_dir():
        pytest.skip(f"no Fashion-MNIST in {folder}")
    return folder


@pytest.fixture(scope="session")
def bccd():
    """Images of blood cells with boxes beside the checkout; tests that need them are skipped without them."""
    folder = Path(__file__).parents[3] / "shared" / "data" / "BCCD"
    if not folder.is_dir():
        pytest.skip(f"no BCCD in {folder.parent}")
    return folder
