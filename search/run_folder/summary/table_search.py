"""What a summary tells of how a policy search was called."""

from __future__ import annotations

from search.run_folder.summary.part import SummaryPart


class TableSearch(SummaryPart):
    """How a policy search was called beside its tables, so that it can be run again.

    Attributes:
        seed: Seed of the search, which the folds of rules that learn depend on.
        options: The options that were given to ``exitsearch policy``, word by word, but for where the results go.
    """

    seed: int = 0
    options: list[str] = []
