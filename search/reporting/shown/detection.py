"""What is shown of detectors: mean precisions, F1 of images, and each exit beside the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.console_table import FigureRow, FigureTable
from search.reporting.shown.base import COST, DEPTH, ShownFigure, TaskFigures
from search.reporting.shown.exit_rows import ExitRow, exit_rows
from search.run_folder.summary import Summary


ORACLE_BY_F1 = "oracle_by_f1"
"""Key of a summary: by split, what the exit of the best F1 of each image would give."""
MOST_CLASSES = 8
"""Of more classes the best and the worst are shown alone."""
_MOST_LETTERS = 12
_ERRORS = {
    "missed": "missed",
    "background": "back-\nground",
    "localisation": "local-\nisation",
    "class": "class",
    "both": "both",
    "duplicate": "dupli-\ncate",
}


class DetectionFigures(TaskFigures):
    """Mean precisions, and means over images at the score at which the detector is used."""

    def __init__(self) -> None:
        super().__init__("map_50")

    @property
    def headlines(self) -> tuple[str, ...]:
        """Names of the figures that stand for a policy in MLflow."""
        return ("map_50", "map", "image_f1", "found_objects", "mean_depth", "mean_cost")

    @property
    def of_policies(self) -> tuple[ShownFigure, ...]:
        """The figures by which policies of several runs are shown side by side."""
        return (
            ShownFigure("map_50", "mAP@.5", 4),
            ShownFigure("map", "mAP", 4),
            ShownFigure("image_f1", "image F1", 4),
            DEPTH,
            COST,
        )

    @property
    def of_seeds(self) -> Mapping[str, str]:
        """Headings of the figures by which configurations are shown over seeds, by the figures' names."""
        return {
            "map_50": "mAP@.5",
            "mean_depth": "depth",
            "last_exit_map_50": "mAP@.5\nlast exit",
            "last_exit_map": "mAP\nlast exit",
            "last_exit_image_f1": "image F1\nlast exit",
        }

    def tables(self, summary: Summary) -> Sequence[FigureTable]:
        """Each exit and the policy on the last split: precisions by class, then by size with errors by kind."""
        split, policy = list(summary.selected.by_split.items())[-1]
        exits = summary.exits.get(split, [])
        if not exits or "ap_50_by_class" not in policy:
            return ()
        rows = exit_rows(exits, policy)
        oracle = (summary.model_extra or {}).get(ORACLE_BY_F1, {}).get(split)
        best = [] if oracle is None else [ExitRow("best exit by F1", {**oracle, "depth": oracle["mean_depth"]})]
        return (_by_class(split, rows, best), _by_size_and_kind(split, rows))


def _by_class(split: str, rows: Sequence[ExitRow], best: Sequence[ExitRow]) -> FigureTable:
    policy = rows[-1].figures
    classes = _shown_classes(policy)
    headings = ("taken", "depth", "cost", "mAP@.5", "mAP", "image\nF1", "found", *map(_heading, classes))
    shown = [
        FigureRow(row.name, (row.taken, row.depth, *_main(row.figures), *_of_classes(row.figures, classes)))
        for row in (*rows, *best)
    ]
    return FigureTable(
        headings=headings,
        rows=tuple(shown),
        title=f"Exits on {split}: AP@.5 by class, found objects and F1 of images from score "
        f"{policy['operating_score']:g} on",
    )


def _by_size_and_kind(split: str, rows: Sequence[ExitRow]) -> FigureTable:
    sizes = tuple(rows[-1].figures["map_50_by_size"])
    return FigureTable(
        headings=(*(f"{size}\nmAP@.5" for size in sizes), *_ERRORS.values()),
        rows=tuple(
            FigureRow(
                row.name,
                (
                    *(_figure(row.figures["map_50_by_size"].get(size)) for size in sizes),
                    *(f"{row.figures['errors'][kind]:,}" for kind in _ERRORS),
                ),
            )
            for row in rows
        ),
        title=f"Exits on {split}: by size of objects, and errors by kind",
    )


def _shown_classes(policy: Mapping[str, Any]) -> list[str]:
    """The classes that have objects, in their order; of many the best and the worst, by the policy."""
    by_class = {name: value for name, value in policy["ap_50_by_class"].items() if value is not None}
    if len(by_class) <= MOST_CLASSES:
        return list(by_class)
    order = sorted(by_class, key=by_class.__getitem__)
    return [order[-1], order[0]]


def _heading(name: str) -> str:
    """A class in at most two lines."""
    if len(name) <= _MOST_LETTERS:
        return name
    first, _, rest = name.partition(" ")
    if rest and max(len(first), len(rest)) <= _MOST_LETTERS:
        return f"{first}\n{rest}"
    return f"{name[: _MOST_LETTERS - 2]}.."


def _main(figures: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(_figure(figures.get(name)) for name in ("cost", "map_50", "map", "image_f1", "found_objects"))


def _of_classes(figures: Mapping[str, Any], classes: Sequence[str]) -> tuple[str, ...]:
    by_class = figures.get("ap_50_by_class", {})
    return tuple(_figure(by_class.get(name)) for name in classes)


def _figure(value: float | None) -> str:
    """A figure; nothing where there is none."""
    return "" if value is None else f"{value:.3f}"
