"""What there is to share out among the splits, and what a share of it comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
import math
from typing import Any

import numpy as np

from policies.selection.split_size import SplitSize, SubgroupSize
from policies.tables.units import Units
from trainables.data import SPLIT_NAMES, SplitFractions, Splits
from trainables.tasks import TrainingTask


_ROUNDING = 1e-9


@dataclass(frozen=True)
class SplitUnits:
    """What there is to share out.

    Attributes:
        n: Samples, or groups where there are groups, without an official test set.
        smallest_class: Units of the class that has fewest; all where splits may be without a class.
        kind: What one unit is called, such as ``sample`` or ``group``.
        hold_several: Whether some unit holds several answers: of samples, or where these are pooled of parents.
        has_official_test: Whether ``test`` is given, so that only the other three share the units.
        n_samples: Number of samples that the units hold.
        positives: How often each label is on, as a share, length L; a single 1 where there are no sets of labels.
        label_names: Names of the labels, length L; none where there are no sets of labels.
        smallest_share: Share of the units that have the rarest value of the column that a claim is made by; 1 without.
        n_subgroups: Number of values of that column; 0 without.
    """

    n: int
    smallest_class: int
    kind: str = "sample"
    hold_several: bool = False
    has_official_test: bool = False
    n_samples: int = 0
    positives: tuple[float, ...] = (1.0,)
    label_names: tuple[str, ...] = ()
    smallest_share: float = 1.0
    n_subgroups: int = 0

    @classmethod
    def of(cls, splits: Splits, task: TrainingTask[Any], size: SplitSize) -> SplitUnits:
        """What there was, before it was shared out.

        Args:
            splits: The data, shared out.
            task: Tells which classes a sample holds.
            size: Size of a split: tells what is a unit, whether it holds several answers, names of labels, and how
                rare the rarest subgroup is.
        """
        shared = [splits[name] for name in SPLIT_NAMES if name != "test" or not splits.has_official_test]
        n_classes = len(splits.class_names)
        holds = np.concatenate([task.memberships(split, n_classes) for split in shared])
        names = np.concatenate([split.ids if split.groups is None else split.groups for split in shared])
        units, unit_of = np.unique(names, return_inverse=True)
        of_unit = np.zeros((len(units), n_classes), dtype=np.bool_)
        np.logical_or.at(of_unit, unit_of, holds)
        rarest = size.smallest_subgroup
        return cls(
            n=len(units),
            smallest_class=int(of_unit.sum(axis=0).min()) if splits.needs_every_class else len(units),
            kind=size.units.kind,
            hold_several=size.units.hold_several,
            has_official_test=splits.has_official_test,
            n_samples=len(names),
            positives=tuple(of_unit.mean(axis=0).tolist()) if size.label_names else (1.0,),
            label_names=size.label_names,
            smallest_share=1.0 if rarest is None else rarest.units.n / size.units.n,
            n_subgroups=len(size.subgroups),
        )

    def size(self, n: int) -> SplitSize:
        """The size of a split of so many of the units, with as many of each class in proportion.

        Of subgroups all are as small as the smallest, which decides.
        """
        smallest = self.smallest_class * n // self.n
        size = SplitSize(self._units(n), smallest, np.array(self.positives), self.label_names)
        if self.smallest_share == 1:
            return size
        rarest = SubgroupSize("the value is rarest", self._units(math.floor(n * self.smallest_share + _ROUNDING)))
        return replace(size, subgroups=(rarest,) * max(self.n_subgroups, 1))

    def _units(self, n: int) -> Units:
        return Units(self.kind, np.repeat(np.arange(n), 2 if self.hold_several else 1), n)


def units_of(name: str, fractions: SplitFractions, units: SplitUnits) -> int:
    """About how many units a split gets, rounded down."""
    whole = 1 - fractions.test if units.has_official_test else 1.0
    share: float = getattr(fractions, name)
    return math.floor(units.n * share / whole + _ROUNDING)


def in_sweep_file(fractions: SplitFractions) -> str:
    """Fractions as a sweep file says them."""
    return "{" + ", ".join(f"{split}: {getattr(fractions, split):g}" for split in SPLIT_NAMES) + "}"
