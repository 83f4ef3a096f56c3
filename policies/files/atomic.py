"""The one way to write a file whole: a reader sees what was there before, or all of what comes, never a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import secrets
import time

from policies.files.real_path import real_path


# Nobody writes for so long without a byte: whoever began it was killed.
_LEFT_BEHIND_SECONDS = 3600.0


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a new, empty file beside ``path`` to write to; it becomes ``path`` when the context ends well.

    It has the suffix of ``path`` and may be written, or replaced, by whatever writes to a path itself. It gets the mode
    that the process's umask gives to new files, whoever wrote it, and is on the disk before it gets its name. Where the
    context ends with an exception nothing is left of it, and ``path`` is as it was. A link is followed; what is no
    plain file, such as ``/dev/stdout``, is written to directly.

    Args:
        path: Path of the file to write, in a folder that exists.

    Raises:
        OSError: If it cannot be written; it names ``path``, not the file beside it.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    final = real_path(path)
    partial = final.with_name(f"{_prefix(final)}{secrets.token_hex(6)}{final.suffix}")
    try:
        _forget_left_behind(final)
        mode = _create(partial)
        yield partial
        partial.chmod(mode)
        sync(partial)
        partial.replace(final)
    except OSError as error:
        if error.filename in (None, str(partial), str(final.parent)):
            error.filename, error.filename2 = str(path), None
        raise
    finally:
        partial.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8, whole or not at all; see :func:`whole_file`.

    Raises:
        OSError: If it cannot be written.
    """
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder.

    Raises:
        OSError: If it cannot be written.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create(path: Path) -> int:
    """Make an empty file and return its mode: that of the umask, which can be asked for in no other way safely."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        return os.fstat(descriptor).st_mode & 0o777
    finally:
        os.close(descriptor)


def _prefix(path: Path) -> str:
    return f"{path.name}.partial-"


def _forget_left_behind(path: Path) -> None:
    """Remove what writers of the same file left that were killed."""
    oldest = time.time() - _LEFT_BEHIND_SECONDS
    for entry in path.parent.iterdir():
        if entry.name.startswith(_prefix(path)):
            # Another process may be removing it too.
            with suppress(FileNotFoundError):
                if entry.stat().st_mtime < oldest:
                    entry.unlink()
