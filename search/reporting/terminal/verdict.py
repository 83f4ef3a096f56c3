"""The verdict on a search as a terminal prints it: a sentence a line, what is wanting in capitals."""

from __future__ import annotations

from policies.registry import capital, title_of
from search.run_folder.summary import Summary
from search.run_folder.verdict import Outcome, Verdict


def verdict(summary: Summary) -> tuple[str, ...]:
    """What was selected, whether it is certified, and what is known where it is not: one sentence each."""
    found = summary.verdict
    if found.outcome is Outcome.INFEASIBLE:
        return (f"INFEASIBLE: {found.unmet}; the nearest has {_nearest(summary)}",)
    sentences = (
        *(capital(found.selection), _certificate(found)),
        *(capital(found.least_certain), capital(found.estimated)),
    )
    return tuple(sentence for sentence in sentences if sentence)


def _nearest(summary: Summary) -> str:
    """How near a policy comes to what was asked for, and of which network it is."""
    selected, figures = summary.selected, summary.selected.by_split["search"]
    near = f"{title_of(summary.quality)} {figures[summary.quality]:.4f} at depth {figures['mean_depth']:.3f}"
    return f"{near}, {selected.network}" if selected.network else near


def _certificate(found: Verdict) -> str:
    if found.outcome is Outcome.NOT_CERTIFIED:
        return f"{found.outcome.upper()}: {found.reason}"
    told = capital(found.certificate)
    return f"{told}; shown on samples that the search did not see" if told else ""
