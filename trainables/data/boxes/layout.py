"""Where the folder with images and their annotations lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trainables.data.files.kinds import visible_entries
from trainables.errors import DataError


_DEPTH = 2


def folders_that(is_one: Callable[[Path], bool], folder: Path) -> list[Path]:
    """The folder itself where it is one, or else those within it that are, or else those within these.

    Raises:
        DataError: If a folder cannot be read.
    """
    level = [folder]
    for _ in range(_DEPTH + 1):
        found = [path for path in level if is_one(path)]
        if found:
            return found
        try:
            level = [path for where in level for path in visible_entries(where) if path.is_dir()]
        except OSError as error:
            raise DataError(f"{error.filename}: cannot be read ({error.strerror}); make it readable") from None
    return []


def the_folder_that(is_one: Callable[[Path], bool], folder: Path, holding: str) -> Path:
    """The only such folder.

    Args:
        is_one: Whether a folder is laid out as is wanted.
        folder: Where it is looked for, two folders deep.
        holding: What it must hold, for the message.

    Raises:
        DataError: If there is none or several, or a folder cannot be read.
    """
    found = folders_that(is_one, folder)
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(
            f"{folder}: there must be {holding}, there or in a folder within, but there is none; name "
            f"the folder that holds them"
        )
    names = ", ".join(path.relative_to(folder).as_posix() for path in found)
    raise DataError(f"{folder}: there must be one folder with {holding} but there are {names}; name one of them")
