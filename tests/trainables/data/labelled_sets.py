"""Small folders of real files with a table of their labels, for tests."""

import csv

import pytest

from tests.trainables.data.image_sets import SMALL, write_image
from tests.trainables.data.recordings import audio, voice, write_recording
from trainables.data import SOURCES
from trainables.errors import DataError


IMAGES, AUDIO = SOURCES["labelled-images"], SOURCES["labelled-audio"]
LABELS = ("cat", "dog", "owl")


def marks_of(row):
    """Which of three labels a file has: all seven sets but the whole one come, and none."""
    return [int(row % 7 >> place & 1) for place in range(3)]


def write_table(folder, rows, *, columns=("file", *LABELS), separator=",", encoding="utf-8", name="labels.csv"):
    with (folder / name).open("w", newline="", encoding=encoding) as stream:
        csv.writer(stream, delimiter=separator).writerows([columns, *rows])
    return folder


def write_labelled_images(folder, n_images=14):
    """Images in two folders, and the table of their labels."""
    paths = [f"{'ab'[row % 2]}/{row:03d}.png" for row in range(n_images)]
    for row, path in enumerate(paths):
        write_image(folder / path, seed=row)
    return write_table(folder, [[path, *marks_of(row)] for row, path in enumerate(paths)])


def write_labelled_recordings(folder, n_recordings=14, *, seconds=0.3):
    """Recordings whose pitch is that of one of their labels, and the table of these."""
    paths = [f"{'ab'[row % 2]}/{row:03d}.wav" for row in range(n_recordings)]
    for row, path in enumerate(paths):
        write_recording(folder / path, voice(row, seconds=seconds, hz=400 + 100 * (row % 7)))
    return write_table(folder, [[path, *marks_of(row)] for row, path in enumerate(paths)])


def refused(folder, message, *, source=IMAGES, options=None):
    """The one line with which a labelled folder is refused; it must match the message."""
    with pytest.raises(DataError, match=message) as caught:
        source.load(folder, options or (SMALL if source is IMAGES else audio()))
    assert "\n" not in str(caught.value)
    return str(caught.value)
