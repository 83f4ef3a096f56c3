"""Names that a person or a disk spells in several ways make one class, one file, one origin, or a clear line."""

import shutil

import numpy as np
import pytest

from tests.trainables.data.image_sets import IMAGE_FOLDER, SMALL, refused, write_classes, write_image
from tests.trainables.data.recordings import audio, source, write_recording
from tests.trainables.data.recordings import refused as refused_recordings
from trainables.data import Samples, SplitFractions, split_samples
from trainables.errors import DataError, JoinedOriginsWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")

CAFE, CAFE_DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.fixture(autouse=True)
def disk(tmp_path):
    """Some disks have one spelling only, so that none of this can happen there."""
    for name in ("a", "a ", "A", CAFE, CAFE_DECOMPOSED):
        (tmp_path / "disk" / name).mkdir(parents=True, exist_ok=True)
    if len(list((tmp_path / "disk").iterdir())) < 5:
        pytest.skip("this file system has one spelling of a name only")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("cat", "cat "), "'cat' and 'cat ' differ in spaces, invisible characters or Unicode form only; join them"),
        ((CAFE, CAFE_DECOMPOSED), r"'cafe\\u0301' and 'caf\\xe9' differ in spaces, invisible characters or Unicode"),
        (("cat", "Cat"), "'Cat' and 'cat' differ in case only"),
        (("cat", "\ufeffcat"), r"'cat' and '\\ufeffcat' differ in spaces, invisible"),
    ],
)
def test_two_folders_of_one_class_are_refused(tmp_path, names, message):
    write_classes(tmp_path / "data", classes=(*names, "dog"), n_images=2)
    refused(tmp_path / "data", f"every class must have one folder but {message}")


def test_letters_of_both_cases_are_classes(tmp_path):
    write_classes(tmp_path / "data", classes=("a", "A", "b"), n_images=2)
    assert IMAGE_FOLDER.load(tmp_path / "data", SMALL).class_names == ("A", "a", "b")


def test_split_folders_may_spell_a_class_in_two_ways(tmp_path):
    write_classes(tmp_path / "data" / "train", classes=(CAFE, "dog"), n_images=4)
    write_classes(tmp_path / "data" / "test ", classes=(CAFE_DECOMPOSED, "dog "), n_images=4, seed=1)
    samples = IMAGE_FOLDER.load(tmp_path / "data", SMALL)
    assert samples.class_names == (CAFE, "dog")
    assert np.bincount(samples.labels).tolist() == [8, 8]
    assert samples.official_test.sum() == 8
    shutil.move(tmp_path / "data" / "test " / "dog ", tmp_path / "data" / "test " / "Dog")
    refused(tmp_path / "data", "one name in all split folders but 'Dog' and 'dog' differ in case only; rename one")


def test_ids_are_the_same_on_every_disk(tmp_path):
    ids = []
    for form in (CAFE, CAFE_DECOMPOSED):
        folder = write_classes(tmp_path / f"data {len(form)}", classes=(form, "dog"), n_images=4)
        write_image(folder / form / f"{form}.png ", format="PNG")
        samples = IMAGE_FOLDER.load(folder, SMALL)
        ids.append(samples.ids.tolist())
        assert len(samples.inputs) == 9
    assert ids[0] == ids[1]
    assert f"{CAFE}/{CAFE}.png" in ids[0]


def test_two_files_of_one_name_are_refused(folder):
    for name in (f"{CAFE}.png", f"{CAFE_DECOMPOSED}.png"):
        write_image(folder / "cat" / name)
    refused(
        folder, r"a name of its own but 'cat/cafe\\u0301.png' and 'cat/caf\\xe9.png' differ in .*; rename or delete"
    )


def write_groups(folder, rows, header="path,group"):
    lines = [header, *(",".join(row) for row in rows)]
    (folder / "groups.csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")


def test_groups_that_went_through_a_spreadsheet(tmp_path):
    folder = write_classes(tmp_path / "data", classes=(CAFE_DECOMPOSED, "dog"), n_images=2)
    rows = [
        (f" {CAFE}/000.png", "s1"),
        (f"{CAFE}\\001.PNG", "s1\u00a0"),
        ("./Dog/000.png ", "\ufeffs1"),
        ("dog/001.png", "s2  x"),
        ("dog/001.png ", "s2 x"),
        ("gone.png", "S2"),
    ]
    write_groups(folder, rows, header=" Path ,GROUP")
    assert IMAGE_FOLDER.load(folder, SMALL).groups.tolist() == ["s1", "s1", "s1", "s2 x"]


def test_groups_that_differ_in_case_are_one_and_told(folder):
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.png"))]
    write_groups(folder, [(name, f"{'sS'[i % 2]}{i // 4}") for i, name in enumerate(names)])
    with pytest.warns(
        JoinedOriginsWarning,
        match=r"groups.csv: in column group, 5 origins are spelled .*, 'S0', 's0' among them: what",
    ):
        samples = IMAGE_FOLDER.load(folder, SMALL)
    assert samples.groups.tolist() == [f"S{i // 4}" for i in range(20)]


def test_names_of_files_that_differ_in_case_are_not_confused_by_groups(folder):
    for name in ("x.png", "X.png"):
        write_image(folder / "cat" / name, seed=ord(name[0]))
    names = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.png"))]
    write_groups(folder, [(name, name[:-4].replace("X", "large x")) for name in names])
    groups = dict(zip(*(getattr(IMAGE_FOLDER.load(folder, SMALL), key) for key in ("ids", "groups")), strict=True))
    assert (groups["cat/x.png"], groups["cat/X.png"]) == ("cat/x", "cat/large x")
    write_groups(folder, [(name.replace("X", "x"), "s") for name in names])
    refused(folder, r"every image must have a group but 'cat/X.png' has none \(1 such images\)")


def test_patterns_see_one_spelling(tmp_path):
    for name in (f"{CAFE_DECOMPOSED}_s1_0", f"{CAFE}_S1_1", "dog_s2_0", "dog_s2_1"):
        write_recording(tmp_path / "flat" / f"{name}.wav", seed=len(name))
    pattern = rf"(?P<class>{CAFE_DECOMPOSED}|dog)_(?P<group>[sS]\d)_\d"
    with pytest.warns(JoinedOriginsWarning, match=r"file_pattern finds, 1 origins are spelled .*, 'S1', 's1': "):
        samples = source().load(tmp_path / "flat", audio(file_pattern=pattern))
    assert samples.class_names == (CAFE, "dog")
    assert set(samples.groups) == {"S1", "s2"}
    options = audio(file_pattern="(?P<class>[^_]+)_.*", test_pattern=f"{CAFE}_s1|dog_s2_0")
    assert source().load(tmp_path / "flat", options).official_test.any()
    write_recording(tmp_path / "flat" / "Dog_s3_0.wav")
    refused_recordings(tmp_path / "flat", "'Dog' and 'dog' differ in case only; rename the files", options)


def samples_with(**changes):
    ids = np.array([f"{i}" for i in range(12)])
    given = {"inputs": np.zeros((12, 1, 2, 2), np.float32), "labels": np.arange(12) % 2, "ids": ids}
    return Samples(**{**given, "class_names": ("cat", "dog"), **changes})


def test_a_source_of_ones_own_is_read_alike():
    groups = np.array([f"{'sS'[i % 2]}{i // 2} " for i in range(12)])
    with pytest.warns(JoinedOriginsWarning, match="in the groups of the samples, 6 origins are spelled"):
        samples = samples_with(class_names=("cat ", CAFE_DECOMPOSED), groups=groups)
    assert samples.class_names == ("cat", CAFE)
    assert samples.groups.tolist() == [f"S{i // 2}" for i in range(12)]
    with pytest.raises(DataError, match="class names must differ but 'cat' and 'Cat' differ in case only"):
        samples_with(class_names=("cat", "Cat"))
    twice = samples_with(ids=np.array([*"abcdefghijk", "a "]))
    message = r"ids must be unique, spaces around .* aside, but 'a' occur more than once \(1 such ids\)"
    with pytest.raises(DataError, match=message):
        split_samples(twice, SplitFractions(), seed=0)


def test_arrays_that_are_spelled_well_are_kept():
    ids = np.array([f"{i}" for i in range(12)], dtype="<U40")
    assert samples_with(ids=ids).ids.dtype == ids.dtype
