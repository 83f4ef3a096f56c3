import pytest

from tests.trainables.data.image_sets import IMAGE_FOLDER, SMALL, refused, write_classes, write_image
from tests.trainables.data.recordings import audio, source, write_recording
from tests.trainables.data.recordings import refused as audio_refused


pytestmark = pytest.mark.usefixtures("no_other_warnings")

CAFE, CAFE_DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("found", "name"), [("cat ", "cat"), ("\ufeffcat", "cat"), (CAFE_DECOMPOSED, CAFE), ("big  cat", "big cat")]
)
def test_classes_and_ids_have_one_spelling(tmp_path, found, name):
    folder = write_classes(tmp_path / "data", classes=(found, "dog"), n_images=2)
    samples = IMAGE_FOLDER.load(folder, SMALL)
    assert samples.class_names == (name, "dog")
    assert samples.labels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (f"cat/{CAFE_DECOMPOSED}.png", f"cat/{CAFE}.png"),
        ("cat/\ufeffnew.png", "cat/new.png"),
        ("cat/new.png ", "cat/new.png"),
        ("cat/a  b.png", "cat/a  b.png"),
    ],
)
def test_ids_have_one_spelling(folder, found, name):
    write_image(folder / found, format="PNG")
    assert name in IMAGE_FOLDER.load(folder, SMALL).ids


def test_classes_of_split_folders_join_whatever_form_their_names_have(tmp_path):
    write_classes(tmp_path / "data" / "train", classes=(CAFE, "dog"), n_images=2)
    write_classes(tmp_path / "data" / "test ", classes=(f"{CAFE_DECOMPOSED} ", "\ufeffdog"), n_images=2, seed=1)
    samples = IMAGE_FOLDER.load(tmp_path / "data", SMALL)
    assert samples.class_names == (CAFE, "dog")
    assert sorted(samples.labels[samples.official_test]) == [0, 0, 1, 1]
    assert samples.official_test.sum() == 4


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ("cat ", "'cat' and 'cat ' differ in spaces, invisible characters or Unicode form only"),
        ("\ufeffcat", r"'cat' and '\\ufeffcat' differ in spaces, invisible characters or Unicode form only"),
        ("Cat", "'Cat' and 'cat' differ in case only"),
    ],
)
def test_two_classes_that_are_one_to_a_person_are_refused(folder, other, difference):
    write_image(folder / other / "x.png")
    refused(folder, f"every class must have one folder but {difference}; join them, or rename one")


def test_classes_of_split_folders_that_differ_in_case_are_refused(tmp_path):
    write_classes(tmp_path / "data" / "train", n_images=1)
    write_classes(tmp_path / "data" / "test", classes=("Cat", "dog"), n_images=1)
    refused(tmp_path / "data", "one name in all split folders but 'Cat' and 'cat' differ in case only; rename one")


@pytest.mark.parametrize("other", ["cat/000.png ", "cat/\u200b000.png", "cat/000\ufeff.png"])
def test_two_files_of_one_id_are_refused(folder, other):
    write_image(folder / other, format="PNG")
    refused(folder, "every file must have a name of its own but .* differ in spaces, invisible .*; rename or delete")


def test_files_that_differ_in_case_are_two(folder):
    for name in ("a.png", "A.png"):
        write_image(folder / "cat" / name, seed=ord(name[0]))
    if len(list((folder / "cat").glob("[aA].png"))) < 2:
        pytest.skip("this file system does not tell them apart")
    assert {"cat/a.png", "cat/A.png"} < set(IMAGE_FOLDER.load(folder, SMALL).ids)


def test_classes_in_names_of_a_flat_folder(tmp_path):
    for i, name in enumerate((CAFE, CAFE_DECOMPOSED, f"{CAFE} ", "dog", "\ufeffdog")):
        write_recording(tmp_path / f"{name}_{i}.wav", seed=i)
    pattern = audio(file_pattern=r"(?P<class>.+)_\d")
    samples = source().load(tmp_path, pattern)
    assert samples.class_names == (CAFE, "dog")
    label_of = dict(zip(samples.groups, samples.labels, strict=True))
    assert label_of == {f"{CAFE}_0.wav": 0, f"{CAFE}_1.wav": 0, f"{CAFE} _2.wav": 0, "dog_3.wav": 1, "dog_4.wav": 1}
    write_recording(tmp_path / "Dog_5.wav", seed=5)
    audio_refused(tmp_path, "every class must have one name but .* 'Dog' and 'dog' differ in case only", pattern)
