"""Which classes are confused, readable with ten classes and with a thousand."""

from dataclasses import replace

import numpy as np
import pytest

from search.figures.confusion import MOST_PAIRS, confusion_figure, draw_confusion
from search.run_folder.class_files import ClassAnswers
from tests.tables import make_table


def answered(n_classes, *, share_wrong=0.3, n=400):
    rng = np.random.default_rng(0)
    table = make_table(n, 1, n_classes)
    names = [f"class {c} with a name that is rather long" for c in range(n_classes)]
    table = replace(table, meta={**table.meta, "class_names": names})
    answers = np.where(rng.random(n) < share_wrong, rng.integers(0, n_classes, n), table.labels)
    return ClassAnswers("selected", "test", table, answers)


def texts(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def test_few_classes_are_a_matrix(tmp_path):
    draw_confusion(answered(5), tmp_path / "confusion.png")
    assert (tmp_path / "confusion.png").stat().st_size > 5000
    axes = confusion_figure(answered(5)).axes[0]
    assert texts(axes) == [f"class {c} with a name t..." for c in range(5)]


@pytest.mark.parametrize(("share_wrong", "n_shown"), [(0.5, MOST_PAIRS), (0.0, 0)])
def test_of_many_classes_the_most_frequent_mistakes_are_shown(share_wrong, n_shown, tmp_path):
    own = answered(1000, share_wrong=share_wrong, n=2000)
    figure = confusion_figure(own)
    axes = figure.axes[0]
    assert len(texts(axes)) == n_shown
    assert "1,000 classes cannot be read, confusion.npz holds it" in figure.get_suptitle()
    assert max(figure.get_size_inches()) < 10
    draw_confusion(own, tmp_path / "confusion.png")
    if n_shown:
        wrong = own.confusion.astype(int)
        np.fill_diagonal(wrong, 0)
        assert [int(bar.get_width()) for bar in axes.patches] == np.sort(wrong.ravel())[::-1][:n_shown].tolist()
