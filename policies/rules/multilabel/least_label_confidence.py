"""Leave when the least clear label is clear enough."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.rules.multilabel.base import LabelScoreRule
from policies.rules.multilabel.label_scores import least_confidence


class LeastLabelConfidenceRule(LabelScoreRule):
    """The least max(p, 1 - p) of any label, wherever the thresholds lie that labels are answered from."""

    name: ClassVar[str] = "least-label-confidence"

    @staticmethod
    def score(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The confidence of the least clear label: (n, L) and (n, L) to (n,)."""
        return least_confidence(probabilities, thresholds)
