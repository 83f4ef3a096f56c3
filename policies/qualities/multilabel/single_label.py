"""F1, recall and precision of one label, which the name of the quality says in brackets: ``label_f1[dog]``."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.names import clean_name, list_some
from policies.qualities.multilabel.counts import LabelCounted, LabelTallies, all_wrong, label_marks
from policies.tables.multilabel import LabelSets
from policies.views.view import RuleView


@dataclass(frozen=True)
class OfLabel(LabelCounted):
    """A figure of one label.

    Attributes:
        label: Name of the label; its number from 0 where no label has that name.
    """

    figure: ClassVar[str]
    """Name of the figure, which stands before the brackets."""

    label: str

    @property
    def name(self) -> str:  # type: ignore[override]  # it depends on the label
        """The figure, and the label in brackets."""
        return f"{self.figure}[{self.label}]"

    @property
    def counts(self) -> Hashable:
        """The same for all figures of the label."""
        return "right, wrong and missed", self.label

    def require_fits(self, truth: LabelSets) -> None:
        """Refuse a label that does not exist; arguments and errors as for the base class."""
        self.place(truth.names)

    def n_tallies(self, truth: LabelSets) -> int:
        """Three: answers that have the label rightly, wrongly, and that miss it."""
        return 3

    def marks(self, view: RuleView, truth: LabelSets) -> NDArray[np.int64]:
        """Right, wrong and missed answers."""
        own = [self.place(truth.names)]
        return label_marks(view.answers[:, :, own], truth.labels[:, own])

    def worst(self, truth: LabelSets) -> NDArray[np.float64]:
        """Wrong or missed, as often as the label is off and on."""
        return all_wrong(truth.labels[:, [self.place(truth.names)]])

    def place(self, names: Sequence[str]) -> int:
        """Index of the label.

        Args:
            names: Names of the labels that answers may have.

        Raises:
            ExitSearchError: If there is no such label, in one line with those that have a name like it.
        """
        names = [clean_name(name) for name in names]
        if self.label in names:
            return names.index(self.label)
        if self.label.isdecimal() and int(self.label) < len(names):
            return int(self.label)
        near = get_close_matches(self.label, names, n=3)
        hint = f"did you mean {list_some(near)}?" if near else f"name one of {list_some(names)}, or its number from 0"
        raise ExitSearchError(f"quality {self.name!r} is of none of the table's {len(names)} labels; {hint}")


class LabelF1(OfLabel):
    """F1 of one label, 0 where it neither occurs nor is answered."""

    figure: ClassVar[str] = "label_f1"

    def of_tallies(self, tallies: LabelTallies, n: float) -> NDArray[np.float64]:
        """2 right / (2 right + wrong + missed)."""
        return tallies.f1[:, 0]


class LabelRecall(OfLabel):
    """Share of the samples with one label of which it is answered; 0 where none has it."""

    figure: ClassVar[str] = "label_recall"

    def of_tallies(self, tallies: LabelTallies, n: float) -> NDArray[np.float64]:
        """Right / (right + missed)."""
        return tallies.recall[:, 0]


class LabelPrecision(OfLabel):
    """Share of right answers among those with one label; 0 where it is never answered."""

    figure: ClassVar[str] = "label_precision"

    def of_tallies(self, tallies: LabelTallies, n: float) -> NDArray[np.float64]:
        """Right / (right + wrong)."""
        return tallies.precision[:, 0]


_FIGURES: dict[str, type[OfLabel]] = {one.figure: one for one in (LabelF1, LabelRecall, LabelPrecision)}


@lru_cache(maxsize=4096)
def quality_of_label(name: str) -> OfLabel:
    """The quality of a name with a label in brackets, such as ``label_f1[dog]``.

    Raises:
        ExitSearchError: If there is no label in the brackets.
    """
    figure, _, rest = name.partition("[")
    label = clean_name(rest.removesuffix("]"))
    if not (label and rest.endswith("]")):
        raise ExitSearchError(f"quality {name!r} must name its label in brackets; write it as {figure}[dog]")
    return _FIGURES[figure](label)
