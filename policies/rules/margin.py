"""Leave when the two most probable classes are far enough apart."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.calibrate import tempered_probabilities
from policies.exit_table import ExitTable
from policies.rules.base import Rule, RuleParams, RuleView
from policies.rules.scores import margin


class MarginRule(Rule):
    """Largest less second largest softmax probability after temperature scaling."""

    name: ClassVar[str] = "margin"

    def _view(self, table: ExitTable, temperatures: NDArray[np.float64], params: RuleParams) -> RuleView:
        probabilities = tempered_probabilities(table.logits, temperatures)
        return RuleView.of_one_score(margin(probabilities), probabilities)
