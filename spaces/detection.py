"""A detector with exits: rates of backbone and heads, weights of the exits, and what the last exit teaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spaces.base import Asker, Space
from spaces.dimensions import Choice, Dimension, Number


class DetectionSpace(Space):
    """Conditional: nothing about a teacher is asked where distillation is off.

    ``learning_rate_adamw`` is of the heads and ``learning_rate_backbone`` of the backbone. The last exit's loss weight
    is 1; the others are relative to it.
    """

    name: ClassVar[str] = "detection"

    @classmethod
    def defaults(cls, n_exits: int, teachers: Sequence[str] = ()) -> dict[str, Dimension]:
        """All dimensions; depths in names count from 1, and teachers from outside are not asked."""
        early = range(1, n_exits)
        return {
            "learning_rate_adamw": Number(5e-4, 1e-2, log=True),
            "learning_rate_backbone": Number(1e-4, 5e-3, log=True),
            "weight_decay": Number(1e-5, 1e-2, log=True),
            "label_smoothing": Number(0.0, 0.1),
            **{f"exit_weight_{depth}": Number(0.25, 2.0, log=True) for depth in early},
            "distillation": Choice(("none", "self")),
            "combination": Choice(("convex", "additive")),
            "temperature": Number(1.0, 4.0, log=True),
            "alpha": Number(0.1, 0.9),
            **{f"teacher_weight_{depth}": Number(0.25, 2.0, log=True) for depth in early},
        }

    def walk(self, ask: Asker) -> None:
        """Ask for the rates and the weights, and, where distillation is on, for the teacher."""
        early = range(1, self.n_exits)
        for name in ("learning_rate_adamw", "learning_rate_backbone", "weight_decay", "label_smoothing"):
            ask(name)
        for depth in early:
            ask(f"exit_weight_{depth}")
        if self.n_exits > 1 and ask("distillation") == "self":
            for name in ("combination", "temperature", "alpha", *(f"teacher_weight_{depth}" for depth in early)):
                ask(name)
