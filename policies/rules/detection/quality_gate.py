"""Leave when enough objects are surely there, and the confidence is high enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.rules.base import Gate, RuleParams, State, Step
from policies.rules.detection.box_scores import BoxRule, scores_of
from policies.rules.detection.routed import RoutedGate, RoutedParams, routed_gate
from policies.tables.detection import DetectionTable


class QualityGateParams(RoutedParams):
    """Parameters of :class:`QualityGateRule`.

    Attributes:
        objectness: Tempered score above which a box is an object.
        least_objects: Number of objects that an image needs to leave.
    """

    objectness: Annotated[float, Field(ge=0, lt=1)] = 0.5
    least_objects: Annotated[int, Field(ge=0)] = 3


@dataclass(frozen=True)
class QualityGate(Gate):
    """A routed gate that only images with enough objects may leave by.

    Attributes:
        routed: The gate that scores the exits.
        objectness: Tempered score above which a box is an object.
        least_objects: Number of objects that an image needs to leave.
    """

    routed: RoutedGate
    objectness: float
    least_objects: int

    def step(self, state: State, exit_index: int, outputs: NDArray[np.float32]) -> Step:
        """Count the objects."""
        step = self.routed.step(state, exit_index, outputs)
        n_objects = (scores_of(step.answers) > self.objectness).sum(axis=1)
        return replace(step, eligible=np.asarray(n_objects >= self.least_objects))


class QualityGateRule(BoxRule):
    """At least ``least_objects`` boxes with a score above ``objectness``; then the confidence of ``routed`` decides.

    With thresholds of 0 it is the deterministic gate alone.
    """

    name: ClassVar[str] = "quality-gate"
    params_type: ClassVar[type[RuleParams]] = QualityGateParams

    def choices(self, table: DetectionTable) -> Mapping[str, tuple[Any, ...]]:
        """Strict gates and relaxed ones."""
        return {"objectness": (0.5, 0.3), "least_objects": (3, 2, 1)}

    def gate(self, temperatures: NDArray[np.float64], params: QualityGateParams) -> QualityGate:
        """The gate with its temperatures."""
        return QualityGate(routed_gate(self.name, temperatures, params), params.objectness, params.least_objects)
