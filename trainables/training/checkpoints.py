"""Checkpoints of one trial: written whole or not at all, the newest readable one found again by whoever goes on."""

from __future__ import annotations

from collections.abc import Callable
import errno
import io
import logging
import os
from pathlib import Path
import re
import shutil
from typing import Any, TypeVar

import torch

from policies.files.atomic import sync
from trainables.errors import StorageFullError


STATE_FILE = "training.pt"
_NAME = re.compile(r"epoch_(\d{6})")
_KEPT = 2
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)

T = TypeVar("T")

logger = logging.getLogger(__name__)


class CheckpointFolder:
    """The last checkpoints of one trial, a folder for each epoch.

    The one before the newest is kept too, for when the newest turns out to be damaged.

    Args:
        path: The trial's own folder, on storage that every node sees; made with the first checkpoint.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, epoch: int, write: Callable[[Path], None]) -> None:
        """Keep a checkpoint; it is on the disk when this returns.

        Args:
            epoch: How many epochs it has behind it.
            write: Writes the files into the folder that it is given.

        Raises:
            StorageFullError: If the disk is full.
            OSError: If it cannot be written.
        """
        final = self.path / f"epoch_{epoch:06d}"
        partial = self.path / f"{final.name}.partial-{os.getpid()}"
        try:
            partial.mkdir(parents=True, exist_ok=True)
            write(partial)
            # The disk is to hold the files before their folder gets its name.
            for path in [*partial.iterdir(), partial]:
                sync(path)
            shutil.rmtree(final, ignore_errors=True)
            partial.rename(final)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            if error.errno in FULL_DISK:
                raise StorageFullError(f"{self.path}: {os.strerror(error.errno)}") from None
            raise
        self._forget_old()

    def newest(self, read: Callable[[Path], T]) -> T | None:
        """What the newest checkpoint holds; where that is damaged, the one before; None where there is none.

        Args:
            read: Reads a checkpoint's folder; whatever it raises means that the checkpoint is damaged.
        """
        for path in self._newest_first():
            try:
                return read(path)
            except Exception as error:
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                logger.warning("%s: damaged (%s); going on from the one before", path, reason)
        return None

    def _newest_first(self) -> list[Path]:
        found = [path for path in self.path.glob("epoch_*") if _NAME.fullmatch(path.name)]
        return sorted(found, key=lambda path: path.name, reverse=True)

    def _forget_old(self) -> None:
        kept = {path.name for path in self._newest_first()[:_KEPT]}
        for path in self.path.iterdir():
            # With it go the leavings of a writer that was killed.
            if path.name not in kept:
                shutil.rmtree(path, ignore_errors=True)


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values.

    Raises:
        OSError: If they cannot be written.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    # Not by torch itself, which forgets why a write failed.
    (folder / STATE_FILE).write_bytes(buffer.getbuffer())


def read_state(folder: Path) -> dict[str, Any]:
    """What :func:`write_state` wrote, on the CPU; nothing is unpickled but tensors and plain values."""
    state: dict[str, Any] = torch.load(folder / STATE_FILE, weights_only=True, map_location="cpu")
    return state
