"""Leave when the largest class probability reaches the threshold."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered_probabilities
from policies.rules.base import Rule, RuleParams
from policies.rules.distributions import Outputs
from policies.rules.scores import confidence
from policies.rules.view import RuleView


class ConfidenceRule(Rule):
    """Maximum softmax probability after temperature scaling (Huang et al., "MSDNet", ICLR 2018)."""

    name: ClassVar[str] = "confidence"

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: RuleParams) -> RuleView:
        probabilities = tempered_probabilities(outputs.logits, temperatures)
        return RuleView.of_one_score(confidence(probabilities), probabilities)
