"""Folders and files for results, of which nothing is left where no result came of it, and files to read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path

from policies.files.real_path import real_path
from search.errors import RunFolderError


@contextmanager
def new_folder(path: Path, *, what: str) -> Iterator[Path]:
    """Make a folder, where it is not there yet, for as long as the context lasts; it stays if that ends well.

    After an error those folders are removed again that were made for this and are empty.

    Args:
        path: Folder that is made if it is missing.
        what: What the folder is, for the message: ``--out``.

    Raises:
        RunFolderError: If it cannot be made.
    """
    made = [one for one in (path, *path.parents) if not one.exists()]
    try:
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunFolderError(_cannot(path, what, error.strerror)) from None
        yield path
    except BaseException:
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def all_or_none(paths: Iterable[Path]) -> Iterator[None]:
    """Write several new files that are of use together alone: after an error none of them is left."""
    try:
        yield
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise


@contextmanager
def writing(path: Path, *, option: str) -> Iterator[None]:
    """Write results to a path, whose folder is made where there is none.

    Raises:
        RunFolderError: If that cannot be done, as where the disk is full.
    """
    with new_folder(path.parent, what=f"the folder of {option}"):
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise RunFolderError(f"{option} must be writable but {path} is not ({reason}); give another") from None


def require_writable(folder: Path, *, what: str) -> None:
    """Refuse a folder in which nothing can be written, or which cannot be made; nothing is made.

    Raises:
        RunFolderError: If that is so.
    """
    nearest = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    if not nearest.is_dir():
        raise RunFolderError(_cannot(folder, what, f"{nearest} is a file"))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise RunFolderError(_cannot(folder, what, f"{nearest} cannot be written to"))


def require_input_file(path: Path | None, *, option: str) -> None:
    """Refuse a file to read that is not there, before anything takes its time; None is no file.

    Args:
        path: The file to read.
        option: What was typed for it, or stands for it in the help, for the message.

    Raises:
        RunFolderError: If there is no such file.
    """
    if path is not None and not path.is_file():
        raise RunFolderError(f"{option} must be a file but there is no file {path}; name another")


def require_output_file(
    path: Path | None, *, option: str, endings: Collection[str] = (), inputs: Iterable[Path] = ()
) -> None:
    """Refuse a file that cannot be written, before anything is computed for it; None is no file.

    Args:
        path: The file to write.
        option: What was typed for it, for the message.
        endings: Ends of names that tell how it is written, such as ``.png``; where empty any name does.
        inputs: Files that are read, which must stay what they are.

    Raises:
        RunFolderError: If it is a folder or a file that is read, its own folder cannot be made or written to, or its
            name ends otherwise.
    """
    if path is None:
        return
    if path.is_dir():
        raise RunFolderError(f"{option} must be a file but {path} is a folder; give another name")
    if endings and path.suffix.lower() not in endings:
        raise RunFolderError(f"{option} must end in {' or '.join(endings)} but is {path}; give another name")
    if real_path(path) in map(real_path, inputs):
        raise RunFolderError(f"{option} must be a file of its own but {path} is read; give another name")
    require_writable(path.parent, what=f"the folder of {option}")
    if path.exists() and not os.access(path, os.W_OK):
        raise RunFolderError(f"{option} must be a file that can be written but {path} cannot; give another name")


def _cannot(path: Path, what: str, reason: str | None) -> str:
    return f"{what} must be a folder that can be made and written to but {path} cannot ({reason}); name another"
