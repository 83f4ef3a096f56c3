"""Which files have labels: rows of the table are found on the disk, and what is on one side alone is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from policies.names import list_some
from trainables.data.files.class_folders import find_files
from trainables.data.files.found import FoundFiles
from trainables.data.files.kinds import FileKind
from trainables.data.files.spelling import Spellings
from trainables.data.label_files.label_rows import LabelRows, read_label_rows
from trainables.data.options import DataOptions
from trainables.errors import DataError


LABELS_FILE = "labels.csv"
_ScalarT = TypeVar("_ScalarT", bound=np.generic)


@dataclass(frozen=True, kw_only=True)
class FilesWithLabels(FoundFiles):
    """The files that the table of labels has rows of, N of them, ordered by id; nothing is opened yet.

    Attributes:
        rows: What the table says, of files that are there and of others.
        file_of_row: The place of each row's file, shape (R,), int64; -1 where there is no such file.
        unlabelled: Paths of files that the table has no row of.
    """

    rows: LabelRows
    file_of_row: NDArray[np.int64]
    unlabelled: tuple[str, ...]

    @property
    def first_rows(self) -> NDArray[np.int64]:
        """The first row of each file, shape (N,)."""
        found = np.flatnonzero(self.file_of_row >= 0)
        return found[np.unique(self.file_of_row[found], return_index=True)[1]]

    @property
    def missing(self) -> tuple[tuple[str, str], ...]:
        """Path and reason of each file that is not there, once, however many rows it has."""
        first_lines: dict[str, int] = {}
        for row in np.flatnonzero(self.file_of_row < 0).tolist():
            first_lines.setdefault(self.rows.files[row], int(self.rows.lines[row]))
        return tuple((name, f"no such file (line {line})") for name, line in first_lines.items())

    def of_files(self, values: NDArray[_ScalarT] | None, what: str) -> NDArray[_ScalarT] | None:
        """What is said of each file, shape (N,), of values of each row, shape (R,); None where nothing is.

        Args:
            values: Of each row.
            what: Name of the column, for the message.

        Raises:
            DataError: If rows of one file differ.
        """
        if values is None:
            return None
        of_files: NDArray[_ScalarT] = values[self.first_rows]
        found = np.flatnonzero(self.file_of_row >= 0)
        other = found[values[found] != of_files[self.file_of_row[found]]]
        if other.size:
            file = self.file_of_row[other[0]]
            raise DataError(
                f"{self.rows.path}: rows of one file must have one {what} but {self.paths[file]!r} has "
                f"{str(of_files[file])!r} and {str(values[other[0]])!r} (line {self.rows.lines[other[0]]}); correct it"
            )
        return of_files


def find_labelled_files(folder: Path, kind: FileKind, options: DataOptions) -> FilesWithLabels:
    """List the files of a kind that ``labels.csv`` in the folder has rows of, with what these say.

    Args:
        folder: The data folder; files are looked for in all its folders.
        kind: Which files are meant.
        options: Which labels are wanted.

    Raises:
        DataError: If the folder cannot be read, the table is none, a wanted label is unknown, a file has two rows that
            are about all of it, or no file has any.
    """
    rows = read_label_rows(folder / LABELS_FILE, kind)
    rows = rows.of_labels(options.wanted_classes(rows.label_names, folder))
    paths, others = find_files(folder, kind)
    if not paths:
        raise DataError(
            f"{folder}: there must be {kind.plural} ({', '.join(kind.suffixes)}) but there are none; name the folder "
            f"that holds them"
        )
    all_files = FoundFiles(kind=kind, folder=folder, paths=paths, others=others)
    spellings = Spellings(all_files.ids)
    place_of = {name: place for place, name in enumerate(all_files.ids)}
    found = [spellings.find(name) for name in rows.files]
    places = np.array([-1 if name is None else place_of[name] for name in found], dtype=np.int64)
    if (places < 0).all():
        raise DataError(
            f"{rows.path}: rows must name {kind.plural} by their path in {folder}, such as {all_files.ids[0]!r}, but "
            f"there is none of {list_some(rows.files, most=2)}; correct the first column"
        )
    _require_one_row(rows, places, all_files)
    own = np.unique(places[places >= 0])
    kept = np.full(len(paths) + 1, -1)
    kept[own] = np.arange(len(own))
    return FilesWithLabels(
        kind=kind,
        folder=folder,
        paths=tuple(paths[place] for place in own),
        others=others,
        rows=rows,
        file_of_row=kept[places],
        unlabelled=tuple(paths[place] for place in np.setdiff1d(np.arange(len(paths)), own)),
    )


def _require_one_row(rows: LabelRows, places: NDArray[np.int64], files: FoundFiles) -> None:
    """Several rows of a file are welcome where they tell of spans of it."""
    if rows.spans is not None:
        return
    order = np.argsort(places, kind="stable")
    twice = np.flatnonzero((np.diff(places[order]) == 0) & (places[order][1:] >= 0))
    if twice.size:
        first, second = order[twice[0]], order[twice[0] + 1]
        raise DataError(
            f"{rows.path}: every file must have one row but {files.paths[places[first]]!r} has two, in lines "
            f"{rows.lines[first]} and {rows.lines[second]} ({twice.size} such rows); remove one"
        )
