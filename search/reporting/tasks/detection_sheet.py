"""Which images of ``test`` a contact sheet shows, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.matching.images import ImageCounts
from policies.tables.detection import DetectionTable
from search.figures.contact_sheet import SheetImage


N_IMAGES = 12
_MOST_CHANGED = 3
"""So many images, at most, are shown that lost most by leaving early, and as many that gained most."""


def sheet_images(
    table: DetectionTable, exits: NDArray[np.int64], inputs: Mapping[str, NDArray[Any]], *, seed: int = 0
) -> list[SheetImage]:
    """The images of a sheet, by the exit that they took.

    Args:
        table: What the network found on ``test``.
        exits: Index of the exit that each image took, shape (N,).
        inputs: Images by the ids of the table, each of shape (channels, height, width).
        seed: Of the images that are drawn.
    """
    counts = [ImageCounts.of(table.boxes[:, k], table.truth) for k in range(table.n_exits)]
    f1 = np.stack([one.f1 for one in counts], axis=1)
    rows = chosen_images(exits, f1, n_images=N_IMAGES, seed=seed)
    return [
        SheetImage(
            name=PurePosixPath(str(table.ids[row])).name,
            notes=_notes(f1[row], int(exits[row])),
            pixels=inputs[str(table.ids[row])],
            true=table.objects[row],
            found=table.boxes[row],
            captions=tuple(_caption(one, row) for one in counts),
            taken=int(exits[row]),
        )
        for row in rows
    ]


def chosen_images(exits: NDArray[np.int64], f1: NDArray[np.float64], *, n_images: int, seed: int) -> NDArray[np.int64]:
    """Images that show what the policy does: what it lost and gained most, and others of each exit that is taken.

    Args:
        exits: Index of the exit that each of N images took, shape (N,).
        f1: F1 of the boxes of each exit in each image, shape (N, E).
        n_images: So many are chosen, or all where there are fewer.
        seed: Of those that are drawn.

    Returns:
        Their rows, by the exit that they took and then in the order of the table; an image of each exit that is taken
        is among them, as far as ``n_images`` allows.
    """
    rng = np.random.default_rng(seed)
    gained = f1[np.arange(len(exits)), exits] - f1[:, -1]
    order = np.argsort(gained, kind="stable")
    n_changed = min(_MOST_CHANGED, n_images // 4)
    # One image of each exit first, then what was lost and gained, then the exits in turns.
    by_exit = [rng.permutation(np.flatnonzero(exits == k)).tolist() for k in np.unique(exits)]
    wanted = [rows[0] for rows in by_exit]
    wanted += [row for row in order[:n_changed].tolist() if gained[row] < 0]
    wanted += [row for row in order[::-1][:n_changed].tolist() if gained[row] > 0]
    for turn in range(1, max(map(len, by_exit))):
        wanted += [rows[turn] for rows in by_exit if turn < len(rows)]
    rows = np.array(list(dict.fromkeys(wanted))[:n_images])
    return rows[np.lexsort((rows, exits[rows]))]


def _notes(f1: NDArray[np.float64], taken: int) -> tuple[str, ...]:
    if taken == len(f1) - 1:
        return ("went to the last exit",)
    lost = f1[-1] - f1[taken]
    if abs(lost) < 1e-9:
        return (f"left at exit {taken + 1} and lost nothing",)
    what = "lost" if lost > 0 else "gained"
    return (f"left at exit {taken + 1} and {what} {abs(lost):.2f} of F1",)


def _caption(counts: ImageCounts, row: int) -> str:
    return f"F1 {counts.f1[row]:.2f}, {counts.missed[row]} missed, {counts.false_alarms[row]} false"
