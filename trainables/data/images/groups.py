"""Origins of images, and other facts about them, from the file ``groups.csv`` beside them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_name, list_some
from policies.tables.sample_arrays.columns import PREFIX
from trainables.data.files.found import FoundFiles
from trainables.data.files.spelling import Spellings, written_path
from trainables.data.origins import join_origins
from trainables.errors import DataError


GROUPS_FILE = "groups.csv"


def read_groups(files: FoundFiles) -> NDArray[np.str_] | None:
    """Read the origin of each image, shape (N,), from columns ``path`` and ``group``; None where there is no such file.

    Paths are relative to the folder, with slashes or backslashes; those of images that are not there are ignored. Names
    may have been through a spreadsheet: spaces around them, their Unicode form, and their case where that leaves no
    doubt do not matter.

    Raises:
        DataError: If the file is damaged, lacks a column, or does not name every image with one group.

    Warns:
        JoinedOriginsWarning: If groups differ in case only; they are taken as one.
    """
    path = files.folder / GROUPS_FILE
    if not path.is_file():
        return None
    return join_origins(_one_for_each(files, _rows(path), "group", "add a row for it"), f"{path}: in column group")


def read_columns(files: FoundFiles) -> dict[str, NDArray[np.str_]]:
    """Read further facts about images from the columns ``column.NAME`` of the file, by name, shape (N,) each.

    Raises:
        DataError: If the file is damaged, or a column does not have one value for every image.
    """
    path = files.folder / GROUPS_FILE
    rows = _rows(path) if path.is_file() else []
    names = [name for name in (rows[0] if rows else {}) if (name or "").startswith(PREFIX)]
    advice = "give it one, such as unknown, or remove the column"
    return {name.removeprefix(PREFIX): _one_for_each(files, rows, name, advice) for name in names}


def _one_for_each(files: FoundFiles, rows: list[dict[str, str]], column: str, advice: str) -> NDArray[np.str_]:
    """The one value of a column for each image, shape (N,).

    Raises:
        DataError: If an image has several, or none, with what to do about that.
    """
    path, spellings = files.folder / GROUPS_FILE, Spellings(files.ids)
    value_of: dict[str, str] = {}
    for row in rows:
        name, value = spellings.find(written_path(row["path"] or "")), clean_name(row[column] or "")
        if name is not None and value_of.setdefault(name, value) != value:
            raise DataError(
                f"{path}: every image must have one {column} but {name!r} has {value_of[name]!r} and {value!r}; remove "
                f"one"
            )
    missing = [name for name in files.ids if not value_of.get(name)]
    if missing:
        raise DataError(
            f"{path}: every image must have a {column} but {missing[0]!r} has none ({len(missing)} such images); "
            f"{advice}"
        )
    return np.array([value_of[name] for name in files.ids])


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        # Spreadsheets put a byte order mark in front.
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            columns = [clean_name(name or "").lower() for name in reader.fieldnames or []]
            reader.fieldnames = columns
            rows = list(reader)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: not a readable CSV file ({error}); write it as UTF-8 with path,group") from None
    if not {"path", "group"} <= set(columns):
        raise DataError(
            f"{path}: the columns must be path,group but are {list_some(columns) or 'none'}; name them in the first row"
        )
    return rows
