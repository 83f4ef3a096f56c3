"""Soft labels of sets: written down label by label, and refused where they are of other samples or columns."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from trainables.errors import SoftLabelsError
from trainables.teachers.alignment import Expected, check_alignment
from trainables.teachers.soft_labels import LABELS, SoftLabels, tempered_probabilities


NAMES, N = ("ant", "bee", "cow"), 120
TRUTH = (np.random.default_rng(0).random((N, 3)) < (0.5, 0.3, 0.2)).astype(np.uint8)
PATHS = np.array([f"images/{i:03d}.png" for i in range(N)])
EXPECTED = Expected(PATHS, TRUTH, NAMES, temperature=2.0)


def soft_labels(*, knows=3.0, **changes):
    """A teacher whose logit of a label is ``knows`` above or below 0, give or take 1."""
    logits = np.random.default_rng(1).normal(size=(1, N, 3)) + knows * (2.0 * TRUTH - 1)
    probabilities = tempered_probabilities(logits.astype(np.float32), temperature=2.0, task=LABELS)
    return replace(SoftLabels(probabilities, PATHS, NAMES, "train", 2.0, task=LABELS), **changes)


def columns(soft, order):
    return replace(soft, probabilities=soft.probabilities[:, :, list(order)])


def test_probabilities_are_tempered_sigmoids_and_become_logits_again():
    logits = np.random.default_rng(2).normal(size=(2, 5, 3)).astype(np.float32) * 4
    probabilities = tempered_probabilities(logits, temperature=3.0, task=LABELS)
    np.testing.assert_allclose(probabilities, expit(logits / 3), rtol=1e-6)
    soft = SoftLabels(
        probabilities, np.array(list("abcde")), NAMES, "train", 3.0, augmentation={"views": 2}, task=LABELS
    )
    np.testing.assert_allclose(soft.logits(), logits, atol=1e-4)


def test_certain_probabilities_become_finite_logits():
    soft = soft_labels()
    certain = replace(soft, probabilities=np.round(soft.probabilities))
    assert np.isfinite(certain.logits()).all()
    assert ((certain.logits()[0] > 0) == (certain.probabilities[0] == 1)).all()


def test_they_go_through_a_file(tmp_path):
    soft = soft_labels()
    soft.save(tmp_path / "soft.npz")
    again = SoftLabels.load(tmp_path / "soft.npz")
    assert again.task == LABELS
    np.testing.assert_array_equal(again.probabilities, soft.probabilities)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "classification"}, "must lie in .0, 1. and sum to 1 but row 0"),
        ({"task": "detection"}, "'task' must be one of classification, multi-label but is 'detection'"),
        ({"probabilities": soft_labels().probabilities * 3}, r"must lie in \[0, 1\] but row \d+ of view 0 lies in"),
    ],
)
def test_what_are_no_probabilities_of_labels_is_refused(changes, message):
    with pytest.raises(SoftLabelsError, match=message):
        soft_labels(**changes)


@pytest.mark.parametrize("knows", [3.0, 0.7])
def test_what_fits_is_let_through(knows):
    soft = soft_labels(knows=knows)
    report = check_alignment("teacher.npz", soft, EXPECTED)
    assert report.problem == ""
    assert report.agreement == pytest.approx(((soft.probabilities[0] >= 0.5) == TRUTH).all(axis=1).mean())


def test_a_label_that_never_changes_tells_nothing():
    labels = TRUTH.copy()
    labels[:, 2] = 0
    assert check_alignment("teacher.npz", soft_labels(), replace(EXPECTED, labels=labels)).problem == ""


WRONG = {
    "exchanged": (columns(soft_labels(), (1, 0, 2)), {}, "agreement", "column 'ant' must tell of label 'ant' but its"),
    "turned": (columns(soft_labels(), (1, 2, 0)), {}, "agreement", "columns are exchanged"),
    "other rows": (
        soft_labels(probabilities=soft_labels().probabilities[:, np.random.default_rng(3).permutation(N)]),
        *({}, "agreement", "rows are of other samples, or the teacher knows nothing"),
    ),
    "knows nothing": (soft_labels(knows=0.0), {}, "agreement", "the mean of 3 labels"),
    "one class each": (
        soft_labels(),
        *({"labels": TRUTH.argmax(axis=1)}, "task", "must be of answers of task 'classification' but are of 'multi"),
    ),
    "names": (soft_labels(class_names=("bee", "ant", "cow")), {}, "classes", "column 0 is 'bee' instead of 'ant'"),
    "temperature": (soft_labels(temperature=4.0), {}, "temperature", "must be at the temperature of the loss, 2"),
    "order": (
        soft_labels(paths=PATHS[::-1].copy()),
        *({}, "order", "another order; first difference: row 0 is 'images/119.png'"),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_refused(name):
    soft, changes, problem, message = WRONG[name]
    report = check_alignment("teacher.npz", soft, replace(EXPECTED, **changes))
    assert report.problem == problem
    assert message in report.message
