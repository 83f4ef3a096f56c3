"""Data by name, or by a folder whose files tell what they are."""

import pytest

from policies.errors import ExitSearchError
from tests.trainables.data.box_sets import objects_of, write_coco, write_voc
from tests.trainables.data.image_sets import write_classes
from tests.trainables.data.labelled_sets import write_labelled_images, write_labelled_recordings
from tests.trainables.data.recordings import write_recordings
from trainables.workloads.finding import find_source


@pytest.mark.parametrize("name", ["digits", "cifar10", "image-folder"])
def test_names_are_found(name):
    source, folder = find_source(name)
    assert (source.name, folder) == (name, None)


def test_a_folder_tells_what_it_holds(tmp_path):
    boxes = {"voc": write_voc, "coco": write_coco}
    labelled = {"labelled-images": write_labelled_images, "labelled-audio": write_labelled_recordings}
    classes = {"image-folder": write_classes, "audio-folder": write_recordings}
    for name, write in (classes | labelled | boxes).items():
        folder = tmp_path / name / "own"
        write(folder, *([objects_of()] if name in boxes else []))
        source, found = find_source(str(folder))
        assert (source.name, found) == (name, folder)


@pytest.mark.parametrize(("files", "has"), [((), "neither"), (("a.png", "b.wav"), "1 images and 1 recordings")])
def test_a_folder_of_neither_or_both_is_refused(files, has, tmp_path):
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(ExitSearchError, match=f"must hold images or recordings but holds {has}; name the kind"):
        find_source(str(tmp_path))


@pytest.mark.parametrize(("name", "message"), [("digit", "did you mean 'digits'"), ("nowhere/at/all", "Known are")])
def test_what_is_nowhere_is_refused(name, message):
    with pytest.raises(ExitSearchError, match=message):
        find_source(name)
