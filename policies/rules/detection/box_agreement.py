"""Leave when an exit finds what the one before it has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.calibration.box_temperature import tempered_boxes
from policies.rules.base import Gate, RuleParams, State, Step
from policies.rules.detection.agreement import agreement
from policies.rules.detection.box_scores import BoxRule
from policies.tables.detection import DetectionTable


class BoxAgreementParams(RuleParams):
    """Parameters of :class:`BoxAgreementRule`.

    Attributes:
        least_score: Tempered score that a box needs to be looked at.
    """

    least_score: Annotated[float, Field(ge=0, le=1)] = 0.3


@dataclass(frozen=True)
class BoxAgreementGate(Gate):
    """The agreement of an exit's boxes with those of the exit before, which it remembers.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        least_score: Tempered score that a box needs to be looked at.
    """

    temperatures: NDArray[np.float64]
    least_score: float

    def step(self, state: State, exit_index: int, outputs: NDArray[np.float32]) -> Step:
        """Compare with the exit before; nobody leaves at the first one."""
        boxes = tempered_boxes(outputs, float(self.temperatures[exit_index]))
        if not state:
            return Step(np.full(len(boxes), -np.inf), boxes, state=(boxes,))
        return Step(agreement(boxes, state[0], self.least_score), boxes, state=(boxes,))


class BoxAgreementRule(BoxRule):
    """F1 of the boxes that are matched between an exit and the one before it; nobody leaves at the first exit.

    It is what patience is to classes (Zhou et al., "BERT Loses Patience" (PABEE), NeurIPS 2020), with a finer scale.
    """

    name: ClassVar[str] = "box-agreement"
    params_type: ClassVar[type[RuleParams]] = BoxAgreementParams

    def choices(self, table: DetectionTable) -> Mapping[str, tuple[Any, ...]]:
        """Boxes that may be objects, those that are likely, and nearly all."""
        return {"least_score": (0.3, 0.5, 0.1)}

    def gate(self, temperatures: NDArray[np.float64], params: BoxAgreementParams) -> BoxAgreementGate:
        """The gate after the given temperatures."""
        return BoxAgreementGate(temperatures, params.least_score)
