"""A threshold per exit and predicted class, on top of any score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import tempered_probabilities
from policies.rules.base import Rule, RuleParams, only
from policies.rules.distributions import Held, Outputs
from policies.rules.scores import SCORES
from policies.rules.view import RuleView
from policies.tables.classification import ExitTable


class ClassWiseParams(RuleParams):
    """Parameters of :class:`ClassWiseRule`.

    Attributes:
        score: What the thresholds are for.
    """

    score: Literal["confidence", "margin", "entropy"] = "confidence"


class ClassWiseRule(Rule):
    """Column ``c`` holds the score where class ``c`` is predicted and reaches no threshold elsewhere."""

    name: ClassVar[str] = "class-wise"
    params_type: ClassVar[type[RuleParams]] = ClassWiseParams

    def n_classes(self, params: ClassWiseParams, n_columns: Sequence[int]) -> int | None:
        """Each exit has one threshold per class."""
        return only({*n_columns})

    def choices(self, table: ExitTable) -> Mapping[str, tuple[Any, ...]]:
        """All scores."""
        return {"score": tuple(SCORES)}

    def _view(self, outputs: Outputs, temperatures: NDArray[np.float64], params: ClassWiseParams) -> RuleView:
        probabilities = tempered_probabilities(outputs.logits, temperatures)
        scores = SCORES[params.score](probabilities)
        predicted = probabilities.argmax(axis=2)[:, :, None] == np.arange(outputs.n_classes)
        columns = np.where(predicted, scores[:, :, None], -np.inf)
        return RuleView(columns, np.ones(scores.shape, dtype=bool), Held(probabilities))
