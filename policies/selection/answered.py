"""The tables of a network, answered as a search is asked to."""

from __future__ import annotations

from collections.abc import Mapping

from policies.pooling.fields import AnswerFields
from policies.tables.base import ExitTable
from policies.tasks import get_task


def answered_tables(tables: Mapping[str, ExitTable], how: AnswerFields) -> dict[str, ExitTable]:
    """Tables of one network by their splits, answered in one way, at the first of the levels that are asked for.

    Args:
        tables: The tables; ``search``, on which everything is chosen, is among them.
        how: What answers are about, and what leaves together.

    Raises:
        ExitSearchError: If answers are to be pooled but samples have no parents, or cannot be pooled.
    """
    answering = how.answering(get_task(tables["search"].task).pooling)
    return {name: table.answered(answering) for name, table in tables.items()}
