"""Which samples the page shows: few that tell much of many policies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from search.page.front.outcomes import LEAST_GAIN, Outcome


OF_EACH_EXIT = 3
OF_SAVED = OF_LOST = 4
_MOST_CANDIDATES = 3000
_MOST_SHOWN_EXITS = 12
"""Of networks with more exits those that most samples leave at are shown."""


def shown_exits(outcome: Outcome) -> list[int]:
    """Indices of the exits whose samples are shown, ascending; at each some sample leaves."""
    counts = np.bincount(outcome.exits[outcome.exits >= 0], minlength=outcome.table.n_exits)
    largest = np.argsort(-counts, kind="stable")[:_MOST_SHOWN_EXITS]
    return sorted(int(k) for k in largest if counts[k])


def titled_groups_of(outcome: Outcome) -> Iterator[tuple[str, NDArray[np.bool_], int]]:
    """What a policy shows samples of: a title, which of the J belong there, and how many of them are shown."""
    left = "deepest of its samples left at exit" if outcome.is_pooled else "left at exit"
    for k in shown_exits(outcome):
        yield f"{left} {k + 1}", outcome.exits == k, OF_EACH_EXIT
    saved, lost = "right here, wrong by the full network", "wrong here, right by the full network"
    if outcome.right is None:
        saved, lost = (f"F1 {by} by {LEAST_GAIN:g} or more than the full network's" for by in ("higher", "lower"))
    for title, own, most in (
        (f"saved: {saved}", outcome.saved, OF_SAVED),
        (f"lost: {lost}", outcome.lost, OF_LOST),
    ):
        if own is not None and own.any():
            yield title, own, most


def groups_of(outcome: Outcome) -> Iterator[tuple[NDArray[np.bool_], int]]:
    """The same without the titles."""
    return ((own, most) for _, own, most in titled_groups_of(outcome))


class Choice:
    """Collects what policies would show, and chooses samples that serve as many of them as possible."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._groups: list[tuple[NDArray[np.int64], int]] = []

    def add(self, outcome: Outcome) -> None:
        """Note what a policy would show."""
        rows = np.array([self._rows.setdefault(name, len(self._rows)) for name in outcome.ids.tolist()])
        self._groups += [(rows[own], most) for own, most in groups_of(outcome)]

    def chosen(self, most: int) -> list[str]:
        """Ids of at most so many samples, those that most policies need first; the same for the same policies."""
        if not self._groups:
            return []
        needs = np.array([min(wanted, len(rows)) for rows, wanted in self._groups])
        # Small groups first: the samples that are rare must be among the candidates.
        order = sorted(self._groups, key=lambda group: len(group[0]))
        candidates = np.array(list(dict.fromkeys(np.concatenate([rows for rows, _ in order]).tolist())))
        candidates = candidates[:_MOST_CANDIDATES]
        column = np.full(len(self._rows), -1)
        column[candidates] = np.arange(len(candidates))
        belongs = np.zeros((len(self._groups), len(candidates)), dtype=np.float32)
        for group, (rows, _) in enumerate(self._groups):
            places = column[rows]
            belongs[group, places[places >= 0]] = 1
        names: list[str] = list(self._rows)
        picked: list[str] = []
        while len(picked) < most:
            gain = (needs > 0).astype(np.float32) @ belongs
            best = int(gain.argmax())
            if gain[best] == 0:
                break
            picked.append(names[candidates[best]])
            needs = needs - belongs[:, best].astype(int)
            belongs[:, best] = 0
        return picked
