"""What was answered class by class, in files of their own: matrices as arrays, figures of each class as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.files.atomic import write_text
from policies.files.npz import write_arrays
from policies.metrics.classification import class_figures, confusion_matrix
from policies.metrics.exits import exit_answers
from policies.policy import Decision
from policies.tables.classification import ExitTable
from search.run_folder.result_files import ResultFiles


@dataclass(frozen=True)
class Answers:
    """What one policy, or one exit alone, answered on one split.

    Attributes:
        name: Of the policy: ``selected``, ``full_network``, ``exit_1``.
        split: Of the table.
        table: The table.
        answers: Predicted classes, shape (N,).
    """

    name: str
    split: str
    table: ExitTable
    answers: NDArray[np.int64]

    @property
    def class_names(self) -> list[str]:
        """Names as the table states them, else numbers."""
        named = self.table.meta.get("class_names")
        return [str(name) for name in (range(self.table.n_classes) if named is None else named)]

    @property
    def confusion(self) -> NDArray[np.unsignedinteger[Any]]:
        """Counts of samples, shape (C, C); rows are true classes."""
        return confusion_matrix(self.answers, self.table.labels, n_classes=self.table.n_classes)

    @property
    def by_class(self) -> pd.DataFrame:
        """The figures of each class, a row per class."""
        figures = class_figures(self.answers, self.table.labels, n_classes=self.table.n_classes)
        figures.insert(0, "class_name", self.class_names)
        figures.insert(0, "class", np.arange(self.table.n_classes))
        figures.insert(0, "split", self.split)
        figures.insert(0, "policy", self.name)
        return figures


def answers_of(name: str, tables: Mapping[str, ExitTable], decisions: Mapping[str, Decision]) -> list[Answers]:
    """What one policy answers on every split, from what it did there."""
    return [Answers(name, split, table, decisions[split].answers) for split, table in tables.items()]


def answers_of_exits(tables: Mapping[str, ExitTable]) -> list[Answers]:
    """What each exit alone answers on every split."""
    return [
        Answers(f"exit_{k + 1}", split, table, answers)
        for split, table in tables.items()
        for k, answers in enumerate(exit_answers(table).T)
    ]


def write_class_files(files: ResultFiles, answered: Sequence[Answers]) -> None:
    """Write the matrices, by ``<policy>/<split>``, and the figures of each class.

    Args:
        files: Where to.
        answered: All policies and exits on all splits.
    """
    write_arrays(files.confusion_npz, ((f"{own.name}/{own.split}", own.confusion) for own in answered))
    write_text(files.classes_csv, "".join(_csv_parts(answered)))


def _csv_parts(answered: Sequence[Answers]) -> Iterator[str]:
    for i, own in enumerate(answered):
        yield own.by_class.to_csv(index=False, header=i == 0, float_format="%.6g")
