"""Columns of facts about samples that a user's data source hands over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from policies.tables.sample_arrays.columns import column_problems, read_column
from trainables.data.given_arrays import as_array, described
from trainables.errors import SamplesError


def as_columns(given: Any, n: int) -> dict[str, NDArray[Any]]:
    """Columns of facts by name, text or int64, shape (N,) each.

    Args:
        given: Values for each sample by the columns' names: text or whole numbers.
        n: How many samples there are.

    Raises:
        SamplesError: If they are none, or some value is missing.
    """
    if not isinstance(given, Mapping):
        raise SamplesError(f"columns must be values for each sample by name but are {described(given)}")
    columns: dict[str, NDArray[Any]] = {}
    for name, values in given.items():
        try:
            columns[str(name)] = read_column(as_array(f"columns[{name!r}]", values))
        except ValueError as problem:
            raise SamplesError(f"columns[{name!r}] {problem}") from None
    problems = column_problems(columns, n)
    if problems:
        raise SamplesError("; ".join(problems))
    return columns
