"""A quality of those samples that have one value of a column, which its name says: ``accuracy where site = A``."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.names import list_some
from policies.qualities.base import NOWHERE, CountedQuality, Judge, MeanQuality, PooledQuality, Quality
from policies.tables.base import Truth
from policies.views.view import RuleView


_WHERE, _IS = " where ", " = "


def name_where(name: str, column: str, value: str) -> str:
    """What a quality, or a part of a claim, is called where a column has a value: ``accuracy where site = A``."""
    return f"{name}{_WHERE}{column}{_IS}{value}"


def split_where(name: str) -> tuple[str, str, str] | None:
    """The quality, the column and the value of a name that :func:`name_where` made; None of any other name."""
    # The name of a label, in brackets, may be any text.
    start = name.find("]") + 1 if "[" in name.partition(_WHERE)[0] else 0
    at = name.find(_WHERE, start)
    column, found, value = name[at + len(_WHERE) :].partition(_IS)
    return (name[:at], column, value) if at > 0 and found else None


def quality_where(quality: Quality[Any], column: str, value: str) -> Quality[Any]:
    """A quality of those samples alone that have a value.

    Args:
        quality: Quality of all samples, which is counted or a mean of answers' figures.
        column: Name of the column.
        value: The value, as text.

    Raises:
        ExitSearchError: If the quality looks at all answers together in a way of its own.
    """
    if isinstance(quality, CountedQuality):
        return CountedWhere(quality, column, value)
    if isinstance(quality, MeanQuality):
        return MeanWhere(quality, column, value)
    raise ExitSearchError(
        f"quality {quality.name!r} must be counted, or a mean over answers, to be judged where {column}{_IS}{value} "
        f"but is neither; leave that out"
    )


@dataclass(frozen=True)
class _Where(Quality[Truth]):
    """What the quality of some samples has in common with that of all.

    Attributes:
        quality: Quality of all samples.
        column: Name of the column.
        column_value: The value that those samples have, as text.
    """

    is_share: ClassVar[bool] = False

    quality: Quality[Any]
    column: str
    column_value: str

    @property
    def name(self) -> str:  # type: ignore[override]  # it depends on the samples
        """The quality's own name, and which samples it is of."""
        return name_where(self.quality.name, self.column, self.column_value)

    @property
    def task(self) -> str | None:  # type: ignore[override]  # it depends on the quality
        """The kind of answers that it judges."""
        return self.quality.task

    @property
    def is_maximised(self) -> bool:  # type: ignore[override]  # it depends on the quality
        """Whether larger is better."""
        return self.quality.is_maximised

    @property
    def looks_back(self) -> bool:  # type: ignore[override]  # it depends on the quality
        """Whether it looks at what the exits before the one taken would have answered too."""
        return self.quality.looks_back

    @property
    def lowest(self) -> float:  # type: ignore[override]  # it depends on the quality
        """Least possible value."""
        return self.quality.lowest

    @property
    def highest(self) -> float:  # type: ignore[override]  # it depends on the quality
        """Largest possible value."""
        return self.quality.highest

    def require_fits(self, truth: Truth) -> None:
        """Refuse a truth that does not know which samples have the value, or that none has it.

        Args:
            truth: What answers are judged by.

        Raises:
            ExitSearchError: If it does not.
        """
        self.quality.require_fits(truth)
        if self.column not in truth.facts.names:
            there = f"only {list_some(truth.facts.names)}" if truth.facts.names else "none"
            raise ExitSearchError(
                f"quality {self.name!r} takes a column {self.column!r} of the table but of columns there is {there}; "
                f"give it with --columns, or if the kind of answers is your own, hand `facts` on in its Truth"
            )

    def among(self, truth: Truth) -> NDArray[np.bool_]:
        """Which samples have the value, shape (N,)."""
        return truth.facts.are(self.column, self.column_value)


@dataclass(frozen=True)
class CountedWhere(_Where, CountedQuality[Truth]):
    """A counted quality of those samples alone that have a value: the others add to no tally and are in no stratum.

    It is not a number where no sample has the value.
    """

    quality: CountedQuality[Any]

    @property
    def counts(self) -> Hashable:
        """What is counted, and where."""
        return self.quality.counts, self.column, self.column_value

    def n_tallies(self, truth: Truth) -> int:
        """As many as of all samples."""
        return self.quality.n_tallies(truth)

    def marks(self, view: RuleView, truth: Truth) -> NDArray[np.int64]:
        """Those of the samples that have the value."""
        return np.where(self.among(truth)[None, :, None], self.quality.marks(view, truth), NOWHERE)

    def strata(self, truth: Truth) -> NDArray[np.int64]:
        """Those of the samples that have the value."""
        return np.where(self.among(truth), self.quality.strata(truth), NOWHERE)

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """As of all samples."""
        if not strata.any():
            return np.full(len(tallies), np.nan)
        return self.quality.value(tallies, strata)

    def worst(self, truth: Truth) -> NDArray[np.float64]:
        """As of all samples, for the share of them that have the value."""
        return np.asarray(self.quality.worst(truth) * self.among(truth).mean())


@dataclass(frozen=True)
class MeanWhere(_Where, PooledQuality[Truth]):
    """A mean of answers' own figures over those samples alone that have a value; not a number where none has it."""

    quality: MeanQuality[Any]

    def judge(self, view: RuleView, truth: Truth) -> Judge:
        """Each answer is judged once; arguments and result as for the base class."""
        rows = np.flatnonzero(self.among(truth))
        if not rows.size:
            return lambda exits: np.full(len(exits), np.nan)
        judge = self.quality.judge(view.take(rows), truth.take(rows))
        return lambda exits: judge(exits[:, rows])
