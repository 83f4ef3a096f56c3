"""One policy of a front, with what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.policy import Policy


@dataclass(frozen=True)
class FrontPoint:
    """A policy of a front.

    Attributes:
        policy: Policy that the point stands for.
        figures: What it did on ``search``, by name: ``accuracy``, ``mean_depth``, ``mean_cost``, and the other
            qualities and the objective that were asked for.
        violation: By how much the policy misses what was asked for; 0 misses nothing.
        network: Name of the network that it is for; empty where it has no name.
        certified: Whether the policy was certified; None where it was not tested.
        selected: Whether the policy is the one that was chosen; None before one was.
    """

    policy: Policy
    figures: Mapping[str, float]
    violation: float
    network: str = ""
    certified: bool | None = None
    selected: bool | None = None

    @property
    def rule(self) -> str:
        """Name of the policy's rule."""
        return self.policy.rule

    @property
    def feasible(self) -> bool:
        """Whether the policy does what was asked for."""
        return self.violation <= 0

    def to_dict(self) -> dict[str, Any]:
        """Figures, ``violation``, ``feasible``, ``rule``, ``policy``, and of the others what is known."""
        others = {"network": self.network or None, "certified": self.certified, "selected": self.selected}
        return {
            **self.figures,
            "violation": self.violation,
            "feasible": self.feasible,
            "rule": self.rule,
            "policy": self.policy,
            **{name: value for name, value in others.items() if value is not None},
        }
