"""A policy as a person reads it, however many classes there are: long lists of numbers are counted, not given."""

from __future__ import annotations

from typing import Any

from policies.policy import Policy


MOST_NUMBERS = 200
"""Lists with more numbers than that are counted."""


def outline(policy: Policy) -> dict[str, Any]:
    """The JSON form of a policy, with every list of more than ``MOST_NUMBERS`` numbers in words, "5,000 numbers".

    So are thresholds, but row by row, and an exit whose gates are all closed has null there.
    """
    form = policy.to_dict()
    rows = form["thresholds"]
    if count_numbers(rows) > MOST_NUMBERS:
        form["thresholds"] = [_told_row(row) for row in rows]
    return {**form, "params": _told(form["params"])}


def count_numbers(value: Any) -> int:
    """How many numbers JSON values hold."""
    if isinstance(value, dict):
        return sum(count_numbers(own) for own in value.values())
    if isinstance(value, list):
        return sum(count_numbers(own) for own in value)
    return int(not isinstance(value, str))


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _told(own) for key, own in value.items()}
    n_numbers = count_numbers(value)
    return f"{n_numbers:,} numbers" if n_numbers > MOST_NUMBERS else value


def _told_row(row: Any) -> Any:
    if not isinstance(row, list):
        return row
    n_open = sum(value is not None for value in row)
    return f"{len(row):,} numbers, {n_open:,} of them open" if n_open else None
