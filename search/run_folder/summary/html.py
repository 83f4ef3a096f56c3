"""A summary as a notebook shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from policies.html import html_block, html_notes, html_table
from policies.registry import capital, title_of
from search.run_folder.verdict import Outcome, Verdict


def summary_html(
    verdict: Verdict,
    policies: Mapping[str, Mapping[str, Mapping[str, Any]]],
    names: Sequence[str],
    alarms: Sequence[str],
) -> str:
    """The verdict, a row for each policy, and what else has to be known.

    Args:
        verdict: What came of the search.
        policies: Figures by split, of each policy by its name; the first is the selected one.
        names: Names of the figures that are shown, of ``search`` and of the last split; those that nobody has are left
            out.
        alarms: What looks wrong, one line each.
    """
    splits = list(next(iter(policies.values())))
    shown = [splits[0], splits[-1]] if len(splits) > 1 else splits
    columns = [
        (split, name)
        for split in shown
        for name in dict.fromkeys(names)
        if any(_number(told, split, name) is not None for told in policies.values())
    ]
    headings = ["policy", *(f"{title_of(name)}, {split}" for split, name in columns)]
    rows = [
        [title_of(policy), *(_number(told, split, name) for split, name in columns)]
        for policy, told in policies.items()
    ]
    notes = [*filter(None, [capital(verdict.least_certain), capital(verdict.estimated)]), *alarms]
    return str(html_block(_sentence(verdict), html_table(headings, rows), html_notes(notes)))


def _sentence(verdict: Verdict) -> str:
    if verdict.outcome is Outcome.INFEASIBLE:
        return f"Infeasible: {verdict.unmet}; the nearest is {verdict.policy}"
    return f"{capital(verdict.selection)}. {capital(verdict.certificate) or 'Nothing was certified'}"


def _number(told: Mapping[str, Mapping[str, Any]], split: str, name: str) -> float | None:
    value = told.get(split, {}).get(name)
    return None if value is None else float(value)
