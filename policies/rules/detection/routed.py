"""Leave when the confidence that a network was trained to be routed by is high enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from policies.calibration.box_temperature import tempered_boxes, tempered_scores
from policies.errors import PolicyError
from policies.rules.base import Gate, RuleParams, State, Step
from policies.rules.detection.box_scores import BoxRule, mean_of_best


class RoutedParams(RuleParams):
    """Parameters of :class:`RoutedRule`.

    Attributes:
        k: Number of boxes, the surest ones, whose scores are averaged.
        confidence_temperatures: Temperature of the confidence of each exit, as training left it; 1 for all where it is
            empty.
    """

    k: Annotated[int, Field(ge=1)] = 5
    confidence_temperatures: tuple[Annotated[float, Field(gt=0)], ...] = ()


@dataclass(frozen=True)
class RoutedGate(Gate):
    """The confidence of the exit; what is answered are its boxes with scores that are tempered by themselves.

    Attributes:
        temperatures: Temperature of the scores of each exit, shape (E,).
        confidence_temperatures: Temperature of the confidence of each exit, shape (E,).
        k: Number of boxes whose scores are averaged.
    """

    temperatures: NDArray[np.float64]
    confidence_temperatures: NDArray[np.float64]
    k: int

    def step(self, state: State, exit_index: int, outputs: NDArray[np.float32]) -> Step:
        """The confidence comes from the scores as the network gives them."""
        confidence = tempered_scores(mean_of_best(outputs, self.k), float(self.confidence_temperatures[exit_index]))
        return Step(confidence, tempered_boxes(outputs, float(self.temperatures[exit_index])))


class RoutedRule(BoxRule):
    """``sigmoid(logit(mean of the k best scores) / T)`` with temperatures that belong to the confidence alone.

    Unlike ``top-scores`` the mean is tempered, not the scores that it is of, and the boxes that are answered keep
    theirs. This is what networks are trained by whose exits are routed in training.
    """

    name: ClassVar[str] = "routed"
    params_type: ClassVar[type[RuleParams]] = RoutedParams

    def gate(self, temperatures: NDArray[np.float64], params: RoutedParams) -> RoutedGate:
        """The gate with its temperatures."""
        return routed_gate(self.name, temperatures, params)


def routed_gate(rule: str, temperatures: NDArray[np.float64], params: RoutedParams) -> RoutedGate:
    """The gate of a rule's parameters.

    Args:
        rule: Name of the rule, for messages.
        temperatures: Temperature of the scores of each exit, shape (E,).
        params: Parameters with the temperatures of the confidence.

    Raises:
        PolicyError: If these are for another number of exits.
    """
    own = np.asarray(params.confidence_temperatures or np.ones(len(temperatures)), dtype=np.float64)
    if len(own) != len(temperatures):
        raise PolicyError(
            f"rule {rule!r}: 'confidence_temperatures' must be {len(temperatures)}, one per exit, but are {len(own)}"
        )
    return RoutedGate(temperatures, own, params.k)
