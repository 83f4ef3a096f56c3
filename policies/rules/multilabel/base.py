"""What rules for sets of labels share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.rules.base import Gate, Rule, RuleParams, State, Step
from policies.rules.multilabel.label_scores import LabelScore, label_probabilities
from policies.tables.multilabel import LabelOutputs, MultiLabelTable


def label_step(
    scores: NDArray[np.float64],
    probabilities: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    state: State = (),
    eligible: NDArray[np.bool_] | None = None,
) -> Step:
    """The step of a network with sets of labels: every label is answered whose probability reaches its threshold.

    Args:
        scores: Higher means safer to leave, shape (n,) or (n, S).
        probabilities: Probability of each label, shape (n, L).
        thresholds: From which probability on each label is answered, shape (n, L).
        state: What the next step needs to know of the n samples.
        eligible: Whether each sample may leave at all, shape (n,); everywhere where None.
    """
    return Step(scores, probabilities >= thresholds, probabilities, state, eligible)


class LabelRule(Rule[MultiLabelTable]):
    """A rule that looks at the probabilities of labels."""

    task: ClassVar[str] = MultiLabelTable.task
    least_classes: ClassVar[int] = 1


@dataclass(frozen=True)
class LabelScoreGate(Gate):
    """A score of the tempered probabilities of the exit itself.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        score: Function from probabilities and thresholds to scores, shape (n,); higher means safer to leave.
    """

    temperatures: NDArray[np.float64]
    score: LabelScore

    def step(self, state: State, exit_index: int, outputs: LabelOutputs) -> Step:
        """Score the exit."""
        probabilities = label_probabilities(outputs, self.temperatures[exit_index])
        return label_step(self.score(probabilities, outputs.thresholds), probabilities, outputs.thresholds)


class LabelScoreRule(LabelRule):
    """Leave where a score of the exit's own probabilities, after temperature scaling, is high enough."""

    @staticmethod
    @abstractmethod
    def score(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Higher means safer to leave: (n, L) and (n, L) to (n,)."""

    def gate(self, temperatures: NDArray[np.float64], params: RuleParams) -> LabelScoreGate:
        """The score after the given temperatures."""
        return LabelScoreGate(temperatures, self.score)
