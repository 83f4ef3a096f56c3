"""Rules that score the exit's own probabilities."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered
from policies.rules.base import Gate, Rule, RuleParams, State, Step
from policies.tables.classification import ClassificationTable, ExitOutputs


@dataclass(frozen=True)
class ScoreGate(Gate):
    """A score of the tempered probabilities of the exit itself.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        score: Function from probabilities, shape (n, C), to scores, (n,) or (n, S); higher means safer to leave.
    """

    temperatures: NDArray[np.float64]
    score: Callable[[NDArray[np.float64]], NDArray[np.float64]]

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """Score the exit."""
        probabilities = tempered(outputs.logits, self.temperatures[exit_index])
        return Step.of(self.score(probabilities), probabilities)


class SingleExitRule(Rule[ClassificationTable]):
    """Leave where a score of the exit's own probabilities, after temperature scaling, is high enough."""

    @staticmethod
    @abstractmethod
    def score(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """Higher means safer to leave: (n, C) to (n,)."""

    def gate(self, temperatures: NDArray[np.float64], params: RuleParams) -> ScoreGate:
        """The score after the given temperatures."""
        return ScoreGate(temperatures, self.score)
