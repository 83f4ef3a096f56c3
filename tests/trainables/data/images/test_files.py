import shutil

import pytest

from tests.trainables.data.image_sets import IMAGE_FOLDER, SMALL, refused, write_classes, write_image
from trainables.data import SplitFractions, split_samples


pytestmark = pytest.mark.usefixtures("no_other_warnings")


def test_deep_folders_links_and_what_is_hidden(folder, tmp_path):
    write_image(folder / "cat" / "a" / "b" / "deep.png", seed=100)
    write_image(tmp_path / "elsewhere" / "linked.png", seed=101)
    (folder / "dog" / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "dog" / "up").symlink_to(folder / "dog")
    for hidden in (".thumbs/x.png", ".x.png", "cat/.x.png", "cat/.thumbs/x.png"):
        write_image(folder / hidden)
    for other in ("README.md", "cat/notes.txt"):
        (folder / other).write_text("no image")
    ids = IMAGE_FOLDER.load(folder, SMALL).ids
    assert len(ids) == 22
    assert {"cat/a/b/deep.png", "dog/link/linked.png"} < set(ids)


@pytest.mark.parametrize(
    ("parts", "official"),
    [
        (("train", "val", "test"), "test"),
        (("train", "test"), "test"),
        (("Train", "valid"), "valid"),
        (("train", "validation"), "validation"),
        (("train",), None),
    ],
)
def test_split_folders(tmp_path, parts, official):
    for seed, part in enumerate(parts):
        write_classes(tmp_path / "data" / part, n_images=10, seed=seed)
    samples = IMAGE_FOLDER.load(tmp_path / "data", SMALL)
    assert samples.class_names == ("cat", "dog")
    assert len(samples.ids) == 20 * len(parts)
    if official is None:
        assert samples.official_test is None
    else:
        assert samples.official_test.tolist() == [name.startswith(f"{official}/") for name in samples.ids]
        splits = split_samples(samples, SplitFractions(), seed=0)
        assert all(name.startswith(f"{official}/") for name in splits.test.ids)


def test_a_class_may_be_called_like_a_split(tmp_path):
    write_classes(tmp_path / "data", classes=("bus", "plane", "train"))
    assert IMAGE_FOLDER.load(tmp_path / "data", SMALL).class_names == ("bus", "plane", "train")


def test_split_folders_that_do_not_fit_are_refused(tmp_path):
    folder = tmp_path / "data"
    write_classes(folder / "train")
    write_classes(folder / "test", classes=("cat", "dog", "owl"))
    refused(folder, r"the same in test and train but 'owl' is only in test \(1 such classes\)")
    shutil.rmtree(folder / "test" / "owl")
    (folder / "labels").mkdir()
    refused(folder, "beside the split folders 'test', 'train' there must be no others but there is 'labels'")
    (folder / "labels").rmdir()
    (folder / "train").rename(folder / "val")
    refused(folder, "need a 'train' but there are only 'test', 'val'")
    shutil.copytree(folder / "val", folder / "valid")
    refused(folder, "every split must have one folder but there are 'test', 'val', 'valid'")


def test_folders_without_classes_are_refused(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    refused(folder, "a folder per class but there is none")
    (folder / "cat").mkdir()
    refused(folder, "at least two class folders but there is only 'cat'")
    (folder / "dog").mkdir()
    (folder / "dog" / "notes.txt").write_text("no image")
    refused(folder, f"{folder / 'cat'}: every class folder needs images .* has none")
    write_image(folder / "loose.png")
    refused(folder, r"in a folder per class but 'loose.png' lies outside \(1 such files\)")


def test_names_that_are_not_utf8_are_refused(folder):
    try:
        (folder / "cat" / "\udcff.png").touch()
    except OSError:
        pytest.skip("this file system has no such names")
    refused(folder, r"file names must be UTF-8 but 'cat/\\udcff.png' is not")
