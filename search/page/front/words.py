"""Policies, rules and landmarks of the front in words."""

from __future__ import annotations

import math

from policies.goals.front import FrontPoint
from policies.registry import title_of


RULES = {
    "confidence": "leave once the largest probability is high enough",
    "margin": "leave once the two likeliest classes are far enough apart",
    "entropy": "leave once the probabilities are concentrated enough",
    "evidence": "leave once the logits hold enough evidence",
    "patience": "leave once enough exits in a row answer alike",
    "ensemble": "leave once a weighted vote of the exits so far is sure enough",
    "recalibrated": "leave once the recalibrated probability is high enough",
    "class-wise": "leave once the score is high enough for the class that is answered",
    "mixture": "each exit has the score that suits it best, with a threshold of its own",
    "learned-gate": "leave once a small learned model expects no later exit to do better",
}
"""What a rule does; rules that are not here are called by their name alone."""

LANDMARKS = {
    "full_network": ("full network", "nothing leaves early"),
    "best_single_exit": ("best single exit", "the network is cut at one exit, at which everything leaves"),
    "greedy_shared_threshold": ("best shared threshold", "one threshold of confidence for all exits: the usual way"),
}
"""Title of a baseline and what it does; the others share a mark."""
GRID = "grid_"
_MOST_THRESHOLDS = 6


def rule_in_words(rule: str) -> str:
    """Name of a rule, and what it does where that is known."""
    title = title_of(rule)
    return f"{title}: {RULES[rule]}" if rule in RULES else title


def thresholds_in_short(point: FrontPoint) -> str:
    """The thresholds of a policy, closed gates too; of many the first ones."""
    rows = point.policy.thresholds
    if not rows:
        return "none, since there is one exit"
    told = [_row(row) for row in rows[:_MOST_THRESHOLDS]]
    return ", ".join(told) + (f" and {len(rows) - len(told)} more" if len(rows) > len(told) else "")


def certified_in_words(point: FrontPoint) -> str:
    """Whether a policy was certified."""
    if point.certified is None:
        return "certificate not tried"
    return "certified" if point.certified else "not certified"


def baseline_in_words(name: str) -> str:
    """What a baseline is called; published grids say that they are."""
    if name in LANDMARKS:
        return LANDMARKS[name][0]
    return f"published grid: {title_of(name.removeprefix(GRID))}" if name.startswith(GRID) else title_of(name)


def _row(row: tuple[float, ...]) -> str:
    values = [f"{value:.3g}" for value in row if value < math.inf]
    if not values:
        return "closed"
    return values[0] if len(values) == 1 else f"({len(values)} scores)"
