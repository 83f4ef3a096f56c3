"""What is independent of each other on a split: its samples, or the groups or parents that they come from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.tables.identity import Identified, stated_parents


@dataclass(frozen=True)
class Units:
    """Units sorted by name, so that nothing depends on how rows are ordered.

    Attributes:
        kind: ``group`` where the split has groups, else ``parent`` where its samples have parents, as these are named
            or ids tell them, else ``sample``.
        of_sample: The unit of each sample, shape (N,), in 0..n-1.
        n: Number of independent units.
    """

    kind: str
    of_sample: NDArray[np.int64]
    n: int

    @classmethod
    def of(cls, split: Identified) -> Units:
        """The units of a table, or of a split of the data."""
        origins = {"group": split.groups, "parent": stated_parents(split), "sample": split.ids}
        kind, names = next((kind, names) for kind, names in origins.items() if names is not None)
        unique, codes = np.unique(names, return_inverse=True)
        return cls(kind, codes, len(unique))

    @property
    def hold_several(self) -> bool:
        """Whether some unit holds several samples, so that its mean loss may lie between 0 and 1."""
        return self.n < self.of_sample.size

    def among(self, among: NDArray[np.bool_]) -> Units:
        """The units that some of the samples belong to, marked in shape (N,), as if there were no others."""
        unique, codes = np.unique(self.of_sample[among], return_inverse=True)
        return Units(self.kind, codes, len(unique))

    def mean(self, losses: NDArray[np.float64], among: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Mean loss per unit among some samples, shape (n,), of the units that have any.

        Args:
            losses: Loss of each sample, shape (N,).
            among: Whether each sample counts, shape (N,).
        """
        counts = np.bincount(self.of_sample[among])
        sums = np.bincount(self.of_sample[among], weights=losses[among])
        return np.asarray(sums[counts > 0] / counts[counts > 0])
