"""The tables of a network, answered as a search is asked to."""

from __future__ import annotations

from collections.abc import Mapping
import warnings

import numpy as np
from numpy.typing import NDArray

from policies.calibration.temperature import CalibrationWarning
from policies.errors import ExitSearchError, ExitTableError
from policies.levels.label_thresholds import with_fitted_thresholds
from policies.parents.membership import Parents, require_order
from policies.pooling.answering import Level
from policies.pooling.fields import AnswerFields
from policies.tables.base import ExitTable
from policies.tables.identity import require_disjoint
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
        ExitSearchError: If answers are to be pooled but samples of a table have no parents, or cannot be pooled, or are
            to be read and have no order; or two tables share a parent.
    """
    answering = how.answering(get_task(tables["search"].task).pooling)
    answered = {name: table.answered(answering) for name, table in tables.items()}
    if answering.pooling is not None:
        _require_pooled(answered, {*how.levels})
    if how.label_thresholds == "half":
        return answered
    search = answered["search"]
    if not isinstance(search, MultiLabelTable):
        raise ExitSearchError(
            f"label_thresholds are of answers that are sets of labels but these are of task {search.task!r}; leave "
            f"them out"
        )
    fitted = with_fitted_thresholds(search, _temperatures(search, method), seed=seed)
    return {name: fitted if name == "search" else table.answered(fitted.answering) for name, table in answered.items()}


def _require_pooled(tables: Mapping[str, ExitTable], levels: set[Level]) -> None:
    """Refuse tables that cannot be pooled before anything is searched, also those that are looked at in the end."""
    for name, table in tables.items():
        try:
            parents = Parents.of(table)
            table.truth.of_parents(parents.of_sample, parents.names, table.answering.parent_labels)
            if Level.READING in levels:
                require_order(table)
        except ExitTableError as error:
            raise ExitTableError(f"{name}: {error}") from None
    # Parents that only ids tell of are known now.
    require_disjoint(tables)


def _temperatures(search: MultiLabelTable, method: str) -> NDArray[np.float64]:
    """Those that the search fits, without a word on clamped ones: it tells of them itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)
        return get_task(search.task).fit_temperatures(search, method)
