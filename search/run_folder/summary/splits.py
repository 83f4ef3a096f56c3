"""What a summary tells of the splits: how the data were shared out among them, and how alike they are."""

from __future__ import annotations

from typing import Any

from search.run_folder.summary.part import SummaryPart


class DivisionSummary(SummaryPart):
    """What one way to share the data out would have allowed.

    Attributes:
        fractions: Shares of the splits, by name.
        n_certify: About how many units ``certify`` has.
        provable: Part by part of the claim, the tightest number in its place that is certified where nothing is lost;
            None where none is.
        aims: Part by part, what a search would look for in its place; none where nothing would be certified.
        chance: Probability that a policy is certified that loses half of what may be lost.
    """

    fractions: dict[str, float]
    n_certify: int
    provable: list[float | None]
    aims: list[float]
    chance: float


class SharingSummary(SummaryPart):
    """The shares that were proposed, among others.

    Attributes:
        fractions: The proposed shares, by name of the split.
        divisions: What several ways to share the data out would have allowed, the smallest ``certify`` first.
        parts: What was claimed, part by part, as a person names it.
        power: Probability that was asked for.
        sentence: What was proposed and why, for a person.
        shortage: Why no shares would have certified anything, for a person; empty where some would.
    """

    fractions: dict[str, float]
    divisions: list[DivisionSummary] = []
    parts: list[str] = []
    power: float
    sentence: str = ""
    shortage: str = ""


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
