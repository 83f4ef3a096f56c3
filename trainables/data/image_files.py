"""Which images a folder holds, what their classes are, and which of them are set aside for testing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.errors import DataError


_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
_PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


@dataclass(frozen=True)
class ImageFiles:
    """The image files of a folder, ordered by path; nothing is opened yet.

    Attributes:
        folder: Where they lie.
        paths: N paths relative to the folder, with slashes.
        labels: Shape (N,), int64 in ``0..len(class_names)-1``.
        class_names: Names of the class folders, sorted.
        official_test: Shape (N,), bool: the images of the folder that is set aside for testing; None without one.
    """

    folder: Path
    paths: tuple[str, ...]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    official_test: NDArray[np.bool_] | None


def find_image_files(folder: Path) -> ImageFiles:
    """List a folder that holds a folder per class, or split folders that do.

    Split folders are ``train``, ``val`` (or ``valid``, ``validation``) and ``test``, in any case. ``test`` is set aside
    for testing, or ``val`` where there is no ``test``. What is hidden (``.name``) is ignored, and so are files that are
    not called .png, .jpg, .jpeg, .bmp or .webp.

    Raises:
        DataError: If the folder cannot be read or is not laid out like that, if there are fewer than two classes, a
            class has no images, or split folders have different classes.
    """
    try:
        parts = _part_folders(folder)
        found = {part: {path.name: _images_below(path) for path in _folders(where)} for part, where in parts.items()}
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror}); make it readable") from None
    _require_same_classes(folder, found)
    class_names = tuple(sorted(next(iter(found.values()))))
    _require_classes(folder, class_names)
    _require_images(parts, found)
    official = next((part for part in ("test", "val") if part in parts), None)
    rows = sorted(
        (path.relative_to(folder).as_posix(), class_names.index(name), part == official)
        for part, classes in found.items()
        for name, paths in classes.items()
        for path in paths
    )
    paths, labels, official_test = zip(*rows, strict=True)
    _require_text(folder, paths)
    return ImageFiles(
        folder=folder,
        paths=paths,
        labels=np.array(labels, dtype=np.int64),
        class_names=class_names,
        official_test=np.array(official_test) if official else None,
    )


def _part_folders(folder: Path) -> dict[str, Path]:
    """Split name to its folder; one part without a name where the class folders lie in the folder itself."""
    folders = _folders(folder)
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


def _folders(folder: Path) -> list[Path]:
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    folders = [path for path in entries if path.is_dir()]
    stray = [path.name for path in entries if path not in folders and _is_image(path)]
    if stray:
        raise DataError(
            f"{folder}: images must lie in a folder per class but {stray[0]!r} lies outside ({len(stray)} such files); "
            f"move them into class folders"
        )
    if not folders:
        raise DataError(
            f"{folder}: there must be a folder per class but there is none; name the folder that holds them"
        )
    return folders


def _images_below(folder: Path) -> list[Path]:
    images: list[Path] = []
    visited: set[Path] = set()
    for root, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        here = Path(root)
        # A link that leads back up would have the same images found again and again.
        if here.resolve() in visited:
            folders.clear()
            continue
        visited.add(here.resolve())
        folders[:] = [name for name in folders if not name.startswith(".")]
        images += [here / name for name in files if not name.startswith(".") and _is_image(here / name)]
    return images


def _refuse(error: OSError) -> None:
    raise error


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES


def _require_same_classes(folder: Path, found: Mapping[str, Mapping[str, list[Path]]]) -> None:
    (first, expected), *rest = found.items()
    for part, classes in rest:
        different = sorted(expected.keys() ^ classes.keys())
        if different:
            raise DataError(
                f"{folder}: classes must be the same in {first} and {part} but {different[0]!r} is only in "
                f"{first if different[0] in expected else part} ({len(different)} such classes); add or remove it"
            )


def _require_classes(folder: Path, class_names: tuple[str, ...]) -> None:
    if len(class_names) < 2:
        raise DataError(
            f"{folder}: there must be at least two class folders but there is only {class_names[0]!r}; "
            f"name the folder that holds one per class"
        )


def _require_images(parts: Mapping[str, Path], found: Mapping[str, Mapping[str, list[Path]]]) -> None:
    empty = [parts[part] / name for part, classes in found.items() for name, paths in classes.items() if not paths]
    if empty:
        raise DataError(
            f"{empty[0]}: every class folder needs images ({', '.join(_SUFFIXES)}) but this one has none; "
            f"add some or remove it"
        )


def _require_text(folder: Path, paths: tuple[str, ...]) -> None:
    bad = next((path for path in paths if path.encode(errors="ignore").decode() != path), None)
    if bad:
        raise DataError(f"{folder}: file names must be UTF-8 but {bad!a} is not; rename it")


def _names(folders: Iterable[Path]) -> str:
    return ", ".join(repr(path.name) for path in folders)
