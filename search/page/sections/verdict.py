"""The verdict: which policy, how deep, how good, how sure."""

from __future__ import annotations

from markupsafe import Markup

from policies.registry import title_of
from search.page.run import FinishedRun
from search.page.section import Section


_SENTENCE = Markup("<p>{quality} {value:.4f} at mean depth {depth:.3f} of {exits} on {split}, for {asked}.</p>")


def verdict(run: FinishedRun) -> Section:
    """Say what was found in a few sentences."""
    summary = run.summary
    split, figures = list(summary.selected.by_split.items())[-1]
    html = _SENTENCE.format(
        quality=title_of(summary.main_quality).capitalize(),
        value=figures[summary.main_quality],
        depth=figures["mean_depth"],
        exits=summary.n_exits,
        split=split,
        asked=summary.asked,
    )
    return Section("verdict", "Verdict", html)
