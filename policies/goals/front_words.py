"""A front as a notebook shows it, and which of its figures are traded against each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from policies.errors import ExitSearchError
from policies.goals.front_point import FrontPoint
from policies.goals.objectives import OBJECTIVES, get_objective
from policies.html import html_block, html_table
from policies.qualities import get_quality
from policies.registry import title_of


_MOST_ROWS = 20


def front_html(points: Sequence[FrontPoint]) -> str:
    """A sentence, and a row for each policy: the first twenty, and the selected one wherever it stands."""
    if not points:
        return str(html_block("A front without policies"))
    names = list(points[0].figures)
    titles = ["", "rule", "network", *(title_of(name) for name in names), "certified", "selected"]
    chosen = [row for row, point in enumerate(points) if point.selected and row >= _MOST_ROWS]
    order = [*chosen, *(row for row in range(len(points)) if row not in chosen)]
    rows = [
        (
            f"{row + 1}",
            points[row].rule,
            points[row].network,
            *(points[row].figures.get(name) for name in names),
            _yes_or_no(points[row].certified),
            "selected" if points[row].selected else "",
        )
        for row in order
    ]
    filled = [column for column in range(len(titles)) if any(cells[column] not in ("", None) for cells in rows)]
    shown = [[cells[column] for column in filled] for cells in rows]
    table = html_table([titles[column] for column in filled], shown, most=_MOST_ROWS)
    return str(html_block(_sentence(points), table))


def on_line(points: Sequence[FrontPoint], quality: str, objective: str) -> tuple[FrontPoint, ...]:
    """What a line through a front leads through: all but a selected policy that another beats.

    Args:
        points: The policies.
        quality: Name of the figure on the one axis.
        objective: Name of the figure on the other axis, minimised.
    """
    sign = get_quality(quality).sign
    worth = [sign * point.figures[quality] for point in points]
    spent = [point.figures[objective] for point in points]

    def is_beaten(row: int) -> bool:
        own = (-worth[row], spent[row])
        others = [(-worth[other], spent[other]) for other in range(len(points))]
        return any(one != own and one[0] <= own[0] and one[1] <= own[1] for one in others)

    return tuple(point for row, point in enumerate(points) if not (point.selected and is_beaten(row)))


def traded_quality(points: Sequence[FrontPoint]) -> str:
    """Name of the quality of a front: the first of its figures that no policy which spends more is worse in."""
    names = [name for name in points[0].figures if not name.startswith("mean_")]
    rising = [name for name in names if _rises(_found(points), name, get_quality(name).sign)]
    if not names:
        raise ExitSearchError("a front is drawn with a quality but its policies have none among their figures")
    return (rising or names)[0]


def traded_objective(points: Sequence[FrontPoint]) -> str:
    """Name of the objective of a front: measured time where it has any, else the first that rises along it."""
    known = [name for name in OBJECTIVES if get_objective(name).column in points[0].figures]
    if not known:
        raise ExitSearchError("a front is drawn with an objective but its policies have none among their figures")
    measured = [name for name in known if get_objective(name).needs_latency]
    rising = [name for name in known if _rises(_found(points), get_objective(name).column, 1.0)]
    return (measured or rising or known)[0]


def _found(points: Sequence[FrontPoint]) -> Sequence[FrontPoint]:
    """The policies without the selected one, which others may beat; all where there is no other."""
    return [point for point in points if not point.selected] or points


def _rises(points: Sequence[FrontPoint], name: str, sign: float) -> bool:
    values = sign * np.array([point.figures.get(name, np.nan) for point in points], dtype=float)
    return bool((np.diff(values) >= 0).all())


def _sentence(points: Sequence[FrontPoint]) -> str:
    if not any(point.feasible for point in points):
        return f"No policy does what was asked for on search; the nearest misses it by {points[0].violation:.4f}"
    first, last = points[0].figures, points[-1].figures
    told = [
        f"{title_of(name)} {first[name]:.4f} to {last[name]:.4f}"
        for name in (traded_quality(points), get_objective(traded_objective(points)).column)
    ]
    count = "1 policy" if len(points) == 1 else f"{len(points):,} policies of which none beats another"
    certified = sum(bool(point.certified) for point in points)
    tried = any(point.certified is not None for point in points)
    sentence = f"{count}: {', '.join(told)} on search" + (f"; {certified:,} of them certified" if tried else "")
    # One with a margin may be beaten by others, and be the one that is certified.
    elsewhere = all(point.selected is False for point in points)
    return sentence + ("; the selected policy is not among them" if elsewhere else "")


def _yes_or_no(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"
