import shutil

import pytest

from tests.trainables.data.image_sets import IMAGE_FOLDER, SMALL, TOLERANT, refused, write_classes, write_image
from trainables.data import SplitFractions, split_samples
from trainables.errors import DamagedImagesWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")


def write_groups(folder, rows, header="path,group"):
    (folder / "groups.csv").write_text(
        "\n".join([header, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8-sig"
    )


def groups_of(folder):
    return {path.relative_to(folder).as_posix(): f"{int(path.stem) // 2:02d}" for path in folder.rglob("[0-9]*.png")}


def test_groups_are_read_and_kept_together(tmp_path):
    folder = write_classes(tmp_path / "data", n_images=20)
    groups = {path: f"{path[:3]}{group}" for path, group in groups_of(folder).items()}
    write_groups(folder, [*groups.items(), ("gone.png", "x")])
    samples = IMAGE_FOLDER.load(folder, SMALL)
    assert dict(zip(samples.ids, samples.groups, strict=True)) == groups
    splits = split_samples(samples, SplitFractions(), seed=0)
    assert not set(splits.train.groups) & set(splits.test.groups)


def test_groups_of_damaged_images_go_with_them(folder):
    groups = groups_of(folder)
    write_groups(folder, groups.items())
    (folder / "cat" / "004.png").write_bytes(b"")
    with pytest.warns(DamagedImagesWarning):
        samples = IMAGE_FOLDER.load(folder, TOLERANT)
    assert samples.groups.tolist() == [groups[name] for name in samples.ids]


def test_copies_within_a_group_are_fine(folder):
    shutil.copy(folder / "cat" / "003.png", folder / "cat" / "013.png")
    groups = groups_of(folder)
    groups["cat/013.png"] = groups["cat/003.png"]
    write_groups(folder, groups.items())
    assert len(IMAGE_FOLDER.load(folder, SMALL).ids) == 21


def test_groups_that_do_not_fit_are_refused(folder):
    rows = list(groups_of(folder).items())
    first = sorted(rows)[0][0]
    write_groups(folder, [row for row in rows if row[0] != first])
    refused(folder, f"every image must have a group but {first!r} has none .1 such images.; add a row")
    write_groups(folder, [(path, "" if path == first else group) for path, group in rows])
    refused(folder, f"{first!r} has none")
    write_groups(folder, [*rows, (first, "another")])
    refused(folder, f"one group but {first!r} has '00' and 'another'")
    write_groups(folder, rows, header="file,group")
    refused(folder, "columns must be path,group but are 'file', 'group'")
    (folder / "groups.csv").write_bytes(b"path,group\n\xff\xfe,x\n")
    refused(folder, "not a readable CSV file")
    (folder / "groups.csv").write_bytes(b"")
    refused(folder, "columns must be path,group but are none; name them in the first row")


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("cat/000.png ", "g"),
        ("cat\\000.png", "g\u00a0"),
        ("./cat/000.png", "\ufeffg"),
        ("\ufeffcat/000.png", "g"),
        ("Cat/000.PNG", " g "),
    ],
)
def test_names_may_have_been_through_a_spreadsheet(folder, path, group):
    rows = groups_of(folder)
    del rows["cat/000.png"]
    write_groups(folder, [*rows.items(), (path, group)], header="\ufeffPath , GROUP")
    samples = IMAGE_FOLDER.load(folder, SMALL)
    assert samples.groups[samples.ids == "cat/000.png"].tolist() == ["g"]


def test_unicode_forms_of_paths_and_groups_join(folder):
    write_image(folder / "cat" / "cafe\u0301.png")
    rows = groups_of(folder) | {"cat/caf\u00e9.png": "e\u0301", "cat/000.png": "\u00e9"}
    write_groups(folder, rows.items())
    samples = IMAGE_FOLDER.load(folder, SMALL)
    assert samples.ids[samples.groups == "\u00e9"].tolist() == ["cat/000.png", "cat/caf\u00e9.png"]


def test_further_columns_are_facts_about_the_images(folder):
    rows = [(path, group, f"camera {int(group) % 3}", "") for path, group in groups_of(folder).items()]
    write_groups(folder, rows, header="path,group,column.camera,remark")
    samples = IMAGE_FOLDER.load(folder, SMALL)
    assert list(samples.columns) == ["camera"]
    assert samples.columns["camera"].tolist() == [f"camera {int(group) % 3}" for group in samples.groups]
    write_groups(folder, [(path, group, "") for path, group, _, _ in rows], header="path,group,column.camera")
    refused(folder, "every image must have a column.camera but .* has none .20 such images.; give it one")
    write_groups(folder, [*rows, (*rows[0][:2], "another", "")], header="path,group,column.camera,remark")
    refused(folder, "every image must have one column.camera but .* has 'camera 0' and 'another'")
