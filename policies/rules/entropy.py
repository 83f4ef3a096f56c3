"""Leave when the entropy of the class probabilities is low enough."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.rules.scoring.scores import certainty
from policies.rules.scoring.single_exit import SingleExitRule


class EntropyRule(SingleExitRule):
    """Entropy of the tempered softmax (Teerapittayanon et al., "BranchyNet", ICPR 2016).

    Scores are ``1 - entropy / log C``, so that here too higher means safer.
    """

    name: ClassVar[str] = "entropy"

    @staticmethod
    def score(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """One less the relative entropy: (n, C) to (n,)."""
        return certainty(probabilities)
