from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from sklearn.metrics import f1_score

from policies.classification import (
    brier_score,
    classification_figures,
    confidence_bins,
    expected_calibration_error,
    macro_f1,
    negative_log_likelihood,
    top_k_accuracy,
)


@st.composite
def answered(draw):
    """Probabilities, answers and labels in which classes may be missing."""
    n_samples, n_classes = draw(st.integers(1, 30)), draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    p = rng.dirichlet(np.ones(n_classes), n_samples)
    return p, p.argmax(axis=1), rng.integers(0, n_classes, n_samples)


def figures_of_class(c, answers, labels):
    pairs = list(zip(answers.tolist(), labels.tolist(), strict=True))
    hits = sum(a == c and y == c for a, y in pairs)
    answered, labelled = sum(a == c for a, _ in pairs), sum(y == c for _, y in pairs)
    return (
        hits / answered if answered else None,
        hits / labelled if labelled else None,
        2 * hits / (answered + labelled) if answered + labelled else None,
    )


def test_macro_f1_is_scikit_learns():
    rng = np.random.default_rng(0)
    for n_classes in (2, 5, 40):
        labels, answers = rng.integers(0, n_classes, (2, 60))
        expected = f1_score(labels, answers, average="macro")
        assert macro_f1(answers, labels) == pytest.approx(expected)


# The first example imports scikit-learn.
@settings(max_examples=60, deadline=None)
@given(answered())
def test_class_figures_equal_counting_by_hand(case):
    p, answers, labels = case
    n_classes = p.shape[1]
    figures = classification_figures(p, answers, labels)
    expected = [figures_of_class(c, answers, labels) for c in range(n_classes)]
    for at, key in enumerate(("precision", "recall", "f1")):
        assert figures["per_class"][key] == pytest.approx([row[at] for row in expected]), key
    defined_f1 = [row[2] for row in expected if row[2] is not None]
    assert figures["macro_f1"] == pytest.approx(sum(defined_f1) / len(defined_f1))
    assert macro_f1(answers, labels) == pytest.approx(figures["macro_f1"])
    assert figures["worst_class_recall"] == pytest.approx(min(row[1] for row in expected if row[1] is not None))
    assert figures["accuracy"] == pytest.approx(sum(answers == labels) / len(labels))
    counts = [[sum((labels == c) & (answers == d)) for d in range(n_classes)] for c in range(n_classes)]
    assert figures["confusion"] == counts


@settings(max_examples=60, deadline=None)
@given(answered())
def test_probability_figures_equal_loops_over_samples(case):
    p, answers, labels = case
    figures = classification_figures(p, answers, labels)
    n_samples, n_classes = p.shape
    squares = [sum((p[i, c] - (c == labels[i])) ** 2 for c in range(n_classes)) for i in range(n_samples)]
    assert figures["brier"] == pytest.approx(sum(squares) / n_samples)
    losses = [-np.log(p[i, labels[i]]) for i in range(n_samples)]
    assert figures["nll"] == pytest.approx(sum(losses) / n_samples)
    among = [labels[i] in sorted(range(n_classes), key=lambda c, i=i: -p[i, c])[:5] for i in range(n_samples)]
    assert figures["top5_accuracy"] == (pytest.approx(sum(among) / n_samples) if n_classes > 5 else None)


def test_certain_wrong_answers_have_the_worst_brier_score_and_a_finite_loss():
    p, labels = np.array([[1.0, 0.0]]), np.array([1])
    assert brier_score(p, labels) == 2.0
    assert negative_log_likelihood(p, labels) == pytest.approx(-np.log(np.finfo(np.float64).eps))


def test_fewer_answers_may_count():
    p, labels = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5]]), np.array([1, 0])
    assert top_k_accuracy(p, labels, k=2) == 0.5
    assert top_k_accuracy(p, labels, k=3) is None


def test_calibration_error_equals_a_loop_over_bins():
    rng = np.random.default_rng(0)
    p, labels = rng.dirichlet(np.ones(3), 500), rng.integers(0, 3, 500)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert expected_calibration_error(p, labels) == pytest.approx(expected)


def test_certain_predictions_fall_into_the_last_bin():
    assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0.0


def test_bins_include_their_upper_end():
    assert confidence_bins(np.array([0.0, 0.25, 0.26, 0.5, 1.0]), n_bins=4).tolist() == [0, 0, 1, 1, 3]
