"""Which files a folder of class folders holds, what their classes are, and which are set aside for testing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.errors import DataError


_PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


@dataclass(frozen=True)
class FileKind:
    """What the files of a data set are.

    Attributes:
        plural: What a person calls them, such as "images".
        suffixes: How their names end, in lower case, with the dot; case does not matter.
        otherwise: What a message adds on how files may lie outside class folders; empty where they may not.
    """

    plural: str
    suffixes: tuple[str, ...]
    otherwise: str = ""

    def has(self, path: Path) -> bool:
        """Whether a file is called like one of this kind."""
        return path.suffix.lower() in self.suffixes


@dataclass(frozen=True)
class LabelledFiles:
    """The files of a data set, ordered by path; nothing is opened yet.

    Attributes:
        kind: What they are.
        folder: Where they lie.
        paths: N paths relative to the folder, with slashes.
        labels: Shape (N,), int64 in ``0..len(class_names)-1``.
        class_names: Names of the classes, sorted.
        official_test: Shape (N,), bool: the files that are set aside for testing; None where none are.
    """

    kind: FileKind
    folder: Path
    paths: tuple[str, ...]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    official_test: NDArray[np.bool_] | None


def existing_folder(data_dir: Path | None, source: str, kind: FileKind) -> Path:
    """The folder that the user named.

    Args:
        data_dir: The folder, or None where none was named.
        source: Name of the data source, for the message.
        kind: What the folder should hold.

    Raises:
        DataError: If there is no such folder.
    """
    if data_dir is None:
        raise DataError(
            f"{source} needs a folder with a folder of {kind.plural} per class but none was given; name it with "
            f"--data-dir DIR"
        )
    if not data_dir.is_dir():
        raise DataError(f"{source} needs the folder {data_dir} but there is no such folder; correct --data-dir")
    return data_dir


def find_class_folders(folder: Path, kind: FileKind) -> LabelledFiles:
    """List a folder that holds a folder per class, or split folders that do.

    Split folders are ``train``, ``val`` (or ``valid``, ``validation``) and ``test``, in any case. ``test`` is set aside
    for testing, or ``val`` where there is no ``test``. What is hidden (``.name``) is ignored, and so are files of
    other kinds.

    Raises:
        DataError: If the folder cannot be read or is not laid out like that, if there are fewer than two classes, a
            class has no files, or split folders have different classes.
    """
    try:
        parts = _part_folders(folder, kind)
        found = {
            part: {path.name: _files_below(path, kind) for path in _folders(where, kind)}
            for part, where in parts.items()
        }
    except OSError as error:
        raise _unreadable(error) from None
    _require_same_classes(folder, found)
    class_names = tuple(sorted(next(iter(found.values()))))
    _require_classes(folder, class_names, kind)
    _require_files(parts, found, kind)
    official = next((part for part in ("test", "val") if part in parts), None)
    rows = sorted(
        (path.relative_to(folder).as_posix(), class_names.index(name), part == official)
        for part, classes in found.items()
        for name, paths in classes.items()
        for path in paths
    )
    paths, labels, official_test = zip(*rows, strict=True)
    _require_text(folder, paths)
    return LabelledFiles(
        kind=kind,
        folder=folder,
        paths=paths,
        labels=np.array(labels, dtype=np.int64),
        class_names=class_names,
        official_test=np.array(official_test) if official else None,
    )


def find_files(folder: Path, kind: FileKind) -> tuple[str, ...]:
    """Paths of all files of a kind at any depth, relative to the folder, with slashes, sorted; hidden ones are ignored.

    Raises:
        DataError: If the folder cannot be read, or a name is not UTF-8.
    """
    try:
        paths = tuple(sorted(path.relative_to(folder).as_posix() for path in _files_below(folder, kind)))
    except OSError as error:
        raise _unreadable(error) from None
    _require_text(folder, paths)
    return paths


def _unreadable(error: OSError) -> DataError:
    return DataError(f"{error.filename}: cannot be read ({error.strerror}); make it readable")


def _part_folders(folder: Path, kind: FileKind) -> dict[str, Path]:
    """Split name to its folder; one part without a name where the class folders lie in the folder itself."""
    folders = _folders(folder, kind)
    known = [path for path in folders if path.name.lower() in _PARTS]
    # One alone beside others may well be a class: "train" among "bus" and "plane".
    if len(known) < 2 and known != folders:
        return {"": folder}
    others = [path.name for path in folders if path not in known]
    if others:
        raise DataError(
            f"{folder}: beside the split folders {_names(known)} there must be no others but there is {others[0]!r}; "
            f"move it elsewhere"
        )
    parts = {_PARTS[path.name.lower()]: path for path in known}
    if len(parts) < len(known):
        raise DataError(f"{folder}: every split must have one folder but there are {_names(known)}; join the doubles")
    if "train" not in parts:
        raise DataError(f"{folder}: split folders need a 'train' but there are only {_names(known)}; add it")
    return parts


def _folders(folder: Path, kind: FileKind) -> list[Path]:
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    folders = [path for path in entries if path.is_dir()]
    stray = [path.name for path in entries if path not in folders and kind.has(path)]
    if stray:
        raise DataError(
            f"{folder}: {kind.plural} must lie in a folder per class but {stray[0]!r} lies outside ({len(stray)} such "
            f"files); move them into class folders{kind.otherwise}"
        )
    if not folders:
        raise DataError(
            f"{folder}: there must be a folder per class but there is none; name the folder that holds them"
        )
    return folders


def _files_below(folder: Path, kind: FileKind) -> list[Path]:
    found: list[Path] = []
    visited: set[Path] = set()
    for root, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        here = Path(root)
        # A link that leads back up would have the same files found again and again.
        if here.resolve() in visited:
            folders.clear()
            continue
        visited.add(here.resolve())
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [here / name for name in files if not name.startswith(".") and kind.has(here / name)]
    return found


def _refuse(error: OSError) -> None:
    raise error


def _require_same_classes(folder: Path, found: Mapping[str, Mapping[str, list[Path]]]) -> None:
    (first, expected), *rest = found.items()
    for part, classes in rest:
        different = sorted(expected.keys() ^ classes.keys())
        if different:
            raise DataError(
                f"{folder}: classes must be the same in {first} and {part} but {different[0]!r} is only in "
                f"{first if different[0] in expected else part} ({len(different)} such classes); add or remove it"
            )


def _require_classes(folder: Path, class_names: tuple[str, ...], kind: FileKind) -> None:
    if len(class_names) < 2:
        raise DataError(
            f"{folder}: there must be at least two class folders but there is only {class_names[0]!r}; "
            f"name the folder that holds one per class{kind.otherwise}"
        )


def _require_files(parts: Mapping[str, Path], found: Mapping[str, Mapping[str, list[Path]]], kind: FileKind) -> None:
    empty = [parts[part] / name for part, classes in found.items() for name, paths in classes.items() if not paths]
    if empty:
        raise DataError(
            f"{empty[0]}: every class folder needs {kind.plural} ({', '.join(kind.suffixes)}) but this one has none; "
            f"add some or remove it"
        )


def _require_text(folder: Path, paths: tuple[str, ...]) -> None:
    bad = next((path for path in paths if path.encode(errors="ignore").decode() != path), None)
    if bad:
        raise DataError(f"{folder}: file names must be UTF-8 but {bad!a} is not; rename it")


def _names(folders: Iterable[Path]) -> str:
    return ", ".join(repr(path.name) for path in folders)
