"""The tables of a network, answered as a search is asked to."""

from __future__ import annotations

from collections.abc import Mapping
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import CalibrationWarning
from policies.errors import ExitSearchError
from policies.levels.label_thresholds import with_fitted_thresholds
from policies.pooling.fields import AnswerFields
from policies.tables.base import ExitTable
from policies.tables.multilabel import MultiLabelTable
from policies.tasks import get_task


def answered_tables(
    tables: Mapping[str, ExitTable], how: AnswerFields, *, method: str = "lbfgs", seed: int = 0
) -> dict[str, ExitTable]:
    """Tables of one network by their splits, answered in one way, at the first of the levels that are asked for.

    Args:
        tables: The tables; ``search``, on which everything is chosen, is among them.
        how: What answers are about, and what leaves together.
        method: How temperatures are fitted, ``lbfgs`` or ``grid``, where label thresholds are fitted after them.
        seed: Seed of the folds in which label thresholds are fitted that ``search`` itself is judged by.

    Raises:
        ExitSearchError: If answers are to be pooled but samples have no parents, or cannot be pooled.
    """
    task = get_task(tables["search"].task)
    answering = how.answering(task.pooling)
    search = tables["search"].answered(answering)
    if how.label_thresholds == "fitted":
        if not isinstance(search, MultiLabelTable):
            raise ExitSearchError(
                f"label_thresholds are of answers that are sets of labels but these are of task {search.task!r}; leave "
                f"them out"
            )
        search = with_fitted_thresholds(search, _temperatures(search, method), seed=seed)
        answering = search.answering
    return {name: search if name == "search" else table.answered(answering) for name, table in tables.items()}


def _temperatures(search: MultiLabelTable, method: str) -> NDArray[np.float64]:
    """Those that the search fits, without a word on clamped ones: it tells of them itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)
        return get_task(search.task).fit_temperatures(search, method)
