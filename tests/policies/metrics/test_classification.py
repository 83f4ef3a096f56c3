from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from sklearn.metrics import f1_score, log_loss, precision_recall_fscore_support, top_k_accuracy_score
import torch
from torchmetrics.functional.classification import (
    multiclass_accuracy,
    multiclass_calibration_error,
    multiclass_confusion_matrix,
    multiclass_f1_score,
)

from policies.calibration.calibration_error import SampleFigures, confidence_bins
from policies.metrics.classification import class_figures, classification_figures, confusion_matrix, macro_f1


@st.composite
def answered(draw):
    """Probabilities, answers and labels in which classes may be missing."""
    n_samples, n_classes = draw(st.integers(1, 30)), draw(st.integers(2, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    p = rng.dirichlet(np.ones(n_classes), n_samples)
    return p, p.argmax(axis=1), rng.integers(0, n_classes, n_samples)


def figures_of(p, answers, labels):
    return classification_figures([(slice(None), p)], answers, labels, n_classes=p.shape[1])


def ece(p, labels):
    return SampleFigures.of([(slice(None), p)], labels).ece()


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
    figures = figures_of(p, answers, labels)
    by_class = class_figures(answers, labels, n_classes=n_classes)
    expected = [figures_of_class(c, answers, labels) for c in range(n_classes)]
    for at, key in enumerate(("precision", "recall", "f1")):
        of_key = [np.nan if row[at] is None else row[at] for row in expected]
        assert by_class[key].tolist() == pytest.approx(of_key, nan_ok=True), key
    assert by_class["n_labelled"].tolist() == [sum(labels == c) for c in range(n_classes)]
    assert by_class["n_answered"].tolist() == [sum(answers == c) for c in range(n_classes)]
    defined_f1 = [row[2] for row in expected if row[2] is not None]
    assert figures["macro_f1"] == pytest.approx(sum(defined_f1) / len(defined_f1))
    assert macro_f1(answers, labels) == pytest.approx(figures["macro_f1"])
    assert figures["worst_class_recall"] == pytest.approx(min(row[1] for row in expected if row[1] is not None))
    assert figures["accuracy"] == pytest.approx(sum(answers == labels) / len(labels))


@settings(max_examples=60, deadline=None)
@given(answered())
def test_probability_figures_equal_loops_over_samples(case):
    p, answers, labels = case
    figures = figures_of(p, answers, labels)
    n_samples, n_classes = p.shape
    squares = [sum((p[i, c] - (c == labels[i])) ** 2 for c in range(n_classes)) for i in range(n_samples)]
    assert figures["brier"] == pytest.approx(sum(squares) / n_samples)
    losses = [-np.log(p[i, labels[i]]) for i in range(n_samples)]
    assert figures["nll"] == pytest.approx(sum(losses) / n_samples)
    among = [labels[i] in sorted(range(n_classes), key=lambda c, i=i: -p[i, c])[:5] for i in range(n_samples)]
    assert figures["top5_accuracy"] == (pytest.approx(sum(among) / n_samples) if n_classes > 5 else None)


def test_certain_wrong_answers_have_the_worst_brier_score_and_a_finite_loss():
    p, labels = np.array([[1.0, 0.0]]), np.array([1])
    figures = figures_of(p, np.array([0]), labels)
    assert figures["brier"] == 2.0
    assert figures["nll"] == pytest.approx(-np.log(np.finfo(np.float64).eps))


def test_figures_are_scikit_learns_to_the_last_digit_whatever_the_blocks():
    rng = np.random.default_rng(0)
    n_classes = 9
    # Few distinct values, so that classes tie at the fifth place.
    p = rng.integers(1, 4, (200, n_classes)).astype(float)
    p /= p.sum(axis=1, keepdims=True)
    labels, answers = rng.integers(0, n_classes, 200), p.argmax(axis=1)
    whole = figures_of(p, answers, labels)
    order = rng.permutation(200)
    blocks = [(order[:70], p[order[:70]]), (order[70:], p[order[70:]])]
    assert classification_figures(blocks, answers, labels, n_classes=n_classes) == whole
    assert whole["top5_accuracy"] == top_k_accuracy_score(labels, p, k=5, labels=np.arange(n_classes))
    assert whole["nll"] == pytest.approx(log_loss(labels, p, labels=np.arange(n_classes)), rel=1e-14)
    expected = precision_recall_fscore_support(labels, answers, labels=np.arange(n_classes), zero_division=np.nan)
    by_class = class_figures(answers, labels, n_classes=n_classes)
    for key, values in zip(("precision", "recall", "f1", "n_labelled"), expected, strict=True):
        np.testing.assert_array_equal(by_class[key], values)


@pytest.mark.parametrize(("n_samples", "n_classes"), [(3, 8), (40, 6), (500, 2), (500, 30)])
def test_figures_are_those_of_torchmetrics(n_samples, n_classes):
    """With few samples some classes do not occur."""
    rng = np.random.default_rng(n_samples)
    p, labels = rng.dirichlet(np.full(n_classes, 0.4), n_samples), rng.integers(0, n_classes, n_samples)
    answers = p.argmax(axis=1)
    found = figures_of(p, answers, labels)
    of, classes = (torch.from_numpy(p), torch.from_numpy(labels)), {"num_classes": n_classes}
    assert found["accuracy"] == pytest.approx(float(multiclass_accuracy(*of, **classes, average="micro")))
    assert found["macro_f1"] == pytest.approx(float(multiclass_f1_score(*of, **classes, average="macro")))
    assert found["ece"] == pytest.approx(float(multiclass_calibration_error(*of, **classes, n_bins=15)), abs=1e-6)
    if n_classes > 5:
        top5 = multiclass_accuracy(*of, **classes, average="micro", top_k=5)
        assert found["top5_accuracy"] == pytest.approx(float(top5))
    expected = multiclass_confusion_matrix(*of, **classes).numpy()
    np.testing.assert_array_equal(confusion_matrix(answers, labels, n_classes=n_classes), expected)


def test_calibration_error_equals_a_loop_over_bins():
    rng = np.random.default_rng(0)
    p, labels = rng.dirichlet(np.ones(3), 500), rng.integers(0, 3, 500)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert ece(p, labels) == pytest.approx(expected)


def test_certain_predictions_fall_into_the_last_bin():
    assert ece(np.array([[1.0, 0.0]]), np.array([0])) == 0.0


def test_bins_include_their_upper_end():
    assert confidence_bins(np.array([0.0, 0.25, 0.26, 0.5, 1.0]), n_bins=4).tolist() == [0, 0, 1, 1, 3]
