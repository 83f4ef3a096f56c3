"""What a summary tells of its trials."""

from __future__ import annotations

from pydantic import AliasChoices, Field

from search.run_folder.summary.part import SummaryPart


class TrialCounts(SummaryPart):
    """How many trials there were, and how many ended in each of Optuna's states.

    Attributes:
        started: All that were begun.
        complete: Those that were trained to their end; ``completed`` in older files.
        pruned: Those that were stopped early.
        fail: Those that failed; ``failed`` in older files.
    """

    started: int = 0
    complete: int = Field(default=0, validation_alias=AliasChoices("complete", "completed"))
    pruned: int = 0
    fail: int = Field(default=0, validation_alias=AliasChoices("fail", "failed"))
