"""Matrices and figures of each class, in files of their own."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from search.run_folder.answers import answers_of_exits
from search.run_folder.class_files import ClassAnswers, write_class_files
from search.run_folder.result_files import ResultFiles
from tests.tables import make_table


TABLES = {"search": make_table(150, 2, 5, seed=0), "test": make_table(90, 2, 5, seed=1)}


@pytest.fixture
def files(tmp_path):
    written = ResultFiles(tmp_path)
    write_class_files(written, [ClassAnswers.of(own) for own in answers_of_exits(TABLES, np.ones(3))])
    return written


def test_matrices_are_those_of_scikit_learn(files):
    with np.load(files.confusion_npz, allow_pickle=False) as matrices:
        assert matrices.files == ["exit_1/search", "exit_2/search", "exit_1/test", "exit_2/test"]
        for split, table in TABLES.items():
            for k, answers in enumerate(table.exit_answers.T):
                expected = confusion_matrix(table.labels, answers, labels=np.arange(5))
                np.testing.assert_array_equal(matrices[f"exit_{k + 1}/{split}"], expected)


def test_figures_of_each_class_are_those_of_scikit_learn(files):
    table = pd.read_csv(files.classes_csv)
    assert len(table) == 2 * 2 * 5
    for (policy, split), rows in table.groupby(["policy", "split"]):
        answers = TABLES[split].exit_answers[:, int(policy[-1]) - 1]
        expected = precision_recall_fscore_support(
            TABLES[split].labels, answers, labels=np.arange(5), zero_division=np.nan
        )
        for name, values in zip(("precision", "recall", "f1", "n_labelled"), expected, strict=True):
            np.testing.assert_allclose(rows[name], values, rtol=1e-5)
        assert rows["class"].tolist() == rows["class_name"].tolist() == [0, 1, 2, 3, 4]
