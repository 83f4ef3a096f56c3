"""A threshold per exit and predicted class, on top of any score."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered
from policies.rules.base import Gate, Rule, RuleParams, State, Step, only
from policies.rules.scoring.scores import SCORES
from policies.tables.classification import ClassificationTable, ExitOutputs


class ClassWiseParams(RuleParams):
    """Parameters of :class:`ClassWiseRule`.

    Attributes:
        score: Score that the thresholds apply to.
    """

    score: Literal["confidence", "margin", "entropy"] = "confidence"


@dataclass(frozen=True)
class ClassWiseGate(Gate):
    """One column per class: the score where the class is predicted, minus infinity elsewhere.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        score: Function from probabilities, shape (n, C), to scores, shape (n,).
    """

    temperatures: NDArray[np.float64]
    score: Callable[[NDArray[np.float64]], NDArray[np.float64]]

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """Put the score into the column of the predicted class."""
        probabilities = tempered(outputs.logits, self.temperatures[exit_index])
        columns = np.full(probabilities.shape, -np.inf)
        np.put_along_axis(columns, probabilities.argmax(axis=1)[:, None], self.score(probabilities)[:, None], axis=1)
        return Step.of(columns, probabilities)


class ClassWiseRule(Rule[ClassificationTable]):
    """Column ``c`` holds the score where class ``c`` is predicted and reaches no threshold elsewhere."""

    name: ClassVar[str] = "class-wise"
    params_type: ClassVar[type[RuleParams]] = ClassWiseParams

    def n_classes(self, params: ClassWiseParams, n_columns: Sequence[int]) -> int | None:
        """Each exit has one threshold per class."""
        return only({*n_columns})

    def choices(self, table: ClassificationTable) -> Mapping[str, tuple[Any, ...]]:
        """All scores."""
        return {"score": tuple(SCORES)}

    def gate(self, temperatures: NDArray[np.float64], params: ClassWiseParams) -> ClassWiseGate:
        """The gate of the chosen score."""
        return ClassWiseGate(temperatures, SCORES[params.score])
