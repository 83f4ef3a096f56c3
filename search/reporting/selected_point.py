"""The selected policy among those of a front that an earlier version wrote, on which it need not be."""

from __future__ import annotations

from collections.abc import Sequence

from policies.goals.front import FrontPoint
from policies.policy import Policy
from search.run_folder.summary import Summary


def with_selected(points: Sequence[FrontPoint], summary: Summary, policy: Policy) -> tuple[FrontPoint, ...]:
    """The front's policies, and at the end the selected one where it is not among them.

    That is so where others are a little better on ``search`` but are not certified, or have no margin.

    Args:
        points: The front.
        summary: What the search found.
        policy: The selected policy.
    """
    if any(point.selected for point in points):
        return tuple(points)
    figures = {key: value for key, value in summary.selected.by_split["search"].items() if isinstance(value, float)}
    chosen = FrontPoint(
        policy=policy,
        figures=figures,
        violation=0.0 if summary.feasible else 1.0,
        network=summary.selected.network,
        certified=None if summary.certificate is None else summary.certified,
        selected=True,
    )
    return (*points, chosen)
