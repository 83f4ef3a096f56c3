"""Recordings beside a table of their labels."""

import csv
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from tests.trainables.data.labelled_sets import (
    AUDIO,
    LABELS,
    marks_of,
    refused,
    write_labelled_recordings,
    write_table,
)
from tests.trainables.data.recordings import audio, voice, write_recording
from trainables.data.label_files.recordings import _overlaps
from trainables.data.readers import AudioReader
from trainables.errors import UnlabelledFilesWarning, UnusedRecordingsWarning


pytestmark = pytest.mark.usefixtures("no_other_warnings")
# Of 0.3 s, in segments of 0.1 s that start each 0.05 s.
PER_RECORDING = 5


@pytest.fixture
def folder(tmp_path):
    return write_labelled_recordings(tmp_path / "data")


def rows_of(folder):
    with (folder / "labels.csv").open(newline="") as stream:
        return [*csv.reader(stream)][1:]


def refuse(folder, message, **options):
    return refused(folder, message, source=AUDIO, options=audio(**options))


def test_segments_have_the_labels_of_their_recordings(folder):
    samples = AUDIO.load(folder, audio())
    assert samples.inputs.shape == (14 * PER_RECORDING, 1, 8, 11)
    assert samples.class_names == LABELS
    for name, parent, order, own in zip(samples.ids, samples.parents, samples.order, samples.labels, strict=True):
        assert name == f"{parent}#{order:03d}"
        assert own.tolist() == marks_of(int(parent[2:5]))
    assert samples.groups.tolist() == samples.parents.tolist()
    assert samples.metadata == {"segment_seconds": 0.1, "hop_seconds": 0.05}


def test_spans_of_recordings(folder):
    rows = [["a/000.wav", 1, 0, 0, "", ""], ["a/000.wav", 0, 1, 0, 0.1, 0.2], ["b/001.wav", 0, 0, 1, 0.14, 0.3]]
    write_table(folder, rows, columns=("file", *LABELS, "start", "end"))
    with pytest.warns(UnlabelledFilesWarning, match="12 recordings beside the 2"):
        samples = AUDIO.load(folder, audio())
    assert samples.labels[:5].tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 0], [1, 1, 0], [1, 0, 0]]
    assert samples.labels[5:].tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]


@settings(max_examples=100, deadline=None)
@given(start=st.integers(0, 30), length=st.integers(1, 30))
def test_overlaps_are_those_counted_in_ticks(start, length):
    hop, seconds = 5, 10
    found = _overlaps(np.arange(5) * hop / 100, seconds / 100, (start / 100, (start + length) / 100))
    span = set(range(start, start + length))
    common = [len(span & set(range(hop * k, hop * k + seconds))) for k in range(5)]
    assert found.tolist() == [2 * own >= min(length, seconds) for own in common]


def test_recordings_as_parts_of_parents(folder):
    rows = [[path, *marks, f"hive {row // 7}", 7 - row % 7, f"site {row // 7}"]
            for row, (path, *marks) in enumerate(rows_of(folder))]  # fmt: skip
    write_table(folder, rows, columns=("file", *LABELS, "parent", "order", "group"))
    samples = AUDIO.load(folder, audio())
    assert np.unique(samples.groups).tolist() == ["site 0", "site 1"]
    own = np.flatnonzero(samples.parents == "hive 1")
    read = samples.ids[own[np.argsort(samples.order[own])]]
    assert sorted(samples.order[own]) == [*range(7 * PER_RECORDING)]
    assert read.tolist() == [f"{path}#{number:03d}" for path, *_ in rows[:6:-1] for number in range(PER_RECORDING)]


def test_two_recordings_at_one_place_in_their_parent_are_refused(folder):
    rows = [[path, *marks, "hive", row // 2] for row, (path, *marks) in enumerate(rows_of(folder))]
    write_table(folder, rows, columns=("file", *LABELS, "parent", "order"))
    refuse(folder, "must have different places in order but 'hive' has two at 0 .7 such samples.")


def test_a_missing_recording_counts_once_however_many_rows_it_has(folder):
    rows = [[path, *marks, "", ""] for path, *marks in rows_of(folder)]
    rows += [["gone.wav", 1, 0, 0, start, start + 1] for start in range(5)]
    write_table(folder, rows, columns=("file", *LABELS, "start", "end"))
    with pytest.warns(UnusedRecordingsWarning, match="1 of 15 labelled recordings .6.67%. .* .no such file .line 16"):
        AUDIO.load(folder, audio())


def test_damaged_silent_and_missing_recordings_are_listed(folder, cache):
    (folder / "a" / "000.wav").write_bytes(b"RIFF")
    (folder / "b" / "001.wav").unlink()
    write_recording(folder / "a" / "002.wav", np.zeros((2400, 1)))
    with pytest.warns(UnusedRecordingsWarning) as caught:
        samples = AUDIO.load(folder, audio())
    assert len(np.unique(samples.parents)) == 11
    message = str(caught[0].message)
    assert "2 of 14 labelled recordings (14.29%) are missing or damaged and skipped" in message
    assert "1 of 14 recordings are left out: 'a/002.wav' (silent" in message
    (listed,) = cache.rglob("damaged.csv")
    assert len(listed.read_text().splitlines()) == 4


def test_patterns_and_chunks(folder):
    samples = AUDIO.load(folder, audio(group_pattern=r"\d(?P<group>\d)\.wav$", test_pattern="0[01]0"))
    assert set(samples.groups) == set("0123456789")
    assert set(samples.parents[samples.official_test]) == {"a/000.wav", "a/010.wav"}
    chunked = AUDIO.load(folder, audio(chunk_seconds=0.15))
    assert chunked.parents[0] == chunked.groups[0] == "a/000.wav#chunk-000"
    assert chunked.labels[-1].tolist() == marks_of(13)


def test_options_that_do_not_fit_the_table_are_refused(folder):
    refuse(folder, "file_pattern tells classes by names of files, which labels.csv does", file_pattern="(?P<class>.*)")
    refuse(folder, "must match some recordings and not others but 'z' matches none", test_pattern="z")
    rows = [[path, *marks, "g", "train" if row else "test", 0, 1] for row, (path, *marks) in enumerate(rows_of(folder))]
    write_table(folder, rows, columns=("file", *LABELS, "group", "split", "start", "end"))
    refuse(folder, "groups are named by a column and by data.audio.group_pattern", group_pattern="(?P<group>a)")
    refuse(folder, "the official test is named by split and by", test_pattern="a")
    refuse(folder, "so that there must be no column 'group'", chunk_seconds=1.0)


def test_rows_of_one_recording_that_differ_are_refused(folder):
    rows = [["a/000.wav", 1, 0, 1, "p"], ["a/000.wav", 1, 1, 2, "q"]]
    write_table(folder, rows, columns=("file", "cat", "start", "end", "parent"))
    refuse(folder, "rows of one file must have one parent but 'a/000.wav' has 'p' and 'q' .line 3.; correct it")
    write_table(folder, [row[:2] for row in rows], columns=("file", "cat"))
    refuse(folder, "every file must have one row but 'a/000.wav' has two, in lines 2 and 3")


def test_new_recordings_are_read_like_these(folder):
    reader = AUDIO.reader((1, 8, 11), audio())
    assert isinstance(reader, AudioReader)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = reader.read([folder / "a" / "000.wav"])
    np.testing.assert_array_equal(read.inputs, AUDIO.load(folder, audio()).inputs[:PER_RECORDING])


def test_recordings_of_different_lengths(folder):
    write_recording(folder / "a" / "000.wav", voice(0, seconds=0.7))
    samples = AUDIO.load(folder, audio())
    sizes = np.unique(np.unique(samples.parents, return_counts=True)[1]).tolist()
    assert sizes == [PER_RECORDING, 13]
