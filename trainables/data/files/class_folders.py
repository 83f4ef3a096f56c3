"""Which files a folder of class folders holds, what their classes are, and which are set aside for testing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_id, clean_name, describe_clash, list_some
from trainables.data.files.found import FoundFiles
from trainables.data.files.kinds import FileKind, Others, count_others, files_below, list_others, visible_entries
from trainables.errors import DataError


_PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_MOST_LISTED = 5


@dataclass(frozen=True, kw_only=True)
class LabelledFiles(FoundFiles):
    """The files of a data set with a class each, ordered by id; nothing is opened yet.

    Attributes:
        labels: Shape (N,), int64 in ``0..len(class_names)-1``.
        class_names: Names of the classes, sorted.
        official_test: Shape (N,), bool: the files that are set aside for testing; None where none are.
    """

    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    official_test: NDArray[np.bool_] | None


def existing_folder(data_dir: Path | None, source: str, holding: str) -> Path:
    """The folder that the user named.

    Args:
        data_dir: The folder, or None where none was named.
        source: Name of the data source, for the message.
        holding: What the folder should hold, for the message, such as "a folder of images per class".

    Raises:
        DataError: If there is no such folder.
    """
    if data_dir is None:
        raise DataError(f"{source} needs a folder with {holding} but none was given; name it with --data-dir DIR")
    if not data_dir.is_dir():
        raise DataError(f"{source} needs the folder {data_dir} but there is no such folder; correct --data-dir")
    return data_dir


def find_class_folders(folder: Path, kind: FileKind) -> LabelledFiles:
    """List a folder that holds a folder per class, or split folders that do.

    Split folders are ``train``, ``val`` (or ``valid``, ``validation``) and ``test``, in any case. ``test`` is set aside
    for testing, or ``val`` where there is no ``test``. What is hidden (``.name``) is ignored; files of other kinds are
    counted.

    Raises:
        DataError: If the folder cannot be read or is not laid out like that, if there are fewer than two classes, a
            class has no files, split folders have different classes, or two names are one to a person.
    """
    try:
        parts = _part_folders(folder, kind)
        classes = {part: _class_folders(where, kind) for part, where in parts.items()}
        listed = {path: files_below(path) for named in classes.values() for path in named.values()}
        beside = {
            where: [path for path in visible_entries(where) if path.is_file()] for where in (folder, *parts.values())
        }
    except OSError as error:
        raise _unreadable(error) from None
    _require_same_classes(folder, classes)
    class_names = tuple(sorted(next(iter(classes.values()))))
    _require_classes(folder, class_names, kind)
    others = sum((_others(folder, paths, where, kind) for where, paths in {**beside, **listed}.items()), Counter())
    found = {where: [path for path in paths if kind.has(path)] for where, paths in listed.items()}
    _require_files(folder, found, others, kind)
    official = next((part for part in ("test", "val") if part in parts), None)
    rows = [
        (path.relative_to(folder).as_posix(), class_names.index(name), part == official)
        for part, named in classes.items()
        for name, where in named.items()
        for path in found[where]
    ]
    paths, labels, official_test = zip(*sorted(rows, key=lambda row: (clean_id(row[0]), row)), strict=True)
    require_one_name_each(folder, paths)
    return LabelledFiles(
        kind=kind,
        folder=folder,
        paths=paths,
        labels=np.array(labels, dtype=np.int64),
        class_names=class_names,
        official_test=np.array(official_test) if official else None,
        others=others,
    )


def find_files(folder: Path, kind: FileKind) -> tuple[tuple[str, ...], Others]:
    """All files of a kind at any depth, and how many of others there are; what is hidden is ignored.

    Returns:
        Paths relative to the folder, with slashes, ordered by id; and the counts of other files.

    Raises:
        DataError: If the folder cannot be read, a name is not UTF-8, or two names are one to a person.
    """
    try:
        listed = files_below(folder)
    except OSError as error:
        raise _unreadable(error) from None
    own = [path.relative_to(folder).as_posix() for path in listed if kind.has(path)]
    paths = tuple(sorted(own, key=lambda path: (clean_id(path), path)))
    require_one_name_each(folder, paths)
    others = (_others(folder, [path], path.parent, kind) for path in listed)
    return paths, sum(others, Counter())


def _others(folder: Path, paths: Iterable[Path], place: Path, kind: FileKind) -> Others:
    return count_others(folder, (path for path in paths if not kind.has(path)), place)


def _unreadable(error: OSError) -> DataError:
    return DataError(f"{error.filename}: cannot be read ({error.strerror}); make it readable")


def _part_folders(folder: Path, kind: FileKind) -> dict[str, Path]:
    """Split name to its folder; one part without a name where the class folders lie in the folder itself."""
    folders = _folders(folder, kind)
    known = [path for path in folders if _part(path) in _PARTS]
    # One alone beside others may well be a class: "train" among "bus" and "plane".
    if len(known) < 2 and known != folders:
        return {"": folder}
    others = [path.name for path in folders if path not in known]
    if others:
        raise DataError(
            f"{folder}: beside the split folders {_names(known)} there must be no others but there is {others[0]!r}; "
            f"move it elsewhere"
        )
    parts = {_PARTS[_part(path)]: path for path in known}
    if len(parts) < len(known):
        raise DataError(f"{folder}: every split must have one folder but there are {_names(known)}; join the doubles")
    if "train" not in parts:
        raise DataError(f"{folder}: split folders need a 'train' but there are only {_names(known)}; add it")
    return parts


def _part(path: Path) -> str:
    return clean_name(path.name).lower()


def _class_folders(where: Path, kind: FileKind) -> dict[str, Path]:
    """Name of each class in one spelling, and its folder."""
    folders = _folders(where, kind)
    clash = describe_clash([path.name for path in folders])
    if clash:
        raise DataError(f"{where}: every class must have one folder but {clash}; join them, or rename one")
    return {clean_name(path.name): path for path in folders}


def _folders(folder: Path, kind: FileKind) -> list[Path]:
    entries = visible_entries(folder)
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


def _require_same_classes(folder: Path, found: Mapping[str, Mapping[str, Path]]) -> None:
    clash = describe_clash(sorted({name for classes in found.values() for name in classes}))
    if clash:
        raise DataError(f"{folder}: a class must have one name in all split folders but {clash}; rename one")
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


def _require_files(folder: Path, found: Mapping[Path, list[Path]], others: Others, kind: FileKind) -> None:
    empty = next((where for where, paths in found.items() if not paths), None)
    if empty is None:
        return
    place = empty.relative_to(folder).as_posix()
    own = Counter({("", suffix): count for (where, suffix), count in others.items() if where == place})
    has = f"only {list_others(own, most=_MOST_LISTED)}" if own else "none"
    raise DataError(
        f"{empty}: every class folder needs {kind.plural} ({', '.join(kind.suffixes)}) but this one has {has}; "
        f"{'convert them' if own else 'add some'} or remove it"
    )


def require_one_name_each(folder: Path, paths: tuple[str, ...]) -> None:
    """Refuse names that are not UTF-8, and two that differ in what nobody sees.

    Raises:
        DataError: If there are such.
    """
    bad = next((path for path in paths if path.encode(errors="ignore").decode() != path), None)
    if bad:
        raise DataError(f"{folder}: file names must be UTF-8 but {bad!a} is not; rename it")
    clash = describe_clash(paths, clean_id, caseless=False)
    if clash:
        raise DataError(f"{folder}: every file must have a name of its own but {clash}; rename or delete one")


def _names(folders: Iterable[Path]) -> str:
    return list_some(path.name for path in folders)
