"""Each exit and the policy that chooses among them, as rows of tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ExitRow:
    """An exit alone, or a policy.

    Attributes:
        name: Name of the row.
        figures: Figures by their keys, ``depth`` and ``cost`` among them.
        taken: Share of samples that leave there, as it is to be read; empty for what is no exit.
    """

    name: str
    figures: Mapping[str, Any]
    taken: str = ""

    @property
    def depth(self) -> str:
        """Its depth as it is to be read: whole ones without a fraction, nothing where there is none."""
        depth = self.figures.get("depth")
        return "" if depth is None else f"{depth:.3f}".removesuffix(".000")


def exit_rows(exits: Sequence[Mapping[str, Any]], policy: Mapping[str, Any]) -> list[ExitRow]:
    """A row for each exit with the share of samples that the policy lets leave there, and the policy's own last.

    Args:
        exits: Figures of each exit alone, the first exit first.
        policy: Figures of the policy on the same split.
    """
    shares = zip(exits, policy["exit_mix"], strict=True)
    rows = [ExitRow(f"exit {figures['depth']}", figures, f"{share:.1%}") for figures, share in shares]
    return [*rows, ExitRow("policy", {**policy, "depth": policy["mean_depth"], "cost": policy["mean_cost"]})]
