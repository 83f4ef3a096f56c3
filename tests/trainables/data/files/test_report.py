import warnings

import pytest

from tests.trainables.data.image_sets import IMAGE_FOLDER, SMALL, refused, write_classes
from tests.trainables.data.recordings import audio, source, write_recordings
from trainables.errors import OtherFilesWarning


SYSTEM = (
    ".DS_Store",
    "cat/.DS_Store",
    "cat/Thumbs.db",
    "cat/._000.png",
    "desktop.ini",
    ".git/x.psd",
    "cat/@eaDir/x.psd",
)


def told(load):
    """The one warning of a source, and nothing else."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load()
    (warning,) = caught
    assert warning.category is OtherFilesWarning
    assert "\n" not in str(warning.message)
    return str(warning.message)


def touch(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


def test_images_of_other_kinds_are_one_warning(folder):
    touch(folder, [*(f"dog/{i}.HEIC" for i in range(30)), *SYSTEM, "cat/deep/a.psd", "cat/b.psd", "notes.txt"])
    message = told(lambda: IMAGE_FOLDER.load(folder, SMALL))
    assert message.startswith(
        f"{folder}: 32 files of other kinds are ignored beside 20 images: 30 .heic in 'dog', 2 .psd in 'cat'; images "
        f"are read from .png, .jpg, "
    )
    assert message.endswith(": convert them, or move them elsewhere")


def test_in_split_folders_they_are_told_by_both(tmp_path):
    for seed, part in enumerate(("train", "test")):
        write_classes(tmp_path / "data" / part, n_images=2, seed=seed)
    touch(tmp_path / "data", ["test/dog/a.heic", "train/loose.psd"])
    message = told(lambda: IMAGE_FOLDER.load(tmp_path / "data", SMALL))
    assert "2 files of other kinds are ignored beside 8 images: 1 .heic in 'test/dog', 1 .psd in 'train'; " in message


@pytest.mark.parametrize("options", [{}, {"file_pattern": "(?P<class>[a-z]+)/.*"}])
def test_recordings_of_other_kinds_are_one_warning(tmp_path, options):
    folder = write_recordings(tmp_path / "data", n_recordings=2)
    touch(folder, ["dog/a.m4a", "dog/b.m4a", "cat/c.wma", "cat/000.txt", *SYSTEM])
    message = told(lambda: source().load(folder, audio(**options)))
    assert "3 files of other kinds are ignored beside 4 recordings: 2 .m4a in 'dog', 1 .wma in 'cat'; " in message


@pytest.mark.usefixtures("no_other_warnings")
def test_of_system_files_and_notes_nothing_is_said(folder):
    touch(folder, [*SYSTEM, "README.md", "images.zip", "LICENSE", "cat/labels.json", "dog/000.xml"])
    assert len(IMAGE_FOLDER.load(folder, SMALL).ids) == 20


def test_a_class_of_another_kind_only_is_refused(folder):
    touch(folder, ["owl/a.heic", "owl/b.heic"])
    refused(folder, r"owl: every class folder needs images \(.png, .* but this one has only 2 .heic; convert them or")
