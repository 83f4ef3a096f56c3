"""Columns of facts about samples, such as their site or device: how they are read, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.files.npz import rows_that_are_not_unicode
from policies.names import list_some
from policies.tables.identity import canonical_names


PREFIX = "column."
"""What the key of a column begins with in a file of a table; its name follows."""
_EXACT = 2.0**53
"""Below this every whole number is a float64 of its own."""


def column_key(name: str) -> str:
    """The key of a column in a file of a table."""
    return f"{PREFIX}{name}"


def column_names(keys: Iterator[str] | list[str]) -> list[str]:
    """Names of the columns among the keys of a file, in their order."""
    return [key.removeprefix(PREFIX) for key in keys if key.startswith(PREFIX)]


def read_column(values: NDArray[Any]) -> NDArray[Any]:
    """A column as text in one spelling each, or as int64, shape (N,).

    Args:
        values: Text, bytes in UTF-8, truth values, or whole numbers of any type, shape (N,) or (N, 1).

    Raises:
        ValueError: With a clause for a person, without the key, where it is something else.
    """
    values = values.ravel() if values.ndim == 2 and 1 in values.shape else values
    if values.dtype.kind == "O" and all(isinstance(value, str) for value in values.ravel()):
        values = values.astype(np.str_)
    if values.dtype.kind == "S":
        try:
            values = np.asarray(np.char.decode(values, "utf-8"))
        except UnicodeDecodeError:
            raise ValueError("must be text in UTF-8 but is other bytes") from None
    if values.dtype.kind == "U":
        # Text that no file can hold is told by the checks.
        return values if values.ndim != 1 or rows_that_are_not_unicode(values).size else canonical_names(values)
    if values.dtype.kind == "b":
        return values.astype(np.str_)
    if values.dtype.kind == "f":
        wide = values.astype(np.float64)
        uneven = np.flatnonzero(~((np.abs(wide) < _EXACT) & (wide == np.floor(wide))).ravel())
        if uneven.size:
            raise ValueError(
                f"must be text or whole numbers but row {uneven[0]} is {wide.flat[uneven[0]]} ({uneven.size} such "
                f"rows); of measured numbers make ranges, such as 'below 40', and give what is missing a name"
            )
        values = wide
    if values.dtype.kind not in "iuf":
        raise ValueError(f"must be text or whole numbers but is {values.dtype}")
    return values.astype(np.int64)


def column_problems(columns: Mapping[str, NDArray[Any]], n_samples: int) -> list[str]:
    """What is wrong with the columns of a table, each with its key and row.

    Args:
        columns: Values by the columns' names; each should be text or int64, shape (N,).
        n_samples: Number of samples of the table, ``N``.
    """
    found: list[str] = []
    for name, values in columns.items():
        if not name.strip():
            found.append(f"a column must have a name but {column_key(name)!r} has none; write {column_key('site')!r}")
        else:
            found += _problems(column_key(name), values, n_samples)
    return found


def _problems(key: str, values: NDArray[Any], n_samples: int) -> Iterator[str]:
    if values.shape != (n_samples,):
        yield f"{key!r} must have shape {(n_samples,)}, a value for each sample, but has shape {values.shape}"
    elif values.dtype.kind == "U":
        broken = rows_that_are_not_unicode(values)
        missing = np.flatnonzero(np.strings.strip(values) == "") if not broken.size else broken
        if broken.size:
            yield f"{key!r} must be Unicode text but row {broken[0]} is not ({broken.size} such rows)"
        elif missing.size:
            yield (
                f"{key!r} must have a value for each sample but row {missing[0]} has none ({missing.size} such rows); "
                f"give what is not known a name, such as 'unknown'"
            )
    elif values.dtype != np.int64:
        yield f"{key!r} must be text (numpy dtype 'U') or int64 but is {values.dtype}"


def why_no_column(columns: Mapping[str, Any], name: str) -> str:
    """That there is no such column, and which there are, as a clause for a person; empty where there is."""
    if name in columns:
        return ""
    there = f"only {list_some(sorted(columns))}" if columns else "none"
    return (
        f"there must be a column of that name but there is {there}; save one as {column_key(name)!r}, shape (N,), or "
        f"give certify a file of it (--columns)"
    )
