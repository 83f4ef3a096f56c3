"""Policies, rules and landmarks of the front in words."""

from __future__ import annotations

import math

from policies.goals.front import FrontPoint
from policies.registry import title_of
from search.page.rule_words import rule_words


LANDMARKS = ("full_network", "best_single_exit", "greedy_shared_threshold")
"""Baselines with a mark of their own; the others share one."""
_MOST_THRESHOLDS = 6
_ON_OR_OFF = "Reliability of labels: below the line they are on less often than is said"
_WORDS = {
    "detection": {"answered": "found", "recall": "AP@.5 by class"},
    "multi-label": {
        "recall": "Recall of labels",
        "reliability": _ON_OR_OFF,
        "confidence": "probability of a label",
        "right": "share of such labels that are on",
    },
}
_OF_ALL = {
    "answered": "answered",
    "recall": "Recall",
    "reliability": "Reliability: below the line it is too sure",
    "confidence": "confidence",
    "right": "share that is right",
}


def words_of(task: str) -> dict[str, str]:
    """What the details of a policy call what they tell, by what a network of the task gives."""
    return {**_OF_ALL, **_WORDS.get(task, {})}


def figure_in_words(name: str, value: float, digits: int) -> str:
    """A figure with its name before it, and its unit behind it where it has one."""
    plain = name.removesuffix("_ms")
    return f"{title_of(plain)} {value:.{digits}f}{' ms' if plain != name else ''}"


def rule_in_words(rule: str) -> str:
    """Name of a rule, and what it does."""
    return f"{title_of(rule)}: {rule_words(rule)}"


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
        return "not tested"
    return "certified" if point.certified else "not certified"


def _row(row: tuple[float, ...]) -> str:
    values = [f"{value:.3g}" for value in row if value < math.inf]
    if not values:
        return "closed"
    return values[0] if len(values) == 1 else f"({len(values)} scores)"
