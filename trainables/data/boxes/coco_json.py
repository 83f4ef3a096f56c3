"""An annotation file of COCO: one JSON file for many images (Lin et al., 2014)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import json
from math import nan
from pathlib import Path
from typing import Any, TypeGuard

from policies.names import clean_name
from trainables.errors import DataError


_KEYS = ("images", "annotations", "categories")
Key = int | str
Box = tuple[str, tuple[float, ...], bool]
"""Class, empty where it is unknown, corners in pixels, and whether it is a crowd."""


@dataclass(frozen=True)
class CocoFile:
    """What a file says.

    Attributes:
        images: File name, and width and height, NaN where they are not told, of each image by its id.
        class_names: Names of the categories in the order of their ids.
        boxes: The boxes of each image by its id; ids that are no image's are among them.
        strays: Boxes that tell no id of an image.
        lost: Entries that are no image, as they are called, with the reasons.
    """

    images: Mapping[Key, tuple[str, tuple[float, float]]]
    class_names: tuple[str, ...]
    boxes: Mapping[Key, Sequence[Box]]
    strays: tuple[Box, ...]
    lost: tuple[tuple[str, str], ...]


def read_coco_file(path: Path) -> CocoFile:
    """Read one file; a box is ``[left, top, width, height]`` in pixels from 0, as fractions too.

    Raises:
        DataError: If it cannot be read, or is no JSON with lists of images, annotations and categories.
    """
    content = _json(path)
    lists = [content.get(key) if isinstance(content, dict) else None for key in _KEYS]
    missing = [key for key, entries in zip(_KEYS, lists, strict=True) if not isinstance(entries, list)]
    if missing:
        raise DataError(
            f"{path}: a file of COCO must have lists of images, annotations and categories but has no list of "
            f"{' and '.join(missing)}; name a file of instances"
        )
    written, annotations, categories = (list(filter(_is_mapping, entries or [])) for entries in lists)
    images, lost = _images(written, len(lists[0] or []))
    names = {one["id"]: clean_name(_text(one.get("name"))) for one in categories if _is_key(one.get("id"))}
    boxes: dict[Key, list[Box]] = {}
    strays: list[Box] = []
    for one in annotations:
        category, image = one.get("category_id"), one.get("image_id")
        box = (names.get(category, "") if _is_key(category) else "", _corners(one.get("bbox")), one.get("iscrowd") == 1)
        (boxes.setdefault(image, []) if _is_key(image) else strays).append(box)
    strays += [("", (nan,) * 4, False)] * (len(lists[1] or []) - len(annotations))
    ordered = sorted(names, key=lambda key: (isinstance(key, str), key))
    class_names = tuple(dict.fromkeys(names[key] for key in ordered if names[key]))
    return CocoFile(images, class_names, boxes, tuple(strays), tuple(lost))


def _images(
    written: Sequence[Mapping[str, Any]], n_entries: int
) -> tuple[dict[Key, tuple[str, tuple[float, float]]], list[tuple[str, str]]]:
    images: dict[Key, tuple[str, tuple[float, float]]] = {}
    lost = [("images", "no entry of an image")] * (n_entries - len(written))
    for one in written:
        key, name = one.get("id"), _text(one.get("file_name"))
        if not _is_key(key) or not name:
            lost.append((name or "images", "an image without id or file_name"))
        elif key in images:
            lost.append((name, "an id that another image has"))
        else:
            images[key] = (name, (_number(one.get("width")), _number(one.get("height"))))
    return images, lost


def _text(value: Any) -> str:
    """A text without the halves of characters that JSON can hold; empty where it is none."""
    return value.encode(errors="replace").decode().strip() if isinstance(value, str) else ""


def _corners(bbox: Any) -> tuple[float, ...]:
    if not isinstance(bbox, list) or len(bbox) != 4:
        return (nan,) * 4
    left, top, width, height = map(_number, bbox)
    return (left, top, left + width, top + height)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return nan
    try:
        return float(value)
    except OverflowError:
        return nan


def _is_key(value: Any) -> TypeGuard[Key]:
    return isinstance(value, int | str)


def _is_mapping(entry: Any) -> bool:
    return isinstance(entry, dict)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); make it readable") from None
    # Broken text is a ValueError too.
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: broken JSON ({' '.join(str(error).split())[:120]}); repair it") from None
