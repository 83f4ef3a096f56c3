"""Columns of facts about samples from a CSV file beside a table, such as a spreadsheet writes."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitTableError
from policies.names import clean_array, clean_id, clean_name, list_some
from policies.tables.identity import canonical_names


ID = "id"


@dataclass(frozen=True)
class ColumnFile:
    """A CSV file whose first row names its columns, ``id`` and others, and each other row is about a sample.

    Attributes:
        path: The file.
        values: The text of each column by its name, in the order of the rows, ``id`` among them.
    """

    path: Path
    values: dict[str, list[str]]

    @classmethod
    def read(cls, path: Path) -> ColumnFile:
        """Read a file in UTF-8; spaces around names and values do not count.

        Raises:
            ExitTableError: If it is missing or no such table, with a line that says where.
        """
        try:
            # Spreadsheets put a byte order mark in front.
            with path.open(encoding="utf-8-sig", newline="") as stream:
                rows = [(reader.line_num, row) for reader in [csv.reader(stream)] for row in reader if any(row)]
        except FileNotFoundError:
            raise ExitTableError(f"{path}: there is no such file of columns") from None
        except (OSError, ValueError, csv.Error) as error:
            raise ExitTableError(f"{path}: not a readable CSV file ({error}); write it as UTF-8") from None
        names = [clean_name(name) for name in rows[0][1]] if rows else []
        if ID not in names or len({*names}) < len(names) or "" in names:
            raise ExitTableError(
                f"{path}: the first row must name the columns, each once, {ID!r} among them, but is "
                f"{list_some(names) or 'empty'}"
            )
        uneven = [line for line, row in rows if len(row) != len(names)]
        if uneven:
            raise ExitTableError(
                f"{path}: every row must have {len(names)} values but line {uneven[0]} has another number "
                f"({len(uneven)} such rows); correct it"
            )
        return cls(path, {name: [row[at].strip() for _, row in rows[1:]] for at, name in enumerate(names)})

    def column(self, name: str, ids: NDArray[np.str_]) -> NDArray[np.str_]:
        """The values of a column for samples, shape (N,); rows about others are of no effect.

        Args:
            name: Name of the column.
            ids: Names of the samples, shape (N,).

        Raises:
            ExitTableError: If there is no such column, or not one value for each sample.
        """
        others = [own for own in self.values if own != ID]
        if name not in others:
            raise ExitTableError(
                f"{self.path}: there must be a column {name!r} but there is only {list_some(others) or 'id'}; "
                f"add it, or give another file"
            )
        value_of: dict[str, str] = {}
        rows = zip(clean_array(np.array(self.values[ID], dtype=np.str_), clean_id), self.values[name], strict=True)
        for own, value in rows:
            if value_of.setdefault(str(own), value) != value:
                raise ExitTableError(
                    f"{self.path}: every id must have one value of {name!r} but {str(own)!r} has "
                    f"{value_of[str(own)]!r} and {value!r}; remove one"
                )
        wanted = [str(own) for own in canonical_names(ids)]
        missing = [own for own in wanted if not value_of.get(own)]
        if missing:
            raise ExitTableError(
                f"{self.path}: every sample of the table must have a row with a value of {name!r} but {missing[0]!r} "
                f"has none ({len(missing)} of {len(wanted)} such samples); add rows for them"
            )
        return np.array([value_of[own] for own in wanted])

    def holds(self, ids: NDArray[np.str_]) -> bool:
        """Whether there is a row for every one of some samples, named in shape (N,)."""
        known = {str(own) for own in clean_array(np.array(self.values[ID], dtype=np.str_), clean_id)}
        return known.issuperset(str(own) for own in canonical_names(ids))
