"""The trials of a journal, as they ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from search.run_folder.journal import Event


@dataclass
class ReadTrial:
    """One trial.

    Attributes:
        name: Name of the trial.
        number: Its number, from 0.
        params: Training parameters, by name.
        result: Metrics of its last report; empty where it never reported.
        state: How it ended, as Optuna names it; ``RUNNING`` where it did not.
        failure: Why it failed, or empty.
    """

    name: str
    number: int
    params: dict[str, Any]
    result: dict[str, Any] = field(default_factory=dict)
    state: str = "RUNNING"
    failure: str = ""

    @property
    def is_feasible(self) -> bool:
        """Whether its last report did what was asked for."""
        return bool(self.result) and float(self.result.get("violation", 0.0)) <= 0

    def text(self, kept: Collection[str] | None) -> str:
        """Its name and parameters in lines of HTML.

        Args:
            kept: Names of the parameters that are told; None for all.
        """
        told = {name: value for name, value in self.params.items() if kept is None or name in kept}
        return "<br>".join([self.name, *(f"{escape(name)} {_short(value)}" for name, value in told.items())])

    def with_violation(self, text: str) -> str:
        """A text about it, and by how much it misses what was asked for."""
        violation = float(self.result.get("violation", 0.0)) if self.result else 0.0
        return f"{text}<br>misses what was asked by {violation:.4g}" if violation > 0 else text


def read_trials(events: Sequence[Event]) -> list[ReadTrial]:
    """All trials that were begun, in that order.

    Args:
        events: The journal's events, oldest first.
    """
    trials: dict[str, ReadTrial] = {}
    for event in events:
        if event["event"] == "suggested":
            trials[event["trial"]] = ReadTrial(event["trial"], int(event["number"]), event["params"])
        elif event["event"] == "reported":
            trials[event["trial"]].result = event["metrics"]
        elif event["event"] == "ended":
            trial = trials[event["trial"]]
            trial.state, trial.failure = event["state"], event["failure"]
    return list(trials.values())


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))
