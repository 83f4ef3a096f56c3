"""Origins of images, from the file ``groups.csv`` beside them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainables.data.class_folders import LabelledFiles
from trainables.errors import DataError


GROUPS_FILE = "groups.csv"


def read_groups(files: LabelledFiles) -> NDArray[np.str_] | None:
    """Read the origin of each image, shape (N,), from columns ``path`` and ``group``; None where there is no such file.

    Paths are relative to the folder, with slashes; those of images that are not there are ignored.

    Raises:
        DataError: If the file is damaged, lacks a column, or does not name every image with one group.
    """
    path = files.folder / GROUPS_FILE
    if not path.is_file():
        return None
    group_of: dict[str, str] = {}
    for name, group in _rows(path):
        if group_of.setdefault(name, group) != group:
            raise DataError(
                f"{path}: every image must have one group but {name!r} has {group_of[name]!r} and {group!r}; remove one"
            )
    missing = [name for name in files.paths if not group_of.get(name)]
    if missing:
        raise DataError(
            f"{path}: every image must have a group but {missing[0]!r} has none ({len(missing)} such images); "
            f"add a row for it"
        )
    return np.array([group_of[name] for name in files.paths])


def _rows(path: Path) -> list[tuple[str, str]]:
    try:
        # Spreadsheets put a byte order mark in front.
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            columns = reader.fieldnames or []
            rows = list(reader)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: not a readable CSV file ({error}); write it as UTF-8 with path,group") from None
    if not {"path", "group"} <= set(columns):
        raise DataError(
            f"{path}: the columns must be path,group but are {','.join(columns)}; name them in the first row"
        )
    return [(row["path"], row["group"]) for row in rows]
