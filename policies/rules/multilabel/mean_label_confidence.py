"""Leave when labels are clear enough on average."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.rules.multilabel.base import LabelScoreRule
from policies.rules.multilabel.label_scores import mean_confidence


class MeanLabelConfidenceRule(LabelScoreRule):
    """The mean over labels of max(p, 1 - p).

    Of many labels most are off and easy, so that one which is not clear hardly shows.
    """

    name: ClassVar[str] = "mean-label-confidence"

    @staticmethod
    def score(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean confidence: (n, L) and (n, L) to (n,)."""
        return mean_confidence(probabilities, thresholds)
