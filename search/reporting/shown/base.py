"""Which figures stand for policies, exits and seeds of a task wherever a person sees few of them.

Nothing here takes long to import: reports are printed from files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.registry import title_of
from search.console_table import FigureTable
from search.run_folder.summary import Summary


@dataclass(frozen=True)
class ShownFigure:
    """A figure of policies as a table shows it.

    Attributes:
        name: Key of the figure.
        heading: Heading of its column.
        digits: Digits behind the point.
    """

    name: str
    heading: str
    digits: int


DEPTH, COST = ShownFigure("mean_depth", "depth", 3), ShownFigure("mean_cost", "cost", 3)


class TaskFigures:
    """What is shown of answers of a kind: the task's own quality, and what all policies spend.

    Args:
        quality: Name of the task's own quality.
    """

    def __init__(self, quality: str) -> None:
        self._quality = quality

    @property
    def headlines(self) -> tuple[str, ...]:
        """Names of the figures that stand for a policy in MLflow."""
        return (self._quality, DEPTH.name, COST.name)

    @property
    def of_policies(self) -> tuple[ShownFigure, ...]:
        """The figures by which policies of several runs are shown side by side."""
        return (ShownFigure(self._quality, title_of(self._quality), 4), DEPTH, COST)

    @property
    def of_seeds(self) -> Mapping[str, str]:
        """Headings of the figures by which configurations are shown over seeds, by the figures' names."""
        return {self._quality: title_of(self._quality), DEPTH.name: DEPTH.heading}

    @property
    def note_on_seeds(self) -> str:
        """What has to be said of these figures, for a person; empty for nothing."""
        return ""

    def tables(self, summary: Summary) -> Sequence[FigureTable]:
        """Further tables beside that of all policies.

        Args:
            summary: Summary of a search on tables of this kind.
        """
        return ()
