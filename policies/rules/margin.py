"""Leave when the two most probable classes are far enough apart."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.rules.scoring.scores import margin
from policies.rules.scoring.single_exit import SingleExitRule


class MarginRule(SingleExitRule):
    """Largest less second largest softmax probability after temperature scaling."""

    name: ClassVar[str] = "margin"

    @staticmethod
    def score(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
        """The difference: (n, C) to (n,)."""
        return margin(probabilities)
