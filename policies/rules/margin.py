"""Leave when the two most probable classes are far enough apart."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered_probabilities
from policies.rules.base import Rule, RuleParams
from policies.rules.distributions import Outputs
from policies.rules.scores import margin
from policies.rules.view import RuleView


class MarginRule(Rule):
    """Largest less second largest softmax probability after temperature scaling."""

    name: ClassVar[str] = "margin"

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: RuleParams) -> RuleView:
        probabilities = tempered_probabilities(outputs.logits, temperatures)
        return RuleView.of_one_score(margin(probabilities), probabilities)
