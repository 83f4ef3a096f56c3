"""What the cells of a column mean: names, numbers, marks; what is none of these is refused with its line."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_name
from trainables.data.label_files.written_table import WrittenTable
from trainables.errors import DataError


_BETWEEN_NAMES = ";"
# Spreadsheets write numbers with a decimal place, and truth values as words.
_MARKS = {"0": 0, "0.0": 0, "false": 0, "1": 1, "1.0": 1, "true": 1}


def names_of(table: WrittenTable, place: int) -> tuple[str, ...]:
    """Names of a column that must be filled in, length R.

    Raises:
        DataError: If a cell is empty.
    """
    names = table.column(place)
    if "" in names:
        row = names.index("")
        raise DataError(
            f"{table.path}: column {table.columns[place]!r} must be filled in but is empty in line {table.lines[row]} "
            f"({names.count('')} such rows); fill it in, or remove what has none"
        )
    return names


def numbers_of(table: WrittenTable, place: int, *, empty: float | None) -> NDArray[np.float64]:
    """Numbers of a column, with a decimal point, shape (R,).

    Args:
        table: The cells.
        place: Which column.
        empty: What an empty cell means; None where it must be filled in.

    Raises:
        DataError: If a cell is no number.
    """
    values = []
    for text, line in zip(table.column(place), table.lines, strict=True):
        number = empty if not text else _number(text)
        if number is None:
            raise DataError(
                f"{table.path}: column {table.columns[place]!r} must hold numbers but line {line} has {text!r:.60}; "
                f"correct it"
            )
        values.append(number)
    return np.array(values, dtype=np.float64)


def marks_of(table: WrittenTable, places: Sequence[int]) -> NDArray[np.uint8]:
    """Marks of several columns, 0 or 1, shape (R, columns).

    Raises:
        DataError: If a cell is neither.
    """
    marks = np.zeros((len(table.rows), len(places)), dtype=np.uint8)
    strange: list[tuple[int, int]] = []
    for row, cells in enumerate(table.rows):
        for column, place in enumerate(places):
            mark = _MARKS.get(cells[place].casefold())
            if mark is None:
                strange.append((row, place))
            else:
                marks[row, column] = mark
    if strange:
        row, place = strange[0]
        n_columns = len({where for _, where in strange})
        raise DataError(
            f"{table.path}: every column but the known ones is a label, and must hold 0 or 1, but line "
            f"{table.lines[row]} has {table.rows[row][place]!r:.60} for {table.columns[place]!r} ({len(strange)} such "
            f"cells in {n_columns} columns); correct them, or remove columns that are no labels"
        )
    return marks


def sets_of(table: WrittenTable, place: int) -> list[frozenset[str]]:
    """The names in each cell of a column, separated by semicolons; a cell may be empty."""
    return [frozenset(filter(None, map(clean_name, cell.split(_BETWEEN_NAMES)))) for cell in table.column(place)]


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if isnan(number) or "_" in text else number
