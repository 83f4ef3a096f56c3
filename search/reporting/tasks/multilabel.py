"""What is told of networks with sets of labels: figures of each label, and a picture of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
import pandas as pd

from policies.metrics.multilabel.figures import label_tallies
from policies.tables.multilabel import MultiLabelTable
from search.figures.labels import draw_label_f1
from search.reporting.tasks.base import BaselinePolicy, TaskReport
from search.reporting.tasks.multilabel_baselines import multilabel_baselines
from search.run_folder.answers import PolicyAnswers
from search.run_folder.result_files import ResultFiles, write_csv
from search.run_folder.summary import SPLITS


class MultiLabelReport(TaskReport[MultiLabelTable]):
    """What is told of networks with sets of labels."""

    def baselines(self, search: MultiLabelTable, temperatures: NDArray[np.float64]) -> dict[str, BaselinePolicy]:
        """The versions of the results log; see :func:`~search.reporting.tasks.multilabel_baselines`."""
        return multilabel_baselines(search, temperatures)

    def write(
        self,
        files: ResultFiles,
        search: MultiLabelTable,
        temperatures: NDArray[np.float64],
        answered: Sequence[PolicyAnswers[MultiLabelTable]],
    ) -> None:
        """Figures by label, and a picture of them on the last split."""
        labels = label_table(answered)
        write_csv(files.labels_csv, labels)
        split = [name for name in SPLITS if any(own.split == name for own in answered)][-1]
        draw_label_f1(_exits_and_policy(labels, split), files.labels_png, title=f"F1 of each label on {split}")


def label_table(answered: Sequence[PolicyAnswers[MultiLabelTable]]) -> pd.DataFrame:
    """The figures of each label: a row for each policy or exit, split and label.

    Returns:
        ``policy``, ``split``, ``label``; ``f1``, ``recall`` and ``precision``, 0 where there is nothing to count; and
        the numbers ``n_on``, ``n_answered`` and ``n_right`` of samples, or of parents where answers are pooled, that
        have the label, are answered with it, and both.
    """
    return pd.concat([_labels(own) for own in answered], ignore_index=True)


def _labels(own: PolicyAnswers[MultiLabelTable]) -> pd.DataFrame:
    tallies = label_tallies(own.answers.astype(bool, copy=False), own.table.truth)
    right = tallies.right[0].astype(np.int64)
    return pd.DataFrame(
        {
            "policy": own.name,
            "split": own.split,
            "label": list(own.table.label_names),
            "f1": tallies.f1[0],
            "recall": tallies.recall[0],
            "precision": tallies.precision[0],
            "n_on": right + tallies.missed[0].astype(np.int64),
            "n_answered": right + tallies.wrong[0].astype(np.int64),
            "n_right": right,
        }
    )


def _exits_and_policy(table: pd.DataFrame, split: str) -> pd.DataFrame:
    """The rows of the exits alone and then of the selected policy, named for a person."""
    own = table[(table["split"] == split) & (table["policy"].str.startswith("exit_") | (table["policy"] == "selected"))]
    is_policy = own["policy"] == "selected"
    own = own.assign(who=own["policy"].str.replace("_", " ").where(~is_policy, "policy"))
    return own.loc[[*own.index[~is_policy], *own.index[is_policy]]]
