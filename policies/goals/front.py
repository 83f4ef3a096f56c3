"""Fronts."""

from __future__ import annotations

import pandas as pd

from policies.goals.goal import Goal
from policies.spacing import evenly_spaced


def merge_fronts(fronts: list[pd.DataFrame], goal: Goal, *, front_size: int) -> pd.DataFrame:
    """The policies of several fronts that no other beats, least objective first.

    Args:
        fronts: At least one, as :func:`~policies.evolution.search.search_front` gives them, each with the ``violation``
            of the goal that it was searched for: of two networks the drops are counted from accuracies of their own.
        goal: Its quality and objective are those of all fronts.
        front_size: Most policies; evenly spaced ones are kept, both ends among them. Where there is room for one, it
            is the goal's best, which always is an end.
    """
    merged = pd.concat(fronts, ignore_index=True)
    front = merged.iloc[goal.recorded_assessment(merged).front()].reset_index(drop=True)
    chosen = [goal.best(goal.recorded_assessment(front))] if front_size == 1 else evenly_spaced(len(front), front_size)
    return front.iloc[chosen].reset_index(drop=True)
