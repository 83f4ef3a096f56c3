"""Leave when the surest boxes are sure enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.rules.base import RuleParams
from policies.rules.detection.box_scores import BoxRule, BoxScoreGate, mean_of_best
from policies.tables.detection import DetectionTable


class TopScoresParams(RuleParams):
    """Parameters of :class:`TopScoresRule`.

    Attributes:
        k: Number of boxes, the surest ones, whose scores are averaged.
    """

    k: Annotated[int, Field(ge=1)] = 3


@dataclass(frozen=True)
class TopScoresGate(BoxScoreGate):
    """The mean of the best scores.

    Attributes:
        k: Number of boxes whose scores are averaged.
    """

    k: int

    def score(self, boxes: NDArray[np.float32]) -> NDArray[np.float64]:
        """The mean: (n, D, 6) to (n,)."""
        return mean_of_best(boxes, self.k)


class TopScoresRule(BoxRule):
    """Mean of the ``k`` best tempered scores; of all where an image has fewer boxes, 0 where it has none."""

    name: ClassVar[str] = "top-scores"
    params_type: ClassVar[type[RuleParams]] = TopScoresParams

    def choices(self, table: DetectionTable) -> Mapping[str, tuple[Any, ...]]:
        """A few boxes, the best one alone, and many."""
        return {"k": (3, 1, 10)}

    def gate(self, temperatures: NDArray[np.float64], params: TopScoresParams) -> TopScoresGate:
        """The gate after the given temperatures."""
        return TopScoresGate(temperatures, params.k)
