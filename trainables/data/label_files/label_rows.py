"""What the rows of a table of labels say of files: nothing is looked for on the disk yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_name, describe_clash, list_some
from policies.tables.sample_arrays.columns import PREFIX
from trainables.data.files.kinds import FileKind
from trainables.data.files.spelling import written_path
from trainables.data.label_files.cells import marks_of, names_of, numbers_of, sets_of
from trainables.data.label_files.written_table import WrittenTable, read_table
from trainables.errors import DataError


LABELS = "labels"
_KNOWN = (LABELS, "parent", "order", "group", "start", "end", "split")
_PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


@dataclass(frozen=True)
class LabelRows:
    """The rows of a table of labels, R of them.

    Attributes:
        path: The file.
        lines: The line of the file that each row ends in, from 1, shape (R,), int64.
        files: The path of each row's file, relative to the folder, in the spelling of ids, length R.
        labels: Whether each label is on, shape (R, L), uint8.
        label_names: Names of the labels, length L.
        parents: What each row's file is a part of, shape (R,); None without such a column.
        order: Place of each row's file in its parent, shape (R,), int64; None without such a column.
        groups: Origin of each row's file, shape (R,); None without such a column.
        spans: Start and end in seconds of what each row's labels are about, shape (R, 2), float64, 0 and infinity for
            the whole file; None without such columns.
        is_test: Whether each row's file is set aside for testing, shape (R,), bool; None where none is.
        columns: Facts about each row's file by name, shape (R,) each.
    """

    path: Path
    lines: NDArray[np.int64]
    files: tuple[str, ...]
    labels: NDArray[np.uint8]
    label_names: tuple[str, ...]
    parents: NDArray[np.str_] | None
    order: NDArray[np.int64] | None
    groups: NDArray[np.str_] | None
    spans: NDArray[np.float64] | None
    is_test: NDArray[np.bool_] | None
    columns: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)

    def of_labels(self, names: Sequence[str]) -> LabelRows:
        """The same rows with some of the labels, in the order of their names."""
        places = [self.label_names.index(name) for name in names]
        return replace(self, labels=self.labels[:, places], label_names=tuple(names))


def read_label_rows(path: Path, kind: FileKind) -> LabelRows:
    """Read a table of labels.

    The first column tells the file, whatever it is called. Of the others, ``labels`` has the names of the labels that
    are on, separated by semicolons; where there is none, every column but ``parent``, ``order``, ``group``, ``start``,
    ``end`` and ``split`` is a label, and has 0 or 1. What is called ``column.NAME`` is a fact about the file, no label.

    Args:
        path: The file.
        kind: Which files the rows are about.

    Raises:
        DataError: If it is no such table, in one line that says where.
    """
    if not path.is_file():
        raise DataError(
            f"{path.parent}: beside the {kind.plural} there must be {path.name}, with a column of files and one a "
            f"label, but there is none; write it, or name the folder that holds it"
        )
    table = read_table(path, kind)
    known = {name.casefold(): place for place, name in enumerate(table.columns) if place and _is_known(name)}
    names, labels = _labels(table, known)
    return LabelRows(
        path=path,
        lines=np.array(table.lines, dtype=np.int64),
        files=tuple(map(written_path, names_of(table, 0))),
        labels=labels,
        label_names=names,
        parents=_text(table, known, "parent"),
        order=_order(table, known),
        groups=_text(table, known, "group"),
        spans=_spans(table, known),
        is_test=_is_test(table, known),
        columns={
            table.columns[place][len(PREFIX) :]: np.array(names_of(table, place))
            for name, place in known.items()
            if name.startswith(PREFIX)
        },
    )


def _is_known(name: str) -> bool:
    """Whether a column is no label: one of those with a meaning, or one of facts, called ``column.NAME``."""
    return name.casefold() in _KNOWN or name.casefold().startswith(PREFIX)


def _labels(table: WrittenTable, known: dict[str, int]) -> tuple[tuple[str, ...], NDArray[np.uint8]]:
    """Names of the labels, and which are on in each row, shape (R, L)."""
    others = [place for place in range(1, len(table.columns)) if place not in known.values()]
    if LABELS not in known:
        if not others:
            raise DataError(
                f"{table.path}: there must be a column for each label, or one named labels, but beside the files there "
                f"are {list_some(table.columns[1:])}; add them"
            )
        return tuple(table.columns[place] for place in others), marks_of(table, others)
    if others:
        raise DataError(
            f"{table.path}: beside the column labels there may be {', '.join(_KNOWN[1:])} but there is "
            f"{list_some(table.columns[place] for place in others)}; remove the column, or the column labels"
        )
    sets = sets_of(table, known[LABELS])
    names = sorted({name for own in sets for name in own})
    clash = describe_clash(names)
    if clash:
        raise DataError(f"{table.path}: every label must have one name but {clash}; spell them alike")
    if not names:
        raise DataError(f"{table.path}: the column labels must name labels but is empty in every row; fill it in")
    return tuple(names), np.array([[name in own for name in names] for own in sets], dtype=np.uint8)


def _text(table: WrittenTable, known: dict[str, int], name: str) -> NDArray[np.str_] | None:
    return np.array(names_of(table, known[name])) if name in known else None


def _order(table: WrittenTable, known: dict[str, int]) -> NDArray[np.int64] | None:
    if "order" not in known:
        return None
    if "parent" not in known:
        raise DataError(
            f"{table.path}: the column order tells places in parents but there is no column parent; add it, or remove "
            f"order"
        )
    numbers = numbers_of(table, known["order"], empty=None)
    strange = np.flatnonzero((numbers != np.round(numbers)) | (np.abs(numbers) > np.iinfo(np.int32).max))
    if strange.size:
        row = strange[0]
        raise DataError(
            f"{table.path}: order must be whole numbers but line {table.lines[row]} has "
            f"{table.rows[row][known['order']]!r}; correct it"
        )
    return numbers.astype(np.int64)


def _spans(table: WrittenTable, known: dict[str, int]) -> NDArray[np.float64] | None:
    given = [name for name in ("start", "end") if name in known]
    if not given:
        return None
    if len(given) == 1:
        raise DataError(
            f"{table.path}: start and end must come together but there is {given[0]!r} alone; add the other"
        )
    spans = np.column_stack(
        [numbers_of(table, known["start"], empty=0.0), numbers_of(table, known["end"], empty=np.inf)]
    )
    bad = np.flatnonzero((spans[:, 0] < 0) | (spans[:, 0] >= spans[:, 1]))
    if bad.size:
        start, end = spans[bad[0]]
        raise DataError(
            f"{table.path}: start must be 0 s or more and before end but line {table.lines[bad[0]]} has {start:g} and "
            f"{end:g} ({bad.size} such rows); correct it"
        )
    return spans


def _is_test(table: WrittenTable, known: dict[str, int]) -> NDArray[np.bool_] | None:
    """As with split folders: ``test`` is set aside, or ``val`` where there is no ``test``."""
    if "split" not in known:
        return None
    written = names_of(table, known["split"])
    parts = [_PARTS.get(clean_name(part).casefold()) for part in written]
    if None in parts:
        row = parts.index(None)
        raise DataError(
            f"{table.path}: split must be {', '.join(_PARTS)} but line {table.lines[row]} has {written[row]!r}; "
            f"correct it, or rename the column where it is a label"
        )
    official = next((part for part in ("test", "val") if part in parts), None)
    if official is None:
        return None
    if "train" not in parts:
        raise DataError(f"{table.path}: split must be train in some rows but there are only {list_some({*written})}")
    return np.array([part == official for part in parts])
