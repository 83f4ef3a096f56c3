"""Leave when enough boxes are sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.rules.base import RuleParams
from policies.rules.detection.box_scores import BoxRule, BoxScoreGate, scores_of
from policies.tables.detection import DetectionTable


class BoxCountParams(RuleParams):
    """Parameters of :class:`BoxCountRule`.

    Attributes:
        least_score: Tempered score above which a box is counted.
    """

    least_score: Annotated[float, Field(ge=0, lt=1)] = 0.5


@dataclass(frozen=True)
class BoxCountGate(BoxScoreGate):
    """The number of sure boxes; among equal numbers the surer ones score higher.

    Attributes:
        least_score: Tempered score above which a box is counted.
    """

    least_score: float

    def score(self, boxes: NDArray[np.float32]) -> NDArray[np.float64]:
        """The number, and half the mean score of those counted, which is below one: (n, D, 6) to (n,)."""
        scores = scores_of(boxes)
        counted = np.where(scores > self.least_score, scores, 0.0)
        number = (counted > 0).sum(axis=1)
        return np.asarray(number + counted.sum(axis=1) / np.maximum(number, 1) / 2)


class BoxCountRule(BoxRule):
    """Number of boxes with a tempered score above ``least_score``, with half their mean score as a finer scale."""

    name: ClassVar[str] = "box-count"
    params_type: ClassVar[type[RuleParams]] = BoxCountParams

    def choices(self, table: DetectionTable) -> Mapping[str, tuple[Any, ...]]:
        """Boxes that are likely objects, that are surely, and that may be."""
        return {"least_score": (0.5, 0.3, 0.7)}

    def gate(self, temperatures: NDArray[np.float64], params: BoxCountParams) -> BoxCountGate:
        """The gate after the given temperatures."""
        return BoxCountGate(temperatures, params.least_score)
