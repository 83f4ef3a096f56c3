"""Each exit by its own score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered
from policies.rules.base import Gate, Rule, RuleParams, State, Step
from policies.rules.scoring.run_length import longer_run, no_run
from policies.rules.scoring.scores import SCORES
from policies.tables.classification import ClassificationTable, ExitOutputs
from policies.views.view import Combine


@dataclass(frozen=True)
class MixtureGate(Gate):
    """Confidence, margin, entropy and the run of equal predictions.

    Attributes:
        temperatures: Temperature of each exit, shape (E,).
    """

    combine: ClassVar[Combine] = Combine.ONE

    temperatures: NDArray[np.float64]

    def begin(self, n_samples: int) -> State:
        """No answer yet."""
        return no_run(n_samples)

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """All scores of the exit."""
        probabilities = tempered(outputs.logits, self.temperatures[exit_index])
        state = longer_run(state, np.asarray(probabilities.argmax(axis=1)))
        columns = [*(score(probabilities) for score in SCORES.values()), state[1].astype(np.float64)]
        return Step.of(np.stack(columns, axis=1), probabilities, state)


class MixtureRule(Rule[ClassificationTable]):
    """A policy chooses for every exit one score and its threshold, or closes the exit.

    The columns are, in this order, confidence, margin, entropy and the run of equal predictions.
    """

    name: ClassVar[str] = "mixture"

    def gate(self, temperatures: NDArray[np.float64], params: RuleParams) -> MixtureGate:
        """The gate after the given temperatures."""
        return MixtureGate(temperatures)
