"""The evaluator of a table's policies, by how they answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from policies.evaluation.evaluator import Evaluator
from policies.evaluation.population import PopulationEvaluator
from policies.evaluation.progressive import ProgressiveEvaluator
from policies.evaluation.reading.evaluator import ReadingEvaluator
from policies.pooling.answering import Answering, Level
from policies.tables.base import Truth
from policies.views.view import RuleView


def evaluator_for(
    view: RuleView,
    truth: Truth,
    cost: NDArray[np.float64],
    answering: Answering,
    *,
    max_levels: int = 1024,
    qualities: Sequence[str] = ("accuracy",),
) -> Evaluator:
    """What evaluates policies of one rule view on one table.

    Args:
        view: What the rule sees in the table.
        truth: What the answers are judged by, of the same N samples.
        cost: Relative cost of each exit, shape (E,).
        answering: How the table's policies answer, and what leaves together.
        max_levels: Most thresholds per score column, besides "closed".
        qualities: Names of what policies are judged by.

    Raises:
        ExitSearchError: If ``max_levels`` is below 2 or a quality is unknown.
    """
    kinds: dict[Level, type[ReadingEvaluator | ProgressiveEvaluator]] = {
        Level.READING: ReadingEvaluator,
        Level.PROGRESSIVE: ProgressiveEvaluator,
    }
    kind = kinds.get(answering.level, PopulationEvaluator)
    return kind(view, truth, cost, max_levels=max_levels, qualities=qualities)
