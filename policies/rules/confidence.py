"""Leave when the largest class probability reaches the threshold."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibrate import tempered_probabilities
from policies.exit_table import ExitTable
from policies.rules.base import Rule, RuleView


class ConfidenceRule(Rule):
    """Maximum softmax probability after temperature scaling (BranchyNet used entropy; MSDNet, 2018, this)."""

    name: ClassVar[str] = "confidence"

    def view(self, table: ExitTable, temperatures: NDArray[np.float64], **params: Any) -> RuleView:
        """Score every exit by its largest probability; every exit is eligible."""
        probabilities = tempered_probabilities(table.logits, temperatures)
        scores = probabilities.max(axis=2)
        return RuleView(scores=scores, eligible=np.ones(scores.shape, dtype=bool), probabilities=probabilities)
