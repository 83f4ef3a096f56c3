"""What is shown of networks with sets of labels: exact match, Hamming loss, F1s, and each label beside the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.console_table import FigureRow, FigureTable
from search.reporting.shown.base import COST, DEPTH, ShownFigure, TaskFigures
from search.reporting.shown.exit_rows import exit_rows
from search.run_folder.summary import Summary


MOST_LABELS = 24
"""Of more labels only the half with the least F1 by the policy, and at most so many, are shown."""
_MAIN = {
    "exact_match": "exact\nmatch",
    "hamming": "Hamming\nloss",
    "label_macro_f1": "macro-\nF1",
    "label_micro_f1": "micro-\nF1",
    "ece": "ECE",
}
_OF_LABELS = ("recall", "precision")


class MultiLabelFigures(TaskFigures):
    """Exact match, Hamming loss and F1s, and each label by itself."""

    def __init__(self) -> None:
        super().__init__("exact_match")

    @property
    def headlines(self) -> tuple[str, ...]:
        """Names of the figures that stand for a policy in MLflow."""
        return ("exact_match", "hamming", "label_macro_f1", "label_micro_f1", "mean_depth", "mean_cost")

    @property
    def of_policies(self) -> tuple[ShownFigure, ...]:
        """The figures by which policies of several runs are shown side by side."""
        return (
            ShownFigure("exact_match", "exact match", 4),
            ShownFigure("hamming", "Hamming", 4),
            ShownFigure("label_macro_f1", "label F1", 4),
            DEPTH,
            COST,
        )

    @property
    def of_seeds(self) -> Mapping[str, str]:
        """Headings of the figures by which configurations are shown over seeds, by the figures' names."""
        return {
            "exact_match": "exact match",
            "mean_depth": "depth",
            "last_exit_exact_match": "exact match\nlast exit",
            "last_exit_hamming": "Hamming\nlast exit",
            "last_exit_label_macro_f1": "macro-F1\nlast exit",
        }

    def tables(self, summary: Summary) -> Sequence[FigureTable]:
        """Each exit and the policy on the last split, and each label by the full network and by the policy."""
        split, policy = list(summary.selected.by_split.items())[-1]
        exits = summary.exits.get(split, [])
        if not exits or "f1_by_label" not in policy:
            return ()
        place = f"{split}, {_judged(policy)}"
        return (_by_exit(place, exits, policy), _by_label(place, exits[-1], policy))


def _judged(policy: Mapping[str, Any]) -> str:
    """What the figures are about."""
    if "n_parents" not in policy:
        return f"{policy['n_judged']:,} samples"
    read = "" if policy["read_share"] == 1 else f" ({policy['read_share']:.1%} of samples read)"
    return f"{policy['n_parents']:,} parents{read}"


def _by_exit(place: str, exits: Sequence[Mapping[str, Any]], policy: Mapping[str, Any]) -> FigureTable:
    return FigureTable(
        headings=("taken", "depth", "cost", *_MAIN.values()),
        rows=tuple(
            FigureRow(
                row.name,
                (row.taken, row.depth, f"{row.figures['cost']:.3f}", *(_figure(row.figures[key]) for key in _MAIN)),
            )
            for row in exit_rows(exits, policy)
        ),
        title=f"Exits on {place}: {policy['n_lost']:,} lost and {policy['n_gained']:,} gained against the last exit",
    )


def _by_label(place: str, full: Mapping[str, Any], policy: Mapping[str, Any]) -> FigureTable:
    names, n_labels = _shown_labels(policy["f1_by_label"]), len(policy["f1_by_label"])
    shown = "" if len(names) == n_labels else f", the {len(names)} with the least F1 of {n_labels}"
    return FigureTable(
        headings=("have it", "F1 full\nnetwork", "F1\npolicy", "change", *(f"{one}\npolicy" for one in _OF_LABELS)),
        rows=tuple(
            FigureRow(
                name,
                (
                    f"{policy['prevalence_by_label'][name]:.1%}",
                    _figure(full["f1_by_label"][name]),
                    _figure(policy["f1_by_label"][name]),
                    f"{policy['f1_by_label'][name] - full['f1_by_label'][name]:+.4f}",
                    *(_figure(policy[f"{one}_by_label"][name]) for one in _OF_LABELS),
                ),
            )
            for name in names
        ),
        title=f"Labels on {place}{shown}",
    )


def _shown_labels(f1: Mapping[str, float]) -> list[str]:
    """The labels in their order; of many those that the policy is worst at, the worst first."""
    return list(f1) if len(f1) <= MOST_LABELS else sorted(f1, key=f1.__getitem__)[:MOST_LABELS]


def _figure(value: float | None) -> str:
    """A figure; a dash where there is none."""
    return "-" if value is None else f"{value:.4f}"
