"""The searched policies against what is done today: the sweep file's baselines under the documents' grids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
import warnings

import pandas as pd

from policies.baselines import full_network
from policies.calibrate import CalibrationWarning, fit_temperatures
from policies.document_grids import document_choices
from policies.exit_table import ExitTable
from policies.policy import Policy
from search.policy_summary import on_all


Tables = Mapping[str, ExitTable]


def compare_baselines(
    baselines: Mapping[str, Tables], front: pd.DataFrame, tables_of: Callable[[str], Tables]
) -> list[dict[str, Any]]:
    """Put every policy of a baseline beside the front's best at the same depth, and at the same accuracy.

    All policies are chosen by their figures on ``search``; the other splits only tell what came of it.

    Args:
        baselines: Name of a baseline to its network's tables by split, ``search`` among them.
        front: The policies that were found, with ``network``, ``policy``, ``accuracy`` and ``mean_depth``.
        tables_of: The tables, by split, of a network of the front.

    Returns:
        A mapping for each baseline and policy (the full network, and the choice of each grid): ``trial``, ``policy``,
        ``is_fallback``, its figures by split, and those of two policies of the front, with ``network`` and ``rule``,
        or None where there is none: as ``same_depth`` the most accurate that is no deeper, as ``same_accuracy`` the
        least deep that is no less accurate.
    """
    rows = []
    for name, tables in baselines.items():
        for policy_name, (policy, is_fallback) in _choices(tables["search"]).items():
            figures = on_all(policy, tables)
            own = figures["search"]
            no_deeper = front[front["mean_depth"] <= own["mean_depth"]]
            no_worse = front[front["accuracy"] >= own["accuracy"]]
            rows.append(
                {
                    "trial": name,
                    "policy": policy_name,
                    "is_fallback": is_fallback,
                    **figures,
                    "same_depth": _first(no_deeper.sort_values("accuracy", ascending=False, kind="stable"), tables_of),
                    "same_accuracy": _first(no_worse.sort_values("mean_depth", kind="stable"), tables_of),
                }
            )
    return rows


def _choices(search: ExitTable) -> dict[str, tuple[Policy, bool]]:
    with warnings.catch_warnings():
        # A baseline is what it is; the searched policies warn about temperatures at their clamp.
        warnings.simplefilter("ignore", CalibrationWarning)
        temperatures = fit_temperatures(search)
    choices = {
        name: (one.point.policy, one.is_fallback) for name, one in document_choices(search, temperatures).items()
    }
    return {"full_network": (full_network(search.n_exits, temperatures), False), **choices}


def _first(front: pd.DataFrame, tables_of: Callable[[str], Tables]) -> dict[str, Any] | None:
    if front.empty:
        return None
    row = front.iloc[0]
    return {
        "network": row["network"],
        "rule": row["policy"].rule,
        **on_all(row["policy"], tables_of(row["network"])),
    }
