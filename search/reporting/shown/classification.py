"""What is shown of classifiers."""

from __future__ import annotations

from collections.abc import Mapping

from search.reporting.shown.base import COST, DEPTH, ShownFigure, TaskFigures


class ClassificationFigures(TaskFigures):
    """Accuracy, F1, how calibrated answers are, and how those of the exits hang together."""

    def __init__(self) -> None:
        super().__init__("accuracy")

    @property
    def headlines(self) -> tuple[str, ...]:
        """Names of the figures that stand for a policy in MLflow."""
        return ("accuracy", "macro_f1", "mean_depth", "mean_cost", "ece")

    @property
    def of_policies(self) -> tuple[ShownFigure, ...]:
        """The figures by which policies of several runs are shown side by side."""
        return (
            ShownFigure("accuracy", "acc.", 4),
            ShownFigure("macro_f1", "F1", 4),
            DEPTH,
            COST,
            ShownFigure("flip_rate", "flips", 3),
            ShownFigure("exit_consistency", "cons.", 3),
        )

    @property
    def of_seeds(self) -> Mapping[str, str]:
        """Headings of the figures by which configurations are shown over seeds, by the figures' names."""
        return {
            "accuracy": "accuracy",
            "mean_depth": "depth",
            "last_exit_accuracy": "accuracy\nlast exit",
            "last_exit_macro_f1": "macro-F1\nlast exit",
            "last_exit_raw_ece": "ECE\nlast exit",
            "last_exit_raw_nll": "NLL\nlast exit",
        }

    @property
    def note_on_seeds(self) -> str:
        """When ECE and NLL were measured."""
        return "ECE and NLL before temperature scaling"
