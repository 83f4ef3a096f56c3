"""Leave when enough exits in a row have given the same answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered
from policies.rules.base import Gate, Rule, RuleParams, State, Step
from policies.rules.scoring.run_length import longer_run, no_run
from policies.tables.classification import ClassificationTable, ExitOutputs


@dataclass(frozen=True)
class PatienceGate(Gate):
    """The run of equal predictions, this exit's included.

    Attributes:
        temperatures: Temperature of each exit, shape (E,); they matter for the probabilities answered with alone.
    """

    temperatures: NDArray[np.float64]

    def begin(self, n_samples: int) -> State:
        """No answer yet."""
        return no_run(n_samples)

    def step(self, state: State, exit_index: int, outputs: ExitOutputs) -> Step:
        """Make the run longer, or begin a new one."""
        probabilities = tempered(outputs.logits, self.temperatures[exit_index])
        state = longer_run(state, np.asarray(probabilities.argmax(axis=1)))
        return Step.of(state[1].astype(np.float64), probabilities, state)


class PatienceRule(Rule[ClassificationTable]):
    """Length of the run of equal predictions (Zhou et al., "BERT Loses Patience" (PABEE), NeurIPS 2020).

    The first exit has a run of 1; a threshold of k + 1 is the paper's patience k.
    """

    name: ClassVar[str] = "patience"

    def gate(self, temperatures: NDArray[np.float64], params: RuleParams) -> PatienceGate:
        """The gate after the given temperatures."""
        return PatienceGate(temperatures)
