import errno
import os
from pathlib import Path

import pytest
import torch

from tests.disks import small_disk
from trainables.errors import StorageFullError
from trainables.training.checkpoints import STATE_FILE, CheckpointFolder, read_state, write_state


@pytest.fixture
def folder(tmp_path):
    return CheckpointFolder(tmp_path / "trial-0001")


def save(folder, epoch):
    folder.save(epoch, lambda path: write_state(path, {"epoch": epoch, "weights": torch.arange(epoch)}))


def names(folder):
    return sorted(path.name for path in folder.path.iterdir())


def test_the_newest_is_found_and_one_before_it_is_kept(folder):
    assert folder.newest(read_state) is None
    for epoch in (1, 2, 3, 9, 10):
        save(folder, epoch)
    state = folder.newest(read_state)
    assert state["epoch"] == 10
    assert torch.equal(state["weights"], torch.arange(10))
    assert names(folder) == ["epoch_000009", "epoch_000010"]


@pytest.mark.parametrize("damage", ["truncated", "empty", "garbage", "gone"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(folder, damage, caplog):
    save(folder, 1)
    save(folder, 2)
    file = folder.path / "epoch_000002" / STATE_FILE
    if damage == "gone":
        file.unlink()
    else:
        text = file.read_bytes()
        file.write_bytes({"truncated": text[: len(text) // 2], "empty": b"", "garbage": b"x" * 999}[damage])
    assert folder.newest(read_state)["epoch"] == 1
    assert "epoch_000002: damaged" in caplog.text
    save(folder, 2)
    assert folder.newest(read_state)["epoch"] == 2


def test_nothing_readable_is_as_nothing(folder):
    save(folder, 1)
    (folder.path / "epoch_000001" / STATE_FILE).write_bytes(b"")
    assert folder.newest(read_state) is None


def test_a_writer_that_was_killed_leaves_no_half_checkpoint(folder):
    save(folder, 1)

    def die(path):
        (path / STATE_FILE).write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        folder.save(2, die)
    assert folder.newest(read_state)["epoch"] == 1
    save(folder, 3)
    assert names(folder) == ["epoch_000001", "epoch_000003"]


def test_an_epoch_that_is_trained_again_replaces_its_checkpoint(folder):
    save(folder, 1)
    folder.save(1, lambda path: write_state(path, {"epoch": 1, "weights": torch.zeros(3)}))
    assert torch.equal(folder.newest(read_state)["weights"], torch.zeros(3))


def test_full_disk_is_told_from_other_errors(folder):
    def full(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def broken(path):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    save(folder, 1)
    with pytest.raises(StorageFullError, match=r"trial-0001: No space left on device"):
        folder.save(2, full)
    with pytest.raises(OSError, match="Input/output error"):
        folder.save(2, broken)
    assert names(folder) == ["epoch_000001"]


def test_a_disk_that_is_really_full(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        folder = CheckpointFolder(disk / "trial-0001")
        folder.save(1, lambda path: write_state(path, {"epoch": 1, "weights": torch.zeros(1000)}))
        with pytest.raises(StorageFullError):
            folder.save(2, lambda path: write_state(path, {"epoch": 2, "weights": torch.zeros(100_000)}))
        assert folder.newest(read_state)["epoch"] == 1


def test_a_checkpoint_of_a_stranger_runs_no_code(folder, tmp_path):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    folder.save(1, lambda path: torch.save({"epoch": 1, "evil": Evil()}, path / STATE_FILE))
    assert folder.newest(read_state) is None
    assert not (tmp_path / "ran").exists()
