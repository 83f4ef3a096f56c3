"""The values of a column for every one of which a claim is made, and which of those that are judged have which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from policies.errors import ClaimError
from policies.judging.judged import judged_units
from policies.parents.membership import Parents
from policies.tables.identity import Identified, stated_parents
from policies.tables.sample_arrays.columns import why_no_column
from policies.tables.units import Units


MOST_VALUES = 50
"""Most values of a column that a claim can be made for every one of."""


class HasColumns(Identified, Protocol):
    """A table, or a split of the data."""

    @property
    def columns(self) -> Mapping[str, NDArray[Any]]:
        """Facts about samples by name, shape (N,) each."""


@dataclass(frozen=True)
class Subgroups:
    """The values of a column, and who has which: ``J`` that are judged, samples or the parents that they are pooled to.

    Attributes:
        column: Name of the column.
        values: Its values in their order, as text, length K.
        of_each: Index of the value of each that is judged, shape (J,), in 0..K-1.
        n_units: Number of independent units of each value, shape (K,).
    """

    column: str
    values: tuple[str, ...]
    of_each: NDArray[np.int64]
    n_units: NDArray[np.int64]

    @classmethod
    def of(
        cls, split: HasColumns, column: str, parents: Parents | None = None, *, is_claimed: bool = True
    ) -> Subgroups:
        """Those of a table, or of a split of the data.

        Args:
            split: The samples.
            column: Name of the column.
            parents: Which samples make which parent, where answers are pooled.
            is_claimed: Whether something is to be claimed for every value of this split; else it is one that policies
                are searched on, which may have few values, or one for each unit.

        Raises:
            ClaimError: If there is no such column, samples of one unit differ in it, or, where something is to be
                claimed, it has one value only, more than 50 or a value for each unit.
        """
        why_not = why_no_column(split.columns, column)
        if why_not:
            raise ClaimError(f"to claim something for every value of {column!r} {why_not}")
        found, codes = np.unique(split.columns[column], return_inverse=True)
        values, codes = tuple(map(str, found)), codes.astype(np.int64)
        if is_claimed and len(values) == 1:
            raise ClaimError(
                f"to claim something for every value of {column!r} it must have several but all {len(codes)} samples "
                f"have {values[0]!r} (a constant column); claim it without by"
            )
        _require_one_value(split, column, values, codes)
        of_each = codes if parents is None else codes[parents.first_rows]
        units = judged_units(Units.of(split), parents)
        if is_claimed and (len(values) > MOST_VALUES or len(values) >= units.n):
            raise ClaimError(
                f"to claim something for every value of {column!r} there may be at most {MOST_VALUES}, and fewer than "
                f"{units.kind}s, but there are {len(values)} values in {units.n} {units.kind}s; take a column that "
                f"names kinds, not {units.kind}s"
            )
        n_units = np.array([units.among(of_each == k).n for k in range(len(values))])
        return cls(column, values, of_each, n_units)

    def phrase(self, value: str) -> str:
        """What a person calls a subgroup, such as ``site = A``."""
        return f"{self.column} = {value}"


def rows_where(split: HasColumns, column: str, value: str) -> NDArray[np.int64]:
    """Rows of the samples that have a value; none where there is no such column."""
    own = split.columns.get(column)
    return np.arange(0) if own is None else np.flatnonzero(own.astype(np.str_) == value)


def _require_one_value(split: HasColumns, column: str, values: tuple[str, ...], codes: NDArray[np.int64]) -> None:
    """Refuse units, groups or else parents, whose samples differ in a column."""
    units = Units.of(split)
    if not units.hold_several:
        return
    first = np.full(units.n, -1)
    # Of several samples of a unit the first one comes last.
    first[units.of_sample[::-1]] = codes[::-1]
    odd = np.flatnonzero(codes != first[units.of_sample])
    if odd.size:
        unit = units.of_sample[odd[0]]
        names = split.groups if units.kind == "group" else stated_parents(split)
        name = "" if names is None else str(np.unique(names)[unit])
        raise ClaimError(
            f"to claim something for every value of {column!r} the samples of a {units.kind} must have one but those "
            f"of {name!r} have {values[first[unit]]!r} and {values[codes[odd[0]]]!r} "
            f"({len(np.unique(units.of_sample[odd]))} of {units.n} such {units.kind}s); correct the column, or the "
            f"{units.kind}s"
        )
