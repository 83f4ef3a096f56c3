"""Leave when the entropy of the class probabilities is low enough."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered_probabilities
from policies.rules.base import Rule, RuleParams
from policies.rules.distributions import Outputs
from policies.rules.scores import certainty
from policies.rules.view import RuleView


class EntropyRule(Rule):
    """Entropy of the tempered softmax (Teerapittayanon et al., "BranchyNet", ICPR 2016).

    Scores are ``1 - entropy / log C``, so that here too higher means safer.
    """

    name: ClassVar[str] = "entropy"

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: RuleParams) -> RuleView:
        probabilities = tempered_probabilities(outputs.logits, temperatures)
        return RuleView.of_one_score(certainty(probabilities), probabilities)
