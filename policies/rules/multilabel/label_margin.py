"""Leave when every label is far enough from being answered otherwise."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.rules.multilabel.base import LabelScoreRule
from policies.rules.multilabel.label_scores import least_margin


class LabelMarginRule(LabelScoreRule):
    """The least distance of any label's probability from the threshold that it is answered from, min_l abs(p - t)."""

    name: ClassVar[str] = "label-margin"

    @staticmethod
    def score(probabilities: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The margin of the least clear label: (n, L) and (n, L) to (n,)."""
        return least_margin(probabilities, thresholds)
