"""Images beside a table of their labels."""

import csv
import shutil
import warnings

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from tests.trainables.data.image_sets import SMALL, TOLERANT, write_image
from tests.trainables.data.labelled_sets import IMAGES, LABELS, marks_of, refused, write_labelled_images, write_table
from trainables.data import DataOptions, load_samples, split_samples
from trainables.data.readers import ImageReader
from trainables.data.splitting.splits import SplitFractions
from trainables.errors import DamagedImagesWarning, DataError, DuplicateImagesWarning, UnlabelledFilesWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")
N = 14


@pytest.fixture
def folder(tmp_path):
    return write_labelled_images(tmp_path / "data")


def rows_of(folder):
    with (folder / "labels.csv").open(newline="") as stream:
        return [*csv.reader(stream)][1:]


def test_a_column_for_each_label(folder):
    samples = IMAGES.load(folder, SMALL)
    assert samples.inputs.shape == (N, 3, 8, 8)
    assert samples.class_names == LABELS
    written = {path: [*map(int, marks)] for path, *marks in rows_of(folder)}
    assert dict(zip(samples.ids, samples.labels.tolist(), strict=True)) == written
    assert (samples.groups, samples.parents, samples.order, samples.official_test) == (None, None, None, None)


def test_a_column_of_names(folder):
    expected = IMAGES.load(folder, SMALL)
    names = [
        [path, "; ".join(name for name, mark in zip(LABELS, marks, strict=True) if mark == "1")]
        for path, *marks in rows_of(folder)
    ]
    for separator in ",;\t":
        found = IMAGES.load(write_table(folder, names, columns=("image", "Labels"), separator=separator), SMALL)
        assert found.class_names == LABELS
        np.testing.assert_array_equal(found.labels, expected.labels)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_what_spreadsheets_write(folder, separator, encoding):
    expected = IMAGES.load(folder, SMALL)
    said = {"0": "FALSE", "1": "1.0"}
    rows = [
        [f" .\\{path.replace('/', chr(92)).upper()} ", *map(said.get, marks), ""] for path, *marks in rows_of(folder)
    ]
    write_table(
        folder, [*rows, ["", "", "", "", ""]], columns=("file", *LABELS, ""), separator=separator, encoding=encoding
    )
    found = IMAGES.load(folder, SMALL)
    assert found.ids.tolist() == expected.ids.tolist()
    np.testing.assert_array_equal(found.labels, expected.labels)


def test_parents_order_groups_and_the_official_test(folder):
    rows = [
        [path, *marks, f"clip {row // 2}", row % 2, f"talk {row // 4}", "test" if row < 4 else "train"]
        for row, (path, *marks) in enumerate(rows_of(folder))
    ]
    write_table(folder, rows, columns=("file", *LABELS, "Parent", "order", "group", "split"))
    samples = IMAGES.load(folder, SMALL)
    place = {path: row for row, (path, *_) in enumerate(rows)}
    own = [place[name] for name in samples.ids]
    assert samples.parents.tolist() == [f"clip {row // 2}" for row in own]
    assert samples.order.tolist() == [row % 2 for row in own]
    assert samples.groups.tolist() == [f"talk {row // 4}" for row in own]
    assert samples.official_test.tolist() == [row < 4 for row in own]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert set(split_samples(samples, SplitFractions(), seed=0).test.groups) == {"talk 0"}


def test_wanted_labels_in_their_order(folder):
    whole = IMAGES.load(folder, SMALL)
    found = load_samples(IMAGES, folder, DataOptions(image_size=8, classes=("owl", "cat")))
    assert found.class_names == ("owl", "cat")
    np.testing.assert_array_equal(found.labels, whole.labels[:, [2, 0]])
    refused(folder, "'cat', 'dog', 'owl', but 'dgo' is not; did you mean 'dog'", options=DataOptions(classes=("dgo",)))


def test_missing_and_damaged_files_are_listed_up_to_a_share(folder, cache):
    (folder / "a" / "000.png").write_bytes(b"")
    (folder / "b" / "001.png").unlink()
    with pytest.warns(DamagedImagesWarning) as caught:
        samples = IMAGES.load(folder, TOLERANT)
    assert len(samples.ids) == N - 2
    assert samples.labels[0].tolist() == marks_of(2)
    message = str(caught[0].message)
    assert message.startswith(
        f"{folder}: 2 of 14 labelled images (14.29%) are missing or damaged and skipped: 'b/001.png' (no such file "
        f"(line 3)), 'a/000.png' (empty file)"
    )
    (listed,) = cache.rglob("damaged.csv")
    assert len(listed.read_text().splitlines()) == 3
    refused(folder, "2 of 14 labelled images .14.29%. are missing or damaged but at most 1.00% may be")


def test_nothing_but_damage_is_refused(tmp_path):
    folder = write_labelled_images(tmp_path / "data", n_images=2)
    for path in folder.rglob("*.png"):
        path.write_bytes(b"")
    refused(folder, "2 of 2 labelled images .*, and not all", options=DataOptions(max_damaged=0.99))


def test_files_without_a_row_are_counted_and_told(folder, cache):
    for name in ("new", "other"):
        write_image(folder / "c" / f"{name}.png", seed=ord(name[0]))
    with pytest.warns(UnlabelledFilesWarning, match="2 images beside the 14 with labels have no row .* 'c/new.png', "):
        assert len(IMAGES.load(folder, SMALL).ids) == N
    assert len([*cache.rglob("unlabelled.csv")]) == 1


def test_copies_are_reported(folder):
    shutil.copy(folder / "a" / "000.png", folder / "copy.png")
    write_table(folder, [*rows_of(folder), ["copy.png", 0, 0, 0]])
    with pytest.warns(DuplicateImagesWarning, match="1 of 15 images are exact copies"):
        IMAGES.load(folder, SMALL)


@pytest.mark.parametrize(
    ("columns", "cells", "rule"),
    [
        (("file", *LABELS), ["2", "0", "0"], "must hold 0 or 1, but line 2 has '2' for 'cat' .14 such cells in 1 col"),
        (("file", *LABELS), ["", "0", "0"], "but line 2 has '' for 'cat'"),
        (("file", *LABELS, "note"), ["1", "0", "0", "blurred"], "has 'blurred' for 'note' .14 such .*remove columns"),
        (("file", *LABELS), ["1", "0"], "every row must have 4 cells, one a column, but line 2 has 3"),
        (("file", "cat"), ["1", "0"], "every row must have 2 cells, one a column, but line 2 has 3"),
        (("file", "cat", "Cat", "dog"), ["1", "0", "0"], "'cat' and 'Cat' differ in case only"),
        (("file", "cat", "", "dog"), ["1", "0", "0"], "column 3 of 4 has none"),
        (("file",), [], "must name a column of files and those of labels, .* but names 'file'"),
        (("file|cat|dog",), [], "must name a column of files .* but names 'file.cat.dog'"),
        (("file", "group"), ["g"], "a column for each label, or one named labels, but beside .* there are 'group'"),
        (("file", "labels", "weather"), ["cat", "sun"], "beside the column labels there may be par.* is 'weather'"),
        (("file", "labels"), [""], "must name labels but is empty in every row"),
        (("file", "cat", "order"), ["1", "0"], "there is no column parent; add it, or remove order"),
        (("file", "cat", "parent", "order"), ["1", "p", "0.5"], "whole numbers but line 2 has '0.5'"),
        (("file", "cat", "parent", "order"), ["1", "p", "first"], "'order' must hold numbers but line 2 has 'first'"),
        (("file", "cat", "parent", "order"), ["1", "p", ""], "'order' must hold numbers but line 2 has ''"),
        (("file", "cat", "parent"), ["1", ""], "column 'parent' must be filled in but is empty in line 2 .14 such"),
        (("file", "cat", "split"), ["1", "trian"], "split must be train, val, .* but line 2 has 'trian'"),
        (("file", "cat", "split"), ["1", "test"], "split must be train in some rows but there are only 'test'"),
        (("file", "cat", "start", "end"), ["1", "0", "1"], "images have no start and end"),
        (("file", "cat", "start"), ["1", "0"], "start and end must come together but there is 'start' alone"),
        (("file", "cat", "start", "end"), ["1", "2", "1"], "before end but line 2 has 2 and 1 .14 such rows"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_are_refused_in_one_line(folder, columns, cells, rule):
    refused(write_table(folder, [[path, *cells] for path, *_ in rows_of(folder)], columns=columns), rule)


def test_other_tables_that_cannot_be(folder):
    rows = rows_of(folder)
    refused(write_table(folder, [*rows, rows[0]]), "'a/000.png' has two, in lines 2 and 16 .1 such rows.; remove one")
    refused(write_table(folder, [["", 0, 0, 0]]), "column 'file' must be filled in but is empty in line 2")
    refused(write_table(folder, [[f"x/{path}", *own] for path, *own in rows]), "such as 'a/000.png', but there is none")
    refused(write_table(folder, rows[1:], columns=rows[0]), "must name the columns, such as file, but is about 'a/000")
    two = [[path, ("cat", "Cat")[row % 2]] for row, (path, *_) in enumerate(rows)]
    refused(write_table(folder, two, columns=("file", "labels")), "every label must have one name but 'Cat' and 'cat'")
    twice = [[path, 1, "p", row // 2] for row, (path, *_) in enumerate(rows)]
    with pytest.raises(DataError, match="LabelledImagesSource: .* different places in order but 'p' has two at 0"):
        load_samples(IMAGES, write_table(folder, twice, columns=("file", "cat", "parent", "order")), SMALL)
    refused(write_table(folder, []), "rows below but there are 1 rows")
    (folder / "labels.csv").write_text("")
    refused(folder, "rows below but there are 0 rows")
    (folder / "labels.csv").write_bytes("file;Käfer\n".encode("latin-1"))
    refused(folder, "must be UTF-8 but byte 6 is not; save it as CSV in UTF-8")
    (folder / "labels.csv").write_text('file,cat\n"a,1\n')
    refused(folder, "not a readable table .unexpected end of data in line 2.")
    (folder / "labels.csv").unlink()
    refused(folder, "beside the images there must be labels.csv, with a column of files and one a label")
    refused(None, "labelled-images needs a folder with images and their labels.csv")


def test_a_folder_without_images_is_refused(tmp_path):
    refused(write_table(tmp_path, [["a.png", 0, 0, 0]]), "there must be images .*.png.* but there are none")


CELLS = st.text(st.sampled_from('ab01;,\t"\n\r \\/.\ufeff\x00é'), max_size=8)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_a_table_holds_it_is_read_or_refused_in_one_line(folder, data):
    text = data.draw(
        st.one_of(
            st.binary(max_size=60),
            st.text(max_size=60).map(lambda text: text.encode(errors="replace")),
            st.lists(st.lists(CELLS, max_size=4), max_size=5).map(
                lambda rows: ("file,cat\na/000.png,1\n" + "\n".join(map(",".join, rows))).encode()
            ),
        )
    )
    (folder / "labels.csv").write_bytes(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            samples = IMAGES.load(folder, TOLERANT)
        except DataError as error:
            assert "\n" not in str(error)
        else:
            assert set(np.unique(samples.labels)) <= {0, 1}


def test_new_images_are_read_like_these(folder):
    reader = IMAGES.reader((3, 8, 8), SMALL)
    assert isinstance(reader, ImageReader)
    np.testing.assert_array_equal(
        reader.read([folder / "a" / "000.png"]).inputs[0], IMAGES.load(folder, SMALL).inputs[0]
    )


def test_a_column_of_facts_is_no_label(folder):
    rows = [[path, *marks, "AB"[row % 2]] for row, (path, *marks) in enumerate(rows_of(folder))]
    samples = IMAGES.load(write_table(folder, rows, columns=("image", *LABELS, "column.Site")), SMALL)
    assert samples.class_names == LABELS
    sites = {path: site for path, *_, site in rows}
    assert samples.columns["Site"].tolist() == [sites[name] for name in samples.ids]
    write_table(folder, [[*rows[0][:-1], ""], *rows[1:]], columns=("image", *LABELS, "column.Site"))
    refused(folder, "column 'column.Site' must be filled in but is empty in line 2")
