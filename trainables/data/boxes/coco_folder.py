"""A folder laid out as COCO: ``annotations/instances_<part>.json`` and a folder of images for each part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from trainables.data.boxes.annotations import AnnotatedImage, Annotations, Lost
from trainables.data.boxes.coco_json import Box, CocoFile, read_coco_file
from trainables.data.boxes.layout import the_folder_that
from trainables.data.files.kinds import visible_entries
from trainables.errors import DataError


_PREFIX, _PLAIN = "instances_", "annotations.json"
_KINDS = ("train", "val", "test")
_REST = "other"


def is_coco(folder: Path) -> bool:
    """Whether a folder is laid out like that, or has the one file ``annotations.json``."""
    return bool(_files(folder))


def read_coco(data_dir: Path) -> Annotations:
    """Read all annotation files of a folder.

    Where there is a part ``train`` (such as ``train2017``) and one of ``test`` or ``val``, that is the official test.
    Images lie in ``<part>/``, ``images/<part>/``, ``images/`` or beside the annotations. Classes are in the order of
    their ids, in the file of ``train`` first.

    Args:
        data_dir: Folder that is laid out like that, or has one folder within that is.

    Raises:
        DataError: If there is no such folder or several, two files are of one part, or a file cannot be read.
    """
    folder = the_folder_that(is_coco, data_dir, f"annotations/{_PREFIX}<part>.json or {_PLAIN}")
    files = _files(folder)
    official = next((kind for kind in ("test", "val") if kind in files and "train" in files), None)
    images: list[AnnotatedImage] = []
    lost: list[Lost] = []
    strays: list[Box] = []
    names: dict[str, None] = {}
    for kind in (*_KINDS, _REST):
        if kind not in files:
            continue
        part, written = _part(files[kind]), read_coco_file(files[kind])
        names.update(dict.fromkeys(written.class_names))
        found = dict(_found(folder, part, written))
        images += [
            AnnotatedImage(path, written.images[key][1], written.boxes.get(key, ()), kind == official)
            for key, path in found.items()
            if path
        ]
        lost += written.lost
        lost += [(written.images[key][0], "missing image") for key, path in found.items() if not path]
        strays += written.strays
        strays += [box for key, boxes in written.boxes.items() if key not in written.images for box in boxes]
    return Annotations.gather(
        folder, images, class_names=tuple(names), has_official_test=official is not None, lost=lost, strays=strays
    )


def _files(folder: Path) -> dict[str, Path]:
    """The annotation file of each kind of part."""
    try:
        inner = visible_entries(folder / "annotations") if (folder / "annotations").is_dir() else []
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror}); make it readable") from None
    found: dict[str, Path] = {}
    for path in inner:
        if not (path.name.startswith(_PREFIX) and path.suffix == ".json"):
            continue
        kind = next((kind for kind in _KINDS if _part(path).startswith(kind)), _REST)
        if kind in found:
            raise DataError(
                f"{path.parent}: there must be one file for each of {', '.join(_KINDS)} but there are "
                f"{found[kind].name} and {path.name}; move one elsewhere"
            )
        found[kind] = path
    if not found and (folder / _PLAIN).is_file():
        found[_REST] = folder / _PLAIN
    return found


def _part(path: Path) -> str:
    return path.stem.removeprefix(_PREFIX) if path.stem.startswith(_PREFIX) else ""


def _found(folder: Path, part: str, written: CocoFile) -> Iterator[tuple[int | str, str]]:
    """The id of each image, and its path relative to the folder, empty where it is not there."""
    places = [PurePosixPath(place) for place in dict.fromkeys((part, f"images/{part}", "images", ""))]
    for key, (name, _) in written.images.items():
        relative = PurePosixPath(name.replace("\\", "/"))
        inside = not relative.is_absolute() and ".." not in relative.parts
        candidates = [place / relative for place in places] if inside else []
        yield key, next((str(path) for path in candidates if _is_file(folder / path)), "")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    # A name with a null character, or one that is too long.
    except (OSError, ValueError):
        return False
