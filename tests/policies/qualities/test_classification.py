"""Small examples by hand; the evaluator's tests compare every quality with scikit-learn."""

import numpy as np
import pytest

from policies.errors import ExitSearchError
from policies.pooling.answering import Answering
from policies.qualities import NOWHERE, get_quality, require_judges
from policies.rules import RuleView
from tests.tables import CLASSIFIER_QUALITIES, classes, make_table


def view_of(answers, n_classes=3):
    """A view that gives these answers, (N, E), with probability 0.6."""
    probabilities = np.full((*np.shape(answers), n_classes), 0.4 / (n_classes - 1))
    np.put_along_axis(probabilities, np.array(answers)[:, :, None], 0.6, axis=2)
    return RuleView.of_one_score(probabilities.max(axis=2), probabilities)


def value_at(name, view, labels, exits, n_classes=3):
    """The quality where each sample leaves at the given exit."""
    labels = np.array(labels)
    quality = get_quality(name)
    marked = quality.marks(view, classes(labels, n_classes))[:, np.arange(len(labels)), exits]
    tallies = np.bincount(marked[marked != NOWHERE], minlength=quality.n_tallies(classes(labels, n_classes)))
    return quality.value(tallies[None], np.bincount(labels, minlength=n_classes))[0]


ANSWERS = [[0, 0, 0], [1, 0, 1], [1, 1, 1], [0, 1, 1]]
LABELS = [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("name", "exits", "expected"),
    [
        ("accuracy", [0, 0, 0, 0], 1.0),
        ("accuracy", [2, 2, 2, 2], 0.75),
        ("macro_f1", [2, 2, 2, 2], (2 / 3 + 4 / 5) / 2),
        ("worst_class_recall", [2, 2, 2, 2], 0.5),
        ("flip_rate_to_exit", [0, 0, 0, 0], 0.0),
        ("flip_rate_to_exit", [1, 0, 2, 1], 0.25),
        ("flip_rate_to_exit", [2, 2, 2, 2], 0.5),
    ],
)
def test_example(name, exits, expected):
    assert value_at(name, view_of(ANSWERS), LABELS, exits) == pytest.approx(expected)


def test_five_most_probable_classes_count():
    probabilities = np.array([[[0.3, 0.25, 0.2, 0.1, 0.08, 0.07]]])
    view = RuleView.of_one_score(probabilities.max(axis=2), probabilities)
    assert value_at("top5_accuracy", view, [4], [0], 6) == 1.0
    assert value_at("top5_accuracy", view, [5], [0], 6) == 0.0


def test_classes_that_do_not_occur_count_for_nothing():
    """Class 2 is neither a label nor an answer."""
    assert value_at("macro_f1", view_of([[0], [1]]), [0, 1], [0, 0]) == 1.0
    assert value_at("worst_class_recall", view_of([[0], [1]]), [0, 1], [0, 0]) == 1.0


def test_registered_under_their_own_names_and_marked_by_sample_and_exit():
    view = view_of(ANSWERS)
    for name in CLASSIFIER_QUALITIES:
        quality = get_quality(name)
        assert quality.name == name
        marks = quality.marks(view, classes(LABELS, 3))
        assert marks.shape[1:] == (4, 3)
        assert marks.min() >= NOWHERE and marks.max() < quality.n_tallies(classes(LABELS, 3))
    assert not get_quality("flip_rate_to_exit").is_maximised
    assert get_quality("accuracy").is_maximised


def test_unknown_quality_is_refused():
    with pytest.raises(
        ExitSearchError, match="no quality 'beauty'. Known are accuracy, exact_match, flip_rate_to_exit"
    ):
        get_quality("beauty")


@pytest.mark.parametrize("level", ["sample", "parent", "reading"])
def test_what_looks_at_earlier_exits_is_refused_of_pooled_answers(level):
    table = make_table(20)
    require_judges("flip_rate_to_exit", table)
    pooled = table.answered(Answering(level=level, pooling="mean"))
    with pytest.raises(ExitSearchError, match="'flip_rate_to_exit' looks at the exits before the one that a sample"):
        require_judges("flip_rate_to_exit", pooled)
    for name in sorted({*CLASSIFIER_QUALITIES} - {"flip_rate_to_exit"}):
        require_judges(name, pooled)
