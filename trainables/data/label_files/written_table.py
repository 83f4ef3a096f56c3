"""A table as people and spreadsheets write it: text cells, separated by commas, semicolons or tabs."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from policies.names import clean_id, clean_name, describe_clash, list_some
from trainables.data.files.kinds import FileKind
from trainables.errors import DataError


_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class WrittenTable:
    """The cells of a table, nothing of them read yet.

    Attributes:
        path: The file.
        columns: Name of each column in one spelling, C of them.
        rows: Cells of each of R rows without spaces around them, C each.
        lines: The line of the file that each row ends in, from 1, length R.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def column(self, place: int) -> tuple[str, ...]:
        """The cells of a column, length R."""
        return tuple(row[place] for row in self.rows)


def read_table(path: Path, kind: FileKind) -> WrittenTable:
    """Read a table, whichever of the separators its first row has most of.

    A byte order mark, rows without anything, and columns that have neither a name nor a cell are passed over.

    Args:
        path: The file.
        kind: Which files the rows are about.

    Raises:
        DataError: If the file cannot be read, is no UTF-8 or no table, its first row is about a file, there is no other
            row, a column has no name or that of another, or rows differ in length.
    """
    cells, lines = _cells(path, _text(path))
    if len(cells) < 2:
        raise DataError(f"{path}: there must be a row of column names and rows below but there are {len(cells)} rows")
    if kind.has(Path(cells[0][0])):
        raise DataError(
            f"{path}: the first row must name the columns, such as file, but is about {cells[0][0]!r}; add a row of "
            f"names"
        )
    n_columns = max((place + 1 for place, name in enumerate(cells[0]) if name), default=0)
    columns = tuple(map(clean_name, cells[0][:n_columns]))
    _require_names(path, columns)
    rows = [_of_length(path, row, n_columns, line) for row, line in zip(cells[1:], lines[1:], strict=True)]
    return WrittenTable(path, columns, tuple(rows), tuple(lines[1:]))


def _text(path: Path) -> str:
    try:
        # Spreadsheets put a byte order mark in front.
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); make it readable") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: must be UTF-8 but byte {error.start} is not; save it as CSV in UTF-8") from None


def _cells(path: Path, text: str) -> tuple[list[list[str]], list[int]]:
    """Rows that have anything, and the lines that they end in; with the separator that gives most columns."""
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), "")
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    found: list[tuple[list[str], int]] = []
    try:
        for row in reader:
            cells = [clean_id(cell) for cell in row]
            if any(cells):
                found.append((cells, reader.line_num))
    except csv.Error as error:
        raise DataError(f"{path}: not a readable table ({error} in line {reader.line_num}); correct it") from None
    return [row for row, _ in found], [line for _, line in found]


def _require_names(path: Path, columns: tuple[str, ...]) -> None:
    if "" in columns:
        raise DataError(
            f"{path}: every column must have a name but column {columns.index('') + 1} of {len(columns)} has none; "
            f"name it, or remove it"
        )
    clash = describe_clash(columns)
    if clash:
        raise DataError(f"{path}: every column must have a name of its own but {clash}; rename or remove one")
    if len(columns) < 2:
        raise DataError(
            f"{path}: the first row must name a column of files and those of labels, separated by commas, semicolons "
            f"or tabs, but names {list_some(columns) or 'none'}; name them"
        )


def _of_length(path: Path, row: list[str], n_columns: int, line: int) -> tuple[str, ...]:
    if len(row) < n_columns or any(row[n_columns:]):
        raise DataError(
            f"{path}: every row must have {n_columns} cells, one a column, but line {line} has {len(row)}; correct it, "
            f"and put what holds the separator itself in quotation marks"
        )
    return tuple(row[:n_columns])
