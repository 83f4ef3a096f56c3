"""Accuracy lost against another policy of the same network, as a quality that can be counted and bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.qualities.quality import NOWHERE, Accuracy, Quality
from policies.rules import RuleView


@dataclass(frozen=True, eq=False)
class Drop(Quality):
    """The reference's accuracy less the policy's own; it lies between -1 and 1.

    It is no quality of a goal: what a reference answers cannot be told from what a rule sees.

    Attributes:
        reference_is_right: Whether the reference answers each sample rightly, shape (N,); None for always.
    """

    name: ClassVar[str] = "drop"
    is_maximised: ClassVar[bool] = False
    is_share: ClassVar[bool] = True

    reference_is_right: NDArray[np.bool_] | None = None

    def n_tallies(self, n_classes: int) -> int:
        """Two."""
        return 2

    def marks(self, view: RuleView, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Right answers, then the reference's."""
        right = Accuracy().marks(view, labels)
        reference = np.ones(len(labels), dtype=bool) if self.reference_is_right is None else self.reference_is_right
        return np.concatenate([right, np.broadcast_to(np.where(reference, 1, NOWHERE)[None, :, None], right.shape)])

    def value(self, tallies: NDArray[np.int64], label_counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """The difference of right answers over all."""
        return np.asarray((tallies[:, 1] - tallies[:, 0]) / label_counts.sum())
