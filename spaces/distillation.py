"""Self-distillation, and teachers from outside the network: which of them, how they are joined, and their weights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import ClassVar

from spaces.base import Asker
from spaces.dimensions import Choice, Dimension, Fixed, Number
from spaces.self_distillation import SelfDistillationSpace, weight_schedules


_MOST_TEACHERS_TO_CHOOSE_FROM = 4
_SOFT_LABELS_TEMPERATURE = 2.0


class DistillationSpace(SelfDistillationSpace):
    """What :class:`SelfDistillationSpace` has, and for teachers from outside what begins with ``kd_``.

    ``kd_teachers`` names those that are heard, joined by ``+``; with up to four teachers every subset is a choice.
    ``kd_temperature`` is fixed, as soft labels are; bounds in the sweep file search it where teachers are networks.
    """

    name: ClassVar[str] = "distillation"

    @classmethod
    def defaults(cls, n_exits: int, teachers: Sequence[str] = ()) -> dict[str, Dimension]:
        """All dimensions; depths in names count from 1. Without teachers, those of self-distillation alone."""
        own = super().defaults(n_exits, teachers)
        if not teachers:
            return own
        return own | {
            "distillation": Choice(("none", "self", "teachers", "both")),
            "kd_teachers": Choice(tuple(_subsets(teachers))),
            **{f"kd_weight_{name}": Number(0.1, 1.0, log=True) for name in teachers},
            "kd_mode": Choice(("split", "fused")),
            "kd_form": Choice(("kd", "dkd", "dkd-cross-entropy")),
            "kd_taught": Choice(("all", "last")),
            "kd_temperature": Fixed(_SOFT_LABELS_TEMPERATURE),
            "kd_gamma": Number(0.0, 3.0),
            "kd_beta": Number(1.0, 8.0, log=True),
            **weight_schedules("kd_"),
        }

    def walk(self, ask: Asker) -> None:
        """Ask for optimiser and weights, and where there are teachers, for what concerns them."""
        if not self.teachers:
            super().walk(ask)
            return
        self.ask_plain(ask)
        chosen = ask("distillation")
        if chosen != "none":
            ask("combination")
        if chosen in {"self", "both"} and self.n_exits > 1:
            self.ask_last_exit(ask)
        if chosen in {"teachers", "both"}:
            self._ask_teachers(ask)

    def _ask_teachers(self, ask: Asker) -> None:
        heard = str(ask("kd_teachers")).split("+")
        if len(heard) > 1:
            ask("kd_mode")
            for name in heard:
                ask(f"kd_weight_{name}")
        if ask("kd_form") != "kd":
            ask("kd_beta")
        for name in ("kd_taught", "kd_temperature", "kd_gamma"):
            ask(name)
        self.ask_weight(ask, "kd_alpha", ("end", "warmup"))
        self.ask_weight(ask, "kd_margin_weight", ("end", "until"))


def _subsets(teachers: Sequence[str]) -> list[str]:
    """All teachers first, then fewer and fewer; of many, only all together."""
    sizes = range(len(teachers), 0, -1) if len(teachers) <= _MOST_TEACHERS_TO_CHOOSE_FROM else (len(teachers),)
    return ["+".join(chosen) for size in sizes for chosen in combinations(teachers, size)]
