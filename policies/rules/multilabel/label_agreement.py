"""Leave when an exit answers what the one before it has answered, and is sure of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from policies.rules.base import Gate, RuleParams, State, Step
from policies.rules.multilabel.base import LabelRule, label_step
from policies.rules.multilabel.label_scores import LabelScore, label_probabilities, least_margin, mean_confidence
from policies.tables.multilabel import LabelOutputs, MultiLabelTable


_SCORES: dict[str, LabelScore] = {"margin": least_margin, "confidence": mean_confidence}


class LabelAgreementParams(RuleParams):
    """Parameters of :class:`LabelAgreementRule`.

    Attributes:
        score: Of those that agree: ``margin`` is the least abs(p - t) of any label, ``confidence`` the mean over labels
            of max(p, 1 - p).
    """

    score: Literal["margin", "confidence"] = "margin"


@dataclass(frozen=True)
class LabelAgreementGate(Gate):
    """A score where the set of labels is that of the exit before, which it remembers.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
        score: Function from probabilities and thresholds to scores, shape (n,).
    """

    temperatures: NDArray[np.float64]
    score: LabelScore

    def step(self, state: State, exit_index: int, outputs: LabelOutputs) -> Step:
        """Compare with the exit before; nobody leaves at the first one."""
        probabilities, thresholds = label_probabilities(outputs, self.temperatures[exit_index]), outputs.thresholds
        answers = probabilities >= thresholds
        agrees = (answers == state[0]).all(axis=1) if state else np.zeros(len(answers), dtype=np.bool_)
        return label_step(self.score(probabilities, thresholds), probabilities, thresholds, (answers,), agrees)


class LabelAgreementRule(LabelRule):
    """The least margin, or the mean confidence, of samples whose set of labels is that of the exit before.

    Others do not leave, and nobody leaves at the first exit: an exit that is seldom right costs those after it most of
    what they could save.
    """

    name: ClassVar[str] = "label-agreement"
    params_type: ClassVar[type[RuleParams]] = LabelAgreementParams

    def choices(self, table: MultiLabelTable) -> Mapping[str, tuple[Any, ...]]:
        """Both scores."""
        return {"score": tuple(_SCORES)}

    def gate(self, temperatures: NDArray[np.float64], params: LabelAgreementParams) -> LabelAgreementGate:
        """The gate of the chosen score."""
        return LabelAgreementGate(temperatures, _SCORES[params.score])
