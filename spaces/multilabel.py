"""A network that answers with sets of labels: what distillation has, and how rare labels are weighed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spaces.base import Asker
from spaces.dimensions import Choice, Dimension, Fixed
from spaces.distillation import DistillationSpace


class MultiLabelSpace(DistillationSpace):
    """What :class:`DistillationSpace` has, without what sets one true class against the others.

    ``positive_weighting`` says how samples that have a label count against those that have not.
    """

    name: ClassVar[str] = "multi-label"

    @classmethod
    def defaults(cls, n_exits: int, teachers: Sequence[str] = ()) -> dict[str, Dimension]:
        """All dimensions; depths in names count from 1."""
        own = super().defaults(n_exits, teachers) | {"positive_weighting": Choice(("none", "capped", "balanced"))}
        if teachers:
            own["kd_form"] = Fixed("kd")
            del own["kd_beta"]
        return own

    def walk(self, ask: Asker) -> None:
        """Ask how rare labels are weighed, and then for the rest."""
        ask("positive_weighting")
        super().walk(ask)
