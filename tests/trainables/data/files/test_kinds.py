from collections import Counter
from pathlib import Path

import pytest

from trainables.data.files.kinds import FileKind, count_others, files_below, is_hidden, list_others, visible_entries


SOUNDS = FileKind("sounds", (".wav", ".mp3"))


@pytest.mark.parametrize(
    ("name", "own"),
    [("a.wav", True), ("a.WAV", True), ("a.mp3 ", True), ("a.b.wav", True), ("a.wave", False), ("wav", False)],
)
def test_how_names_end(name, own):
    assert SOUNDS.has(Path(name)) == own


@pytest.mark.parametrize("name", [".DS_Store", "._a.wav", ".git", "Thumbs.db", "desktop.ini", "~$a.docx", "__MACOSX"])
def test_what_is_hidden_or_a_systems(tmp_path, name):
    assert is_hidden(tmp_path / name)
    (tmp_path / name).mkdir()
    (tmp_path / name / "a.wav").touch()
    assert visible_entries(tmp_path) == files_below(tmp_path) == []


def test_notes_are_no_others_and_archives_only_beside_classes(tmp_path):
    names = ["a.tif", "b.TIF", "notes.txt", "a.json", "data.zip", "LICENSE"]
    assert count_others(tmp_path, map(Path, names), tmp_path) == {("", ".tif"): 2}
    found = count_others(tmp_path, map(Path, names), tmp_path / "train" / "cat")
    assert found == {("train/cat", ".tif"): 2, ("train/cat", ".zip"): 1, ("train/cat", ""): 1}


def test_the_most_frequent_are_listed():
    others = Counter({("cat", ".tif"): 2, ("dog", ".tif"): 30, ("", ".x"): 4, ("dog", ""): 1})
    assert list_others(others, most=9) == "30 .tif in 'dog', 4 .x, 2 .tif in 'cat', 1 without a suffix in 'dog'"
    assert list_others(others, most=2) == "30 .tif in 'dog', 4 .x and 3 more"
