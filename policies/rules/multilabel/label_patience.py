"""Leave when enough exits in a row have answered the same set of labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.rules.base import Gate, RuleParams, State, Step
from policies.rules.multilabel.base import LabelRule, label_step
from policies.rules.multilabel.label_scores import label_probabilities, least_confidence
from policies.tables.multilabel import LabelOutputs


@dataclass(frozen=True)
class LabelPatienceGate(Gate):
    """The run of equal sets, this exit's included, and how sure the exit is of its own.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
    """

    temperatures: NDArray[np.float64]

    def step(self, state: State, exit_index: int, outputs: LabelOutputs) -> Step:
        """Make the run longer, or begin a new one."""
        probabilities = label_probabilities(outputs, self.temperatures[exit_index])
        answers, run = probabilities >= outputs.thresholds, np.ones(len(probabilities))
        if state:
            before, length = state
            run = np.where((answers == before).all(axis=1), length + 1, run)
        # In [0, 1/2], so that no sureness makes up for an exit.
        sureness = least_confidence(probabilities, outputs.thresholds) - 0.5
        return label_step(run + sureness, probabilities, outputs.thresholds, (answers, run))


class LabelPatienceRule(LabelRule):
    """Length of the run of equal sets of labels, plus min_l max(p, 1 - p) - 1/2: of equal runs the surer one first.

    What patience is for classes (Zhou et al., "BERT Loses Patience" (PABEE), NeurIPS 2020). The first exit has a run of
    1; a threshold of k + 1 is the paper's patience k.
    """

    name: ClassVar[str] = "label-patience"

    def gate(self, temperatures: NDArray[np.float64], params: RuleParams) -> LabelPatienceGate:
        """The gate after the given temperatures."""
        return LabelPatienceGate(temperatures)
