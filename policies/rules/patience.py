"""Leave when enough exits in a row have given the same answer."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered_probabilities
from policies.rules.base import Rule, RuleParams
from policies.rules.distributions import Outputs
from policies.rules.scores import run_length
from policies.rules.view import RuleView


class PatienceRule(Rule):
    """Length of the run of equal predictions (Zhou et al., "BERT Loses Patience" (PABEE), NeurIPS 2020).

    The first exit has a run of 1; a threshold of k + 1 is the paper's patience k.
    """

    name: ClassVar[str] = "patience"

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: RuleParams) -> RuleView:
        probabilities = tempered_probabilities(outputs.logits, temperatures)
        runs = run_length(np.asarray(probabilities.argmax(axis=2)))
        return RuleView.of_one_score(runs.astype(np.float64), probabilities)
