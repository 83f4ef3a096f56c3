"""Folders as Pascal VOC lays them out."""

import csv
from dataclasses import replace
import shutil
import warnings

import numpy as np
import pytest

from policies.tables.boxes import CROWD, LABEL, is_box, n_boxes
from tests.trainables.data.box_sets import (
    SMALL,
    TOLERANT,
    VOC,
    draw,
    objects_of,
    refused,
    shares_of,
    write_voc,
    xml_of,
)
from trainables.data import SPLIT_NAMES, DataOptions, SplitFractions, load_samples, split_samples
from trainables.data.boxes.coordinate_order import coordinate_order
from trainables.errors import DamagedImagesWarning, DataError, DuplicateImagesWarning, SkippedBoxesWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")
NAMES = ("bar", "disc")
IMAGES = objects_of(n_images=10)


@pytest.fixture
def voc(tmp_path):
    return write_voc(tmp_path / "data", IMAGES)


def rewrite(folder, row, objects, **options):
    (folder / "Annotations" / f"{row:03d}.xml").write_text(xml_of(objects, **options))


def test_images_and_boxes(voc):
    samples = VOC.load(voc, SMALL)
    assert samples.inputs.shape == (10, 3, 16, 16)
    assert samples.inputs.dtype == np.uint8
    assert samples.class_names == NAMES
    assert samples.ids.tolist() == [f"JPEGImages/{k:03d}.png" for k in range(10)]
    assert samples.official_test is None
    assert samples.groups is None
    assert samples.labels.dtype == np.float32
    for row, objects in enumerate(IMAGES):
        own = samples.labels[row]
        np.testing.assert_allclose(own[is_box(own)], shares_of(objects, NAMES), atol=1e-6)
        assert (np.diff(is_box(own).astype(int)) <= 0).all()


def test_boxes_lie_where_the_objects_are(voc):
    """At the images' own proportions, every pixel within a box has the object's colour but where others cover it."""
    samples = VOC.load(voc, DataOptions(image_size=192))
    image, (_, left, top, right, bottom) = samples.inputs[0], IMAGES[0][0]
    own = samples.labels[0, 0, :4] * 192
    np.testing.assert_allclose(own, [left * 3, top * 4, right * 3, bottom * 4], atol=1e-3)
    inner = image[:, top * 4 + 4 : bottom * 4 - 4, left * 3 + 3 : right * 3 - 3]
    assert (inner.reshape(3, -1) == inner[:, :1, 0]).all()


def test_the_usual_size():
    assert VOC.reader((3, 320, 320)).input_shape == (3, 320, 320)


def test_sets_say_what_is_official(tmp_path):
    folder = write_voc(
        tmp_path, IMAGES, sets={"trainval": range(6), "train": [0, 1, 2], "val": [3, 4, 5], "test": [7, 8]}
    )
    samples = VOC.load(folder, SMALL)
    assert samples.ids.tolist() == [f"JPEGImages/{k:03d}.png" for k in (0, 1, 2, 3, 4, 5, 7, 8)]
    assert samples.official_test.tolist() == [False] * 6 + [True] * 2


def test_val_is_official_where_there_is_no_test(tmp_path):
    folder = write_voc(tmp_path, IMAGES, sets={"trainval": range(6), "train": [0, 1, 2], "val": [3, 4, 5]})
    assert VOC.load(folder, SMALL).official_test.tolist() == [False] * 3 + [True] * 3


@pytest.mark.parametrize("name", ["train", "val", "trainval"])
def test_one_set_alone_is_shared_out(tmp_path, name):
    samples = VOC.load(write_voc(tmp_path, IMAGES, sets={name: range(4)}), SMALL)
    assert len(samples.ids) == 4
    assert samples.official_test is None


def test_marks_behind_names_are_those_of_sets_of_one_class(tmp_path):
    folder = write_voc(tmp_path, IMAGES)
    (folder / "ImageSets" / "Main" / "train.txt").write_text("\ufeff000  1\n001 -1\n\n")
    assert len(VOC.load(folder, SMALL).ids) == 2


def test_an_image_in_test_and_train_is_refused(tmp_path):
    folder = write_voc(tmp_path, IMAGES, sets={"train": [0, 1], "test": [1, 2]})
    refused(VOC, folder, "must not be in the official test and in another set but '001' is; remove it from one")


@pytest.mark.parametrize("inner", ["VOC2012", "VOCdevkit/VOC2012"])
def test_the_folder_may_lie_within(tmp_path, inner):
    write_voc(tmp_path / inner, IMAGES)
    assert len(VOC.load(tmp_path, SMALL).ids) == 10


def test_folders_that_are_none_or_several_are_refused(tmp_path):
    refused(VOC, None, "voc needs a folder with the folders Annotations and JPEGImages but none was given")
    refused(VOC, tmp_path / "none", "there is no such folder")
    (tmp_path / "empty").mkdir()
    refused(VOC, tmp_path / "empty", "there must be the folders Annotations and JPEGImages, .* but there is none")
    for year in (2007, 2012):
        write_voc(tmp_path / "kit" / f"VOC{year}", IMAGES[:2])
    refused(VOC, tmp_path / "kit", "but there are VOC2007, VOC2012; name one of them")


def test_wanted_classes_are_numbered_as_they_are_named(voc):
    samples = VOC.load(voc, replace(SMALL, classes=("disc",)))
    assert samples.class_names == ("disc",)
    own = samples.labels[is_box(samples.labels)]
    n_discs = sum(name == "disc" for image in IMAGES for name, *_ in image)
    assert len(own) == n_discs
    assert (own[:, LABEL] == 0).all()
    n_bars = sum(map(len, IMAGES)) - n_discs
    assert samples.metadata == {
        "annotations": {"boxes": n_discs, "skipped": {}, "clipped": 0, "left_out": {"bar": n_bars}}
    }
    assert VOC.load(voc, replace(SMALL, classes=("disc", "bar"))).class_names == ("disc", "bar")


def test_unknown_classes_are_refused_with_the_known(voc):
    message = "among the classes of .*, 'bar', 'disc', but 'disk' is not; did you mean 'disc'"
    refused(VOC, voc, message, replace(SMALL, classes=("disk",)))
    with pytest.raises(DataError, match="'disc' occurs twice; correct data.classes"):
        DataOptions(classes=("disc", "disc"))


def test_classes_are_no_option_of_other_sources():
    from trainables.data import SOURCES

    with pytest.raises(DataError, match="data.classes .* but this source is digits; leave it out"):
        load_samples(SOURCES["digits"], None, DataOptions(classes=("7",)))


def test_difficult_objects_are_marked_as_crowds(voc):
    rewrite(voc, 0, IMAGES[0], difficult=1)
    samples = VOC.load(voc, SMALL)
    assert samples.labels[0, 0, CROWD] == 1
    assert samples.labels[1:, :, CROWD].max() == 0


def test_groups_are_those_of_the_file(voc):
    rows = [f"JPEGImages/{k:03d}.png,patient {k // 2}" for k in range(10)]
    (voc / "groups.csv").write_text("\n".join(["path,group", *rows]))
    assert VOC.load(voc, SMALL).groups.tolist() == [f"patient {k // 2}" for k in range(10)]


def damage(folder):
    """One file of each kind of damage; what is said of each."""
    write_voc(folder, objects_of(n_images=20))
    (folder / "Annotations" / "001.xml").write_text("<annotation><object>")
    (folder / "Annotations" / "002.xml").write_bytes(b"")
    (folder / "Annotations" / "003.xml").write_text("<html></html>")
    (folder / "Annotations" / "005.xml").write_text(
        '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><annotation>&c;</annotation>'
    )
    (folder / "JPEGImages" / "006.png").unlink()
    (folder / "JPEGImages" / "007.png").write_text("not an image")
    (folder / "ImageSets" / "Main" / "train.txt").write_text("".join(f"{k:03d}\n" for k in (*range(20), 88)))
    return {
        "Annotations/001.xml": "broken XML (no element found",
        "Annotations/002.xml": "empty file",
        "Annotations/003.xml": "broken XML (the root is <html>, not <annotation>)",
        "Annotations/005.xml": "broken XML (it declares entities)",
        "Annotations/088.xml": "missing annotation",
        "JPEGImages/006": "missing image",
        "JPEGImages/007.png": "not a PNG",
    }


def test_damaged_files_of_each_kind_are_skipped_and_listed(tmp_path, cache):
    kinds = damage(tmp_path / "data")
    with pytest.warns(DamagedImagesWarning) as caught:
        samples = VOC.load(tmp_path / "data", TOLERANT)
    assert len(samples.ids) == 20 - len(kinds) + 1
    message = str(caught[0].message)
    assert "7 of 21 annotated images (33.33%) cannot be used and are left out: 3 broken XML, " in message
    assert "\n" not in message
    (listed,) = cache.rglob("damaged.csv")
    with listed.open(newline="") as stream:
        rows = {row["path"]: row["reason"] for row in csv.DictReader(stream)}
    assert rows.keys() == kinds.keys()
    for path, reason in kinds.items():
        assert reason in rows[path]


def test_too_many_damaged_files_are_refused(tmp_path):
    damage(tmp_path / "data")
    refused(
        VOC,
        tmp_path / "data",
        r"7 of 21 annotated images .* but at most 1.00% may be so: 3 broken XML, .*or raise data.max_damaged",
    )


def test_if_all_are_damaged_nothing_is_read(tmp_path):
    folder = write_voc(tmp_path, IMAGES[:2])
    for path in (folder / "Annotations").iterdir():
        path.write_text("")
    refused(VOC, folder, "2 of 2 annotated images", TOLERANT)


BAD_BOXES = {
    "without area": ("disc", 5, 5, 5, 5),
    "outside the image": ("disc", 70, 5, 80, 15),
    "of an unknown class": ("", 5, 5, 15, 15),
}


@pytest.mark.parametrize(("kind", "box"), BAD_BOXES.items(), ids=BAD_BOXES)
def test_bad_boxes_are_skipped_and_listed(voc, cache, kind, box):
    rewrite(voc, 4, [box])
    with pytest.warns(SkippedBoxesWarning, match=f"1 of 13 boxes .7.69%. are skipped: 1 {kind}, such as") as caught:
        samples = VOC.load(voc, TOLERANT)
    assert "\n" not in str(caught[0].message)
    assert n_boxes(samples.labels[4]) == 0
    assert samples.metadata["annotations"]["skipped"] == {kind: 1}
    (listed,) = cache.rglob("boxes.csv")
    with listed.open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["path"] == "JPEGImages/004.png"
    assert row["reason"].endswith(f": {kind}")
    refused(VOC, voc, f"1 of 13 boxes .* but at most 1.00% may be so: 1 {kind}, such as .*JPEGImages/004.png")


def test_boxes_that_reach_out_are_clipped_and_counted(voc):
    rewrite(voc, 4, [("disc", 50, 40, 90, 60)])
    with pytest.warns(SkippedBoxesWarning, match="1 boxes reach out of their image and are clipped; the full list"):
        samples = VOC.load(voc, SMALL)
    np.testing.assert_allclose(samples.labels[4, 0, :4], [50 / 64, 40 / 48, 1, 1])
    assert samples.metadata["annotations"]["clipped"] == 1


def test_a_pixel_over_the_edge_is_how_tools_count(voc):
    rewrite(voc, 4, [("disc", -1, -1, 65, 49)])
    assert VOC.load(voc, SMALL).labels[4, 0, :4].tolist() == [0, 0, 1, 1]


def test_shares_are_no_pixels(voc):
    for row, objects in enumerate(IMAGES):
        text = xml_of(objects)
        for _, *edges in objects:
            for key, edge, side in zip(("xmin", "ymin", "xmax", "ymax"), edges, (64, 48, 64, 48), strict=True):
                written = edge + key.endswith("min")
                text = text.replace(f"<{key}>{written}</{key}>", f"<{key}>{edge / side:.4f}</{key}>", 1)
        (voc / "Annotations" / f"{row:03d}.xml").write_text(text)
    message = "12 with shares of the image's sides instead of pixels.*multiply them by the image's width and height"
    refused(VOC, voc, message)


def test_swapped_coordinates_are_found_by_those_that_reach_out(tmp_path):
    images = objects_of(n_images=40)
    folder = write_voc(tmp_path / "data", images)
    for row, objects in enumerate(images):
        rewrite(folder, row, [(name, top, left, bottom, right) for name, left, top, right, bottom in objects])
    message = r"with x and y swapped, (\d+) of \1 that reach out lie inside: the coordinates are probably swapped"
    refused(VOC, folder, message)


def test_annotations_of_resized_images_keep_their_proportions(voc):
    """The boxes of a picture of 128x96 pixels that was made smaller since."""
    (_, left, top, right, bottom) = IMAGES[0][0]
    rewrite(voc, 0, [("disc", left * 2, top * 2, right * 2, bottom * 2)], size=(128, 96))
    own = VOC.load(voc, SMALL).labels[0, 0, :4]
    np.testing.assert_allclose(own, [left / 64, top / 48, right / 64, bottom / 48], atol=1e-6)


@pytest.mark.parametrize("size", [(48, 64), (0, 0), (64, 1)])
def test_sizes_of_other_proportions_do_not_count(voc, size):
    before = VOC.load(voc, SMALL).labels
    rewrite(voc, 0, IMAGES[0], size=size)
    if min(size):
        with pytest.warns(SkippedBoxesWarning, match="annotations of 1 images state a size of other proportions"):
            after = VOC.load(voc, SMALL).labels
    else:
        after = VOC.load(voc, SMALL).labels
    np.testing.assert_array_equal(after, before)


def test_images_are_found_by_what_their_annotation_calls_them(voc):
    (voc / "JPEGImages" / "003.png").rename(voc / "JPEGImages" / "old name.png")
    rewrite(voc, 3, IMAGES[3], name="old name.jpg")
    assert "JPEGImages/old name.png" in VOC.load(voc, SMALL).ids


def test_copies_are_told(voc):
    shutil.copy(voc / "JPEGImages" / "000.png", voc / "JPEGImages" / "001.png")
    with pytest.warns(DuplicateImagesWarning, match="1 of 10 images are exact copies"):
        VOC.load(voc, SMALL)


def test_there_must_be_images_and_boxes(tmp_path):
    refused(VOC, write_voc(tmp_path / "none", []), "there must be annotated images but there are none")
    refused(VOC, write_voc(tmp_path / "empty", [[], []]), "there must be boxes in the images but there are none")


def test_one_image_is_read_but_cannot_be_split(tmp_path):
    samples = VOC.load(write_voc(tmp_path, IMAGES[:1]), SMALL)
    assert samples.labels.shape == (1, 1, 6)
    with pytest.raises(DataError, match="at least 4 samples or groups, one for each of train, .* but there is 1; add"):
        split_samples(samples, SplitFractions(), seed=0)


def test_new_image_files_are_read_like_the_samples(voc, tmp_path):
    samples = VOC.load(voc, SMALL)
    path = tmp_path / "new.png"
    draw(IMAGES[0], seed=0).save(path)
    read = VOC.reader((3, 16, 16), SMALL).read([path])
    np.testing.assert_array_equal(read.inputs[0], samples.inputs[0])


@pytest.fixture
def cells(bccd):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        samples = VOC.load(bccd, DataOptions(image_size=96))
    return samples, [str(one.message) for one in caught]


def test_blood_cells(cells):
    samples, (message,) = cells
    assert samples.inputs.shape == (364, 3, 96, 96)
    assert samples.official_test.sum() == 72
    assert samples.class_names == ("Platelets", "RBC", "WBC")
    labels = samples.labels[is_box(samples.labels)][:, LABEL].astype(int)
    # Two of 4,155 red blood cells are a click without a drag.
    assert np.bincount(labels).tolist() == [361, 4153, 372]
    assert "2 of 4888 boxes (0.04%) are skipped: 2 without area" in message
    assert "'JPEGImages/BloodImage_00338.jpg'" in message
    assert "'JPEGImages/BloodImage_00343.jpg'" in message
    splits = split_samples(samples, SplitFractions(), seed=0)
    assert len(splits.test.ids) == 72
    for name in SPLIT_NAMES:
        own = splits[name].labels
        assert set(own[is_box(own)][:, LABEL]) == {0, 1, 2}


def test_blood_cells_show_the_order_of_coordinates(cells, bccd, tmp_path):
    samples, _ = cells
    assert coordinate_order(samples.inputs, samples.labels).is_supported
    swapped = samples.labels[..., [1, 0, 3, 2, 4, 5]]
    assert coordinate_order(samples.inputs, swapped).is_swapped
    folder = shutil.copytree(bccd, tmp_path / "swapped")
    for path in (folder / "Annotations").iterdir():
        text = path.read_text().replace("<xm", "<?m").replace("</xm", "</?m").replace("<ym", "<xm")
        path.write_text(text.replace("</ym", "</xm").replace("?", "y"))
    refused(VOC, folder, "the coordinates are probably swapped", DataOptions(image_size=96))
