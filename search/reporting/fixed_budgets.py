"""The best of a front at fixed compute budgets: chosen on ``search``, told on ``test``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from policies.goals.front import Front
from policies.qualities import get_quality
from policies.tables.base import ExitTable
from policies.tasks import get_task
from search.run_folder.result_files import ResultFiles, write_csv
from search.run_folder.summary import BudgetPolicy


BUDGETS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Largest mean costs, relative to the full network."""

_TOLD = ("top5_accuracy", "mean_cost", "p90_cost", "worst_cost")
_ROUNDING = 1e-9


def at_fixed_budgets(
    front: Front, tables_of: Callable[[str], Mapping[str, ExitTable]], *, quality: str
) -> list[BudgetPolicy]:
    """The policy of the best quality among those whose mean cost on ``search`` keeps to each budget.

    Of equally good policies the cheapest is taken. This reads ``test``: everything must have been chosen.

    Args:
        front: Front of the policies that were found, of one network or several.
        tables_of: The tables, by split, of a network of the front, ``test`` among them where there is such a split. It
            is asked for the networks of the chosen policies alone.
        quality: Name of the quality, one that the front has figures of.

    Returns:
        One policy for each budget within which there is one, the smallest budget first.
    """
    told: dict[int, dict[str, Any]] = {}
    found = []
    for budget in BUDGETS:
        place = _best_within(front, budget, quality)
        if place is not None:
            if place not in told:
                told[place] = _figures(front, place, tables_of, quality)
            found.append(BudgetPolicy(budget=budget, **told[place]))
    return found


def _best_within(front: Front, budget: float, quality: str) -> int | None:
    """Index of the policy in the front; None where all cost more."""
    sign = get_quality(quality).sign
    allowed = [i for i, point in enumerate(front) if point.figures["mean_cost"] <= budget + _ROUNDING]

    def key(i: int) -> tuple[float, float]:
        figures = front.points[i].figures
        return sign * figures[quality], -figures["mean_cost"]

    return max(allowed, key=key, default=None)


def _figures(
    front: Front, place: int, tables_of: Callable[[str], Mapping[str, ExitTable]], quality: str
) -> dict[str, Any]:
    point = front.points[place]
    on_search = {name: float(point.figures[name]) for name in (quality, "mean_cost")}
    told = {"position": place + 1, "network": point.network, "rule": point.rule, "search": on_search}
    test = tables_of(point.network).get("test")
    if test is not None:
        figures = get_task(test.task).policy_figures(test, point.policy.decide(test))
        told["test"] = {name: figures[name] for name in (quality, *_TOLD) if figures.get(name) is not None}
    return told


def write_budgets(files: ResultFiles, found: Sequence[BudgetPolicy]) -> None:
    """Write a row for each budget, figures named ``<split>_<figure>``; nothing where there is none.

    Raises:
        OSError: If the folder cannot be written to.
    """
    if found:
        write_csv(files.budgets_csv, pd.DataFrame([_row(one) for one in found]))


def _row(one: BudgetPolicy) -> dict[str, Any]:
    by_split = {"search": one.search, "test": one.test or {}}
    figures = {f"{split}_{name}": value for split, own in by_split.items() for name, value in own.items()}
    return {"budget": one.budget, "position": one.position, "network": one.network, "rule": one.rule, **figures}
