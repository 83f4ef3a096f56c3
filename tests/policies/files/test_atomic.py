"""A file is written whole or not at all, with the mode that any new file has."""

import os
import stat

import numpy as np
import pytest
from safetensors.torch import save_file
import torch

from policies.files.atomic import whole_file, write_text
from tests.disks import small_disk


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.fixture(params=[0o022, 0o027, 0o077, 0o002])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


WRITERS = {
    "text": lambda path: path.write_text("all"),
    "numpy": lambda path: np.savez(path, a=np.arange(3)),
    # It writes to a file of its own, for the owner alone, and renames that.
    "safetensors": lambda path: save_file({"a": torch.arange(3)}, path),
    "torch": lambda path: torch.save({"a": torch.arange(3)}, path),
}


def test_a_link_that_leads_to_itself_becomes_the_file(tmp_path):
    link = tmp_path / "link.txt"
    link.symlink_to("link.txt")
    write_text(link, "all")
    assert link.read_text() == "all"
    assert names(tmp_path) == ["link.txt"]


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_whoever_writes_the_umask_decides_who_reads(write, umask, tmp_path):
    path = tmp_path / "file.npz"
    for _ in range(2):
        with whole_file(path) as partial:
            write(partial)
        assert mode(path) == 0o666 & ~umask
        assert names(tmp_path) == ["file.npz"]
    assert path.stat().st_size > 0


def test_the_suffix_is_kept_for_those_that_read_it(tmp_path):
    with whole_file(tmp_path / "front.png") as partial:
        assert partial.suffix == ".png"
    with whole_file(tmp_path / "plain") as partial:
        assert partial.parent == tmp_path


@pytest.mark.parametrize("reason", [ValueError("no JSON"), KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_fails_leaves_everything_as_it_was(reason, tmp_path):
    path = tmp_path / "file.json"
    write_text(path, "before")

    def fail():
        with whole_file(path) as partial:
            partial.write_text("half")
            raise reason

    with pytest.raises(type(reason)):
        fail()
    assert path.read_text() == "before"
    assert names(tmp_path) == ["file.json"]


def test_readers_see_the_old_file_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "file.json"
    write_text(path, "before")
    with whole_file(path) as partial:
        partial.write_text("half")
        assert path.read_text() == "before"
        partial.write_text("after")
    assert path.read_text() == "after"


def test_an_error_names_the_file_that_a_person_knows(tmp_path):
    path = tmp_path / "none" / "file.json"
    with pytest.raises(FileNotFoundError) as raised:
        write_text(path, "text")
    assert raised.value.filename == str(path)


def test_a_full_disk_leaves_what_was_there(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        write_text(disk / "file", "before")
        with pytest.raises(OSError, match="No space left") as raised:
            write_text(disk / "file", "x" * 2**20)
        assert raised.value.filename == str(disk / "file")
        assert (disk / "file").read_text() == "before"
        assert names(disk) == ["file"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "folder").mkdir()
    write_text(tmp_path / "folder" / "file", "before")
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "file")
    write_text(tmp_path / "link", "after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "file").read_text() == "after"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_text(pipe, "text")
    assert os.read(reader, 100) == b"text"
    os.close(reader)
    assert pipe.is_fifo()


def test_of_two_writers_the_last_counts(tmp_path):
    path = tmp_path / "file.json"
    with whole_file(path) as first:
        first.write_text("first")
        write_text(path, "second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert names(tmp_path) == ["file.json"]


def test_what_killed_writers_left_goes_with_the_next_write(tmp_path):
    path = tmp_path / "file.npz"
    old, young, other = (
        tmp_path / name for name in ("file.npz.partial-1", "file.npz.partial-2", "other.npz.partial-1")
    )
    for left in (old, young, other):
        left.write_text("half")
    for left in (old, other):
        os.utime(left, (0, 0))
    write_text(path, "text")
    assert names(tmp_path) == ["file.npz", "file.npz.partial-2", "other.npz.partial-1"]
