"""Folders as COCO lays them out."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.tables.boxes import CROWD, is_box, n_boxes
from tests.trainables.data.box_sets import (
    COCO,
    SMALL,
    TOLERANT,
    VOC,
    objects_of,
    refused,
    shares_of,
    write_coco,
    write_voc,
)
from trainables.errors import DamagedImagesWarning, SkippedBoxesWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")
IMAGES = objects_of(n_images=10)


@pytest.fixture
def coco(tmp_path):
    return write_coco(tmp_path / "data", IMAGES)


def changed(folder, change):
    path = folder / "annotations.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_images_and_boxes(coco):
    samples = COCO.load(coco, SMALL)
    assert samples.inputs.shape == (10, 3, 16, 16)
    assert samples.class_names == ("disc", "bar")
    assert samples.ids.tolist() == [f"images/{k:03d}.png" for k in range(10)]
    assert samples.official_test is None
    for row, objects in enumerate(IMAGES):
        own = samples.labels[row]
        np.testing.assert_allclose(own[is_box(own)], shares_of(objects), atol=1e-6)


def test_both_layouts_tell_the_same(tmp_path):
    one = COCO.load(write_coco(tmp_path / "coco", IMAGES), SMALL)
    other = VOC.load(write_voc(tmp_path / "voc", IMAGES), replace(SMALL, classes=("disc", "bar")))
    np.testing.assert_array_equal(one.inputs, other.inputs)
    np.testing.assert_allclose(one.labels, other.labels, atol=1e-6)


def test_pycocotools_reads_the_same(coco, capsys):
    tools = pytest.importorskip("pycocotools.coco")
    reference = tools.COCO(str(coco / "annotations.json"))
    capsys.readouterr()
    samples = COCO.load(coco, SMALL)
    for key, image in reference.imgs.items():
        own = samples.labels[samples.ids.tolist().index(f"images/{image['file_name']}")]
        expected = [one["bbox"] for one in reference.loadAnns(reference.getAnnIds(key))]
        pixels = own[is_box(own)][:, :4] * [64, 48, 64, 48]
        found = np.hstack([pixels[:, :2], pixels[:, 2:] - pixels[:, :2]])
        np.testing.assert_allclose(found, np.array(expected).reshape(-1, 4), atol=1e-4)


@pytest.mark.parametrize(("part", "official"), [("val2017", True), ("test", True), (None, False)])
def test_val_or_test_is_official(tmp_path, part, official):
    write_coco(tmp_path, IMAGES, part="train2017")
    if part is None:
        samples = COCO.load(tmp_path, SMALL)
        assert samples.official_test is None
        return
    write_coco(tmp_path, objects_of(n_images=4, seed=1), part=part, first=50)
    samples = COCO.load(tmp_path, SMALL)
    assert samples.official_test.sum() == 4
    assert all(str(name).startswith(f"{part}/05") for name in samples.ids[samples.official_test])


def test_images_may_lie_in_a_folder_of_folders(tmp_path):
    write_coco(tmp_path, IMAGES, part="train2017")
    (tmp_path / "images").mkdir()
    (tmp_path / "train2017").rename(tmp_path / "images" / "train2017")
    assert COCO.load(tmp_path, SMALL).ids[0] == "images/train2017/000.png"


def test_the_folder_may_lie_within(tmp_path):
    write_coco(tmp_path / "coco", IMAGES)
    assert len(COCO.load(tmp_path, SMALL).ids) == 10


def test_folders_that_are_none_or_several_are_refused(tmp_path):
    refused(COCO, None, "coco needs a folder with images and their annotations/instances_<part>.json but none")
    (tmp_path / "empty").mkdir()
    refused(COCO, tmp_path / "empty", "there must be annotations/instances_<part>.json or annotations.json, ")
    for year in (2014, 2017):
        write_coco(tmp_path / "two", IMAGES[:2], part=f"train{year}")
    refused(COCO, tmp_path / "two", "one file for each of train, val, test but there are .*2014.json and .*2017.json")


def test_crowds_are_marked(coco):
    changed(coco, lambda content: content["annotations"][0].update(iscrowd=1))
    samples = COCO.load(coco, SMALL)
    assert samples.labels[0, 0, CROWD] == 1
    assert samples.labels[..., CROWD].sum() == 1


def test_categories_without_an_object_are_classes(coco):
    changed(coco, lambda content: content["categories"].insert(0, {"id": 5, "name": "never"}))
    samples = COCO.load(coco, SMALL)
    assert samples.class_names == ("disc", "never", "bar")
    assert samples.memberships.any(axis=0).tolist() == [True, False, True]


def test_wanted_classes(coco):
    samples = COCO.load(coco, replace(SMALL, classes=("bar",)))
    assert samples.class_names == ("bar",)
    refused(COCO, coco, "'disc', 'bar', but 'car' is not; did you mean 'bar'", replace(SMALL, classes=("car",)))


BAD_BOXES = {
    "of an unknown class": {"category_id": 999},
    "with coordinates that are no numbers": {"bbox": [1, 2, "3", 4]},
    "without area": {"bbox": [5, 5, 0, 4]},
    "outside the image": {"bbox": [-30, 5, 20, 4]},
    "in an image that is not told of": {"image_id": 999},
    "with shares of the image's sides instead of pixels": {"bbox": [0.1, 0.1, 0.2, 0.3]},
}


@pytest.mark.parametrize(("kind", "change"), BAD_BOXES.items(), ids=BAD_BOXES)
def test_bad_boxes_are_skipped(coco, kind, change):
    changed(coco, lambda content: content["annotations"][0].update(change))
    with pytest.warns(SkippedBoxesWarning, match=f"1 of 12 boxes .8.33%. are skipped: 1 {kind}, such as"):
        samples = COCO.load(coco, TOLERANT)
    assert n_boxes(samples.labels).sum() == 11
    refused(COCO, coco, f"1 of 12 boxes .* but at most 1.00% may be so: 1 {kind}")


BAD_IMAGES = {
    "missing image": {"file_name": "gone.png"},
    "an image without id or file_name": {"file_name": 5},
    "an id that another image has": {"id": 11},
}


@pytest.mark.parametrize(("reason", "change"), BAD_IMAGES.items(), ids=BAD_IMAGES)
def test_bad_images_are_left_out(coco, reason, change):
    changed(coco, lambda content: content["images"][9].update(change))
    with pytest.warns(DamagedImagesWarning, match=f"1 of 10 annotated images .* left out: 1 {reason}"):
        samples = COCO.load(coco, TOLERANT)
    assert len(samples.ids) == 9


@pytest.mark.parametrize("name", ["../../secret.png", "/etc/secret.png"])
def test_nothing_outside_the_folder_is_read(coco, name):
    (coco.parent / "secret.png").write_bytes((coco / "images" / "000.png").read_bytes())
    changed(coco, lambda content: content["images"][9].update(file_name=name))
    with pytest.warns(DamagedImagesWarning, match="1 missing image"):
        COCO.load(coco, TOLERANT)


BROKEN = {
    "{": "broken JSON",
    "[1, 2]": "no list of images and annotations and categories",
    '{"images": []}': "no list of annotations and categories",
    "[" * 100_000: "broken JSON",
}


@pytest.mark.parametrize(("text", "message"), BROKEN.items(), ids=range(len(BROKEN)))
def test_broken_files_are_refused(coco, text, message):
    (coco / "annotations.json").write_text(text)
    refused(COCO, coco, message, TOLERANT)


def test_there_must_be_images_and_boxes(tmp_path):
    refused(COCO, write_coco(tmp_path / "none", []), "there must be annotated images but there are none")
    refused(COCO, write_coco(tmp_path / "empty", [[], []]), "there must be boxes in the images but there are none")
