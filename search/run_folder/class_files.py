"""What was answered class by class, in files of their own: matrices as arrays, figures of each class as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.files.atomic import write_text
from policies.files.npz import write_arrays
from policies.metrics.classification import class_figures, confusion_matrix
from policies.tables.classification import ClassificationTable
from search.run_folder.answers import PolicyAnswers
from search.run_folder.result_files import ResultFiles


@dataclass(frozen=True)
class ClassAnswers(PolicyAnswers[ClassificationTable]):
    """What one policy of a classifier, or one exit alone, answered on one split."""

    @classmethod
    def of(cls, answered: PolicyAnswers[ClassificationTable]) -> ClassAnswers:
        """The same, told class by class."""
        return cls(answered.name, answered.split, answered.table, answered.answers, answered.exits)

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


def write_class_files(files: ResultFiles, answered: Sequence[ClassAnswers]) -> None:
    """Write the matrices, by ``<policy>/<split>``, and the figures of each class.

    Args:
        files: Files of the results, in their folder.
        answered: Answers of all policies and exits on all splits.
    """
    write_arrays(files.confusion_npz, ((f"{own.name}/{own.split}", own.confusion) for own in answered))
    write_text(files.classes_csv, "".join(_csv_parts(answered)))


def _csv_parts(answered: Sequence[ClassAnswers]) -> Iterator[str]:
    for i, own in enumerate(answered):
        yield own.by_class.to_csv(index=False, header=i == 0, float_format="%.6g")
