"""How much can be learnt from a split, or from its samples with one value of a column: independent units and labels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
import math
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from policies.certificates.claims import Claim
from policies.certificates.label_ratios import LabelRatio
from policies.certificates.subgroups import HasColumns, Subgroups
from policies.judging.judged import judged_units
from policies.parents.membership import HasParents, Parents
from policies.pooling.answering import Answering
from policies.tables.base import ExitTable, Truth
from policies.tables.identity import Identified
from policies.tables.multilabel import LabelSets
from policies.tables.units import Units


_ROUNDING = 1e-9


class HasParentsAndColumns(HasParents, HasColumns, Protocol):
    """A table, or a split of the data."""


@dataclass(frozen=True)
class SubgroupSize:
    """How much can be learnt of a subgroup, the samples that have one value of a column.

    Attributes:
        name: What a person calls it, such as ``site = A``.
        units: Its independent units.
        value: The value, as text.
    """

    name: str
    units: Units
    value: str = ""

    @classmethod
    def all_of(cls, subgroups: Subgroups, units: Units) -> tuple[SubgroupSize, ...]:
        """Every subgroup, in the order of their values.

        Args:
            subgroups: Which of those that are judged has which value.
            units: The units that these belong to.
        """
        return tuple(
            cls(subgroups.phrase(value), units.among(subgroups.of_each == k), value)
            for k, value in enumerate(subgroups.values)
        )


@dataclass(frozen=True)
class SplitSize:
    """How much can be learnt from a split.

    Attributes:
        units: Independent units of the split: its samples, or its groups.
        smallest_class: Samples of the class that has the fewest, 0 for one that has none; None where some unit holds
            several samples, which may be of several classes.
        positives: How often each label is on, as a share, shape (L,); a single 1 where there are no sets of labels.
        label_names: Names of the labels, length L; none where there are no sets of labels.
        subgroups: Every subgroup, where something is claimed for every value of a column; else none.
    """

    units: Units
    smallest_class: int | None
    positives: NDArray[np.float64] = field(default_factory=lambda: np.ones(1), compare=False)
    label_names: tuple[str, ...] = ()
    subgroups: tuple[SubgroupSize, ...] = ()

    @classmethod
    def of(cls, split: Identified, truth: Truth, parents: Parents | None = None) -> SplitSize:
        """The size of a table, or of a split of the data.

        Args:
            split: The samples.
            truth: What answers are judged by, of what is judged: of samples, or of parents.
            parents: Which samples make which parent, where answers are pooled.
        """
        units = judged_units(Units.of(split), parents)
        smallest = None if units.hold_several else int(np.bincount(truth.strata, minlength=truth.n_strata).min())
        if isinstance(truth, LabelSets):
            return cls(units, smallest, truth.labels.mean(axis=0), truth.names)
        return cls(units, smallest)

    @classmethod
    def of_table(cls, table: ExitTable, *, by: str | None = None, is_claimed: bool = True) -> SplitSize:
        """The size of a table, as it is answered.

        Args:
            table: The table.
            by: Name of the column of a claim for every value of it; None where there is none.
            is_claimed: As for :meth:`with_subgroups`.

        Raises:
            ExitSearchError: If nothing can be claimed for every value of the column.
        """
        size = cls.answered(table, table.truth, table.answering)
        return size if by is None else size.with_subgroups(table, by, table.answering, is_claimed=is_claimed)

    @classmethod
    def answered(cls, split: HasParents, truth: Truth, answering: Answering) -> SplitSize:
        """The size of a table or a split, in what is judged: samples, or the parents that answers are pooled to.

        Args:
            split: The samples.
            truth: What answers about them are judged by.
            answering: How they are answered.

        Raises:
            ExitTableError: If answers are to be pooled and samples have no parents, or differ within one and must not.
        """
        if answering.pooling is None:
            return cls.of(split, truth)
        parents = Parents.of(split)
        return cls.of(split, truth.of_parents(parents.of_sample, parents.names, answering.parent_labels), parents)

    def with_subgroups(
        self, split: HasParentsAndColumns, by: str, answering: Answering, *, is_claimed: bool = True
    ) -> SplitSize:
        """The same with the subgroups of a claim for every value of a column.

        Args:
            split: The samples that it is the size of.
            by: Name of the column.
            answering: How they are answered.
            is_claimed: Whether the claim is made on this split; else policies are searched on it.

        Raises:
            ClaimError: If nothing can be claimed for every value of the column.
        """
        parents = None if answering.pooling is None else Parents.of(split)
        subgroups = Subgroups.of(split, by, parents, is_claimed=is_claimed)
        return replace(self, subgroups=SubgroupSize.all_of(subgroups, self.units))

    @property
    def smallest_subgroup(self) -> SubgroupSize | None:
        """The subgroup with the fewest units, of equal ones the first; None where there is none."""
        return min(self.subgroups, key=lambda own: own.units.n, default=None)

    def of_subgroup(self, subgroup: SubgroupSize) -> SplitSize:
        """The size of one of its subgroups, in which labels are taken to occur as often."""
        return replace(self, units=subgroup.units, subgroups=())

    def deciding(self, claim: Claim) -> SplitSize:
        """The size that decides whether a claim can be certified: that of the smallest subgroup where there are any."""
        smallest = self.smallest_subgroup
        return self if claim.by is None or smallest is None else replace(self, units=smallest.units)

    def with_labels_of(self, other: SplitSize) -> SplitSize:
        """The same with labels that occur as often as on another split."""
        return replace(self, positives=other.positives, label_names=other.label_names)

    def rarest_of(self, ratio: LabelRatio) -> float:
        """How often the rarest of the labels is on that a ratio counts by themselves."""
        if ratio.label is not None and self.label_names:
            return float(self.positives[ratio.place(self.label_names)])
        return float(self.positives.min())

    def counted_by(self, ratio: LabelRatio) -> tuple[float, int]:
        """How often the labels are on that a ratio counts, together, and how many they are.

        Of the least of several ratios it is the rarest label alone, which needs most.
        """
        if ratio.is_worst or ratio.label is not None:
            return self.rarest_of(ratio), 1
        return float(self.positives.sum()), len(self.positives)

    def lost_at_once(self, limit: float) -> float:
        """What a unit loses of Hamming loss that loses anything, as small as it can be where the limit is to be broken.

        One label of ``L`` is wrong; or where every unit may have that many wrong, the fewest that not every one may.

        Args:
            limit: Largest mean loss, in [0, 1).
        """
        n_labels = len(self.positives)
        return min(math.floor(limit * n_labels + _ROUNDING) + 1, n_labels) / n_labels

    def share_of(self, ratio: LabelRatio) -> float:
        """Share of the labels that a ratio counts that are on."""
        positives, n_labels = self.counted_by(ratio)
        return positives / n_labels
