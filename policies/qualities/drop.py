"""Accuracy lost against another policy of the same network, as a quality that can be counted and bounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.qualities.base import NOWHERE, CountedQuality
from policies.tables.base import Truth
from policies.views.view import RuleView


@dataclass(frozen=True, eq=False)
class Drop(CountedQuality[Truth]):
    """The reference's accuracy less the policy's own; it lies between -1 and 1.

    It is no quality of a goal: what a reference answers cannot be told from what a rule sees.

    Attributes:
        reference_is_right: Whether the reference answers each sample rightly, shape (N,); None for always.
    """

    name: ClassVar[str] = "drop"
    is_maximised: ClassVar[bool] = False
    task: ClassVar[str | None] = None
    lowest: ClassVar[float] = -1.0

    reference_is_right: NDArray[np.bool_] | None = None

    def n_tallies(self, truth: Truth) -> int:
        """Two."""
        return 2

    def marks(self, view: RuleView, truth: Truth) -> NDArray[np.int64]:
        """Right answers, then the reference's."""
        right = np.where(truth.right(view.answers), 0, NOWHERE)
        reference = np.ones(len(right), dtype=bool) if self.reference_is_right is None else self.reference_is_right
        return np.stack([right, np.broadcast_to(np.where(reference, 1, NOWHERE)[:, None], right.shape)])

    def value(self, tallies: NDArray[Any], strata: NDArray[Any]) -> NDArray[np.float64]:
        """The difference of right answers over all."""
        return np.asarray((tallies[:, 1] - tallies[:, 0]) / strata.sum())

    def worst(self, strata: NDArray[np.float64]) -> NDArray[np.float64]:
        """Wrong where the reference is right."""
        return np.array([0.0, 1.0])
