"""Leave when no label has moved much since the exit before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.rules.base import Gate, RuleParams, State, Step
from policies.rules.multilabel.base import LabelRule, label_step
from policies.rules.multilabel.label_scores import label_probabilities
from policies.tables.multilabel import LabelOutputs


@dataclass(frozen=True)
class LabelMoveGate(Gate):
    """How little probabilities moved from those of the exit before, which it remembers.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
    """

    temperatures: NDArray[np.float64]

    def step(self, state: State, exit_index: int, outputs: LabelOutputs) -> Step:
        """Compare with the exit before; nobody leaves at the first one."""
        probabilities = label_probabilities(outputs, self.temperatures[exit_index])
        scores = -np.abs(probabilities - state[0]).max(axis=1) if state else np.full(len(probabilities), -np.inf)
        return label_step(scores, probabilities, outputs.thresholds, (probabilities,))


class LabelMoveRule(LabelRule):
    """Minus the largest change of any label's probability, -max_l abs(p_k - p_(k-1)), in [-1, 0]."""

    name: ClassVar[str] = "label-move"

    def gate(self, temperatures: NDArray[np.float64], params: RuleParams) -> LabelMoveGate:
        """The gate after the given temperatures."""
        return LabelMoveGate(temperatures)
