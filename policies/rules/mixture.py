"""Each exit by its own score."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered_probabilities
from policies.rules.base import Rule, RuleParams
from policies.rules.distributions import Held, Outputs
from policies.rules.scores import SCORES, run_length
from policies.rules.view import Combine, RuleView


class MixtureRule(Rule):
    """A policy chooses for every exit one score and its threshold, or closes the exit.

    The columns are, in this order, confidence, margin, entropy and the run of equal predictions.
    """

    name: ClassVar[str] = "mixture"

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: RuleParams) -> RuleView:
        probabilities = tempered_probabilities(outputs.logits, temperatures)
        runs = run_length(np.asarray(probabilities.argmax(axis=2)))
        columns = [*(score(probabilities) for score in SCORES.values()), runs.astype(np.float64)]
        return RuleView(np.stack(columns, axis=2), np.ones(runs.shape, dtype=bool), Held(probabilities), Combine.ONE)
