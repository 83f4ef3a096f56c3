"""Leave when each label is as far from being answered otherwise as that label must be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.rules.base import Gate, RuleParams, State, Step, only
from policies.rules.multilabel.base import LabelRule, label_step
from policies.rules.multilabel.label_scores import label_margins, label_probabilities
from policies.tables.multilabel import LabelOutputs
from policies.views.view import Combine


@dataclass(frozen=True)
class LabelMarginsGate(Gate):
    """One column per label: how far its probability is from its threshold.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
    """

    combine: ClassVar[Combine] = Combine.ALL

    temperatures: NDArray[np.float64]

    def step(self, state: State, exit_index: int, outputs: LabelOutputs) -> Step:
        """The margins of the exit."""
        probabilities = label_probabilities(outputs, self.temperatures[exit_index])
        return label_step(label_margins(probabilities, outputs.thresholds), probabilities, outputs.thresholds)


class LabelMarginsRule(LabelRule):
    """Column ``l`` holds abs(p - t) of label ``l``; every label must reach its own threshold."""

    name: ClassVar[str] = "label-margins"

    def n_classes(self, params: RuleParams, n_columns: Sequence[int]) -> int | None:
        """Each exit has one threshold per label."""
        return only({*n_columns})

    def gate(self, temperatures: NDArray[np.float64], params: RuleParams) -> LabelMarginsGate:
        """The gate after the given temperatures."""
        return LabelMarginsGate(temperatures)
