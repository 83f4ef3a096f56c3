"""Optimiser, exit loss weights, and distillation from the last exit to the earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spaces.base import Asker, Space
from spaces.dimensions import Choice, Dimension, Number


def weight_schedules(prefix: str = "") -> dict[str, Dimension]:
    """How much a teacher counts over the epochs: its distillation term, and its margin term."""
    return {
        f"{prefix}alpha": Number(0.1, 0.9),
        f"{prefix}alpha_schedule": Choice(("constant", "linear")),
        f"{prefix}alpha_end": Number(0.0, 0.9),
        f"{prefix}alpha_warmup": Number(0.0, 0.4),
        f"{prefix}margin_weight": Number(0.0, 0.1),
        f"{prefix}margin_weight_schedule": Choice(("constant", "linear")),
        f"{prefix}margin_weight_end": Number(0.0, 0.1),
        f"{prefix}margin_weight_until": Number(0.3, 1.0),
    }


class SelfDistillationSpace(Space):
    """Conditional: nothing about a teacher is asked where distillation is off, no end where a weight is constant.

    The last exit's loss weight is 1; the others are relative to it.
    """

    name: ClassVar[str] = "self-distillation"

    @classmethod
    def defaults(cls, n_exits: int, teachers: Sequence[str] = ()) -> dict[str, Dimension]:
        """All dimensions; depths in names count from 1."""
        early = range(1, n_exits)
        return {
            "optimiser": Choice(("adamw", "sgd")),
            "learning_rate_adamw": Number(1e-3, 3e-2, log=True),
            "learning_rate_sgd": Number(2e-2, 0.5, log=True),
            "weight_decay": Number(1e-5, 1e-2, log=True),
            "label_smoothing": Number(0.0, 0.1),
            **{f"exit_weight_{depth}": Number(0.1, 4.0, log=True) for depth in early},
            "distillation": Choice(("none", "self")),
            "combination": Choice(("convex", "additive")),
            "temperature": Number(1.0, 6.0, log=True),
            "gamma": Number(0.0, 3.0),
            **{f"teacher_weight_{depth}": Number(0.25, 2.0, log=True) for depth in early},
            **weight_schedules(),
        }

    def walk(self, ask: Asker) -> None:
        """Ask for the optimiser, the weights, and, where distillation is on, for the teacher."""
        self.ask_plain(ask)
        if self.n_exits > 1 and ask("distillation") != "none":
            ask("combination")
            self.ask_last_exit(ask)

    def ask_plain(self, ask: Asker) -> None:
        """The optimiser and the weights of the exits."""
        ask(f"learning_rate_{ask('optimiser')}")
        ask("weight_decay")
        ask("label_smoothing")
        for depth in range(1, self.n_exits):
            ask(f"exit_weight_{depth}")

    def ask_last_exit(self, ask: Asker) -> None:
        """The last exit as the teacher of the earlier ones."""
        for name in ("temperature", "gamma", *(f"teacher_weight_{depth}" for depth in range(1, self.n_exits))):
            ask(name)
        self.ask_weight(ask, "alpha", ("end", "warmup"))
        self.ask_weight(ask, "margin_weight", ("end", "until"))

    def ask_weight(self, ask: Asker, name: str, schedule: Sequence[str]) -> None:
        """A weight, and where it moves over the epochs, how."""
        ask(name)
        if ask(f"{name}_schedule") == "linear":
            for part in schedule:
                ask(f"{name}_{part}")
