"""What a summary tells of how alike splits are."""

from __future__ import annotations

from typing import Any

from search.run_folder.summary.part import SummaryPart


class SplitsSummary(SummaryPart):
    """How alike ``search`` and ``certify`` are.

    Attributes:
        differ: Whether a difference was seen.
        sentence: What was found, for a person.
        differences: What was compared, with means and p-values.
    """

    differ: bool
    sentence: str
    differences: list[dict[str, Any]] = []
