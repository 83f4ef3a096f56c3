"""What a summary tells of search targets: how often they are certified, what that costs, and where least is left."""

from __future__ import annotations

from search.run_folder.summary.part import SummaryPart


class PowerSummary(SummaryPart):
    """The most wanted policies of the front that reach two aims on ``search``, of which one is certified more often.

    Attributes:
        power: How probably a policy that is just at the aim is certified.
        aim: The search target: what is looked for at that power, in words.
        aim_at_half: What would be looked for at a power of one half, in words.
        objective: Name of what is minimised.
        mean: Mean objective on ``search`` of the most wanted policy of the front that reaches the aim; None where none
            does.
        mean_at_half: The same of the aim at one half.
        cost: The one mean less the other; None where one is.
        sentence: All of it, for a person.
    """

    power: float
    aim: str
    aim_at_half: str
    objective: str = "depth"
    mean: float | None = None
    mean_at_half: float | None = None
    cost: float | None = None
    sentence: str = ""


class TargetPartSummary(SummaryPart):
    """One number of a target, and what a search would look for in its place.

    Attributes:
        name: What is limited, such as ``accuracy`` or ``drop of hamming``.
        asked: The least value, or the largest loss.
        aim: The same with the margin, of all samples; None where nothing could be certified.
        of_values: Least and largest aim for the samples with one value of the claim's column; None without column.
    """

    name: str
    asked: float
    aim: float | None = None
    of_values: tuple[float, float] | None = None


class TargetSummary(SummaryPart):
    """What a target would take, so that it is certified as often as is asked: the one that was asked, or another.

    Attributes:
        multiple: What may be lost, as a multiple of what may be by what was asked; 1 is what was asked.
        power: How probably a policy that is just at the aim is certified.
        asked: What is asked for, in words.
        aim: What a search would look for, in words; empty where nothing could be certified.
        parts: The numbers of both, of what can be certified.
        beside: What is asked beside these, the same of all targets, in words; empty where that is nothing.
        by: Column for every value of which it is asked; None without.
        mean: Mean objective on ``search`` of the most wanted policy of the front that reaches the aim; where less is
            looked for than the front was searched for, of the best shared threshold if that is wanted more. None where
            none does, or there is no aim.
        quality: The quality of that policy on ``search``; None where there is none.
        is_at_most: Whether less is looked for than the front was searched for, so that a search for this target might
            find a policy that takes less.
        needed: About how many units could certify it at all; None where there are enough, or no number would do.
        why_not: Why nothing could be certified, as a clause; empty where something could.
    """

    multiple: float
    power: float
    asked: str
    aim: str = ""
    parts: list[TargetPartSummary] = []
    beside: str = ""
    by: str | None = None
    mean: float | None = None
    quality: float | None = None
    is_at_most: bool = False
    needed: int | None = None
    why_not: str = ""


class WorstValueSummary(SummaryPart):
    """The value where the policy has least to spare of what is looked for there, or lacks most.

    Attributes:
        column: Name of the column.
        value: The value, as text.
        quality: Name of the quality that is worst; a drop is told as the quality that it leaves.
        reached: That quality on ``search``, of the samples with the value.
        asked: What must be reached there by what was asked for, without a margin.
        aimed: What is looked for there, with the margin.
        sentence: All of it, for a person.
    """

    column: str
    value: str
    quality: str
    reached: float
    asked: float
    aimed: float
    sentence: str = ""
