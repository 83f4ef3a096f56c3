"""Leave when the largest class probability reaches the threshold."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.rules.scoring.scores import confidence
from policies.rules.scoring.single_exit import SingleExitRule


class ConfidenceRule(SingleExitRule):
    """Maximum softmax probability after temperature scaling (Huang et al., "MSDNet", ICLR 2018)."""

    name: ClassVar[str] = "confidence"

    @staticmethod
    def score(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """The largest probability: (n, C) to (n,)."""
        return confidence(probabilities)
