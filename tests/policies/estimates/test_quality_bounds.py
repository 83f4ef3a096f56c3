"""Bounds of qualities from plausible weights of the units."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.stats import binom

from policies.certificates.bounds.binomial import binomial_upper_bound
from policies.errors import ClaimError
from policies.estimates.quality_bounds import quality_bounds, quality_value
from policies.qualities import NOWHERE, get_quality
from policies.rules import RuleView
from policies.tables.units import Units
from tests.tables import CLASSIFIER_QUALITIES, classes


ACCURACY = get_quality("accuracy")


def units_of(sizes):
    """Groups of these sizes; single samples are samples."""
    of_sample = np.repeat(np.arange(len(sizes)), sizes)
    return Units("sample" if max(sizes) == 1 else "group", of_sample, len(sizes))


def accuracy_bound(right, units, *, level=0.1, seed=0):
    marks = np.where(right, 0, NOWHERE)[None]
    labels = np.zeros(marks.shape[1], dtype=np.int64)
    return quality_bounds(ACCURACY, [marks], classes(labels, 2), units, level=level, seed=seed)[0]


def marks_of(quality, answers, labels, n_classes):
    """What a quality counts of answers at the second of two exits; the first gave another answer to every second."""
    first = np.where(np.arange(len(answers)) % 2 == 0, answers, (answers + 1) % n_classes)
    probabilities = np.eye(n_classes)[np.stack([first, answers], axis=1)] * 0.9 + 0.1 / n_classes
    view = RuleView.of_one_score(np.zeros((len(answers), 2)), probabilities)
    return quality.marks(view, classes(labels, n_classes))[:, :, 1]


@given(n=st.integers(1, 300), share=st.floats(0, 1), level=st.floats(0.01, 0.5))
def test_bound_of_samples_is_clopper_and_pearson(n, share, level):
    n_right = int(share * n)
    bound = accuracy_bound(np.arange(n) < n_right, units_of([1] * n), level=level)
    assert bound == 1 - binomial_upper_bound(n - n_right, n, delta=level)
    if n_right:
        assert binom.sf(n_right - 1, n, bound) == pytest.approx(level, abs=1e-6)


@pytest.mark.parametrize("n_wrong", [0, 1, 4])
def test_groups_that_are_right_or_wrong_as_a_whole_are_like_samples(n_wrong):
    right = np.repeat(np.arange(30) >= n_wrong, 3)
    bound = accuracy_bound(right, units_of([3] * 30))
    assert bound == pytest.approx(1 - binomial_upper_bound(n_wrong, 30, delta=0.1), abs=0.012)


def test_groups_that_err_alike_are_surer_than_groups_that_err_as_a_whole():
    each = np.tile([False, True, True, True], 40)
    whole = np.repeat(np.arange(40) >= 10, 4)
    assert accuracy_bound(each, units_of([4] * 40)) > accuracy_bound(whole, units_of([4] * 40)) + 0.02


def test_groups_count_alike_whatever_their_size():
    units = units_of([1, 9])
    marks = np.array([[NOWHERE] + [0] * 9])
    assert quality_value(ACCURACY, marks, classes(np.zeros(10), 2), units) == 0.5


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(CLASSIFIER_QUALITIES),
    n=st.integers(2, 40),
    size=st.integers(1, 3),
    n_classes=st.integers(2, 7),
    seed=st.integers(0, 1000),
)
def test_bound_is_never_better_than_what_was_seen_and_does_not_depend_on_the_order(name, n, size, n_classes, seed):
    quality, rng = get_quality(name), np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n * size)
    answers = np.where(rng.random(n * size) < 0.8, labels, rng.integers(0, n_classes, n * size))
    marks, units = marks_of(quality, answers, labels, n_classes), units_of([size] * n)
    seen = quality_value(quality, marks, classes(labels, n_classes), units)
    bound = quality_bounds(quality, [marks], classes(labels, n_classes), units, level=0.1)[0]
    assert bound <= seen if quality.is_maximised else bound >= seen
    assert -1e-12 <= bound <= 1 + 1e-12

    order = rng.permutation(n * size)
    shuffled = Units(units.kind, units.of_sample[order], units.n)
    again = quality_bounds(quality, [marks[:, order]], classes(labels[order], n_classes), shuffled, level=0.1)[0]
    assert again == pytest.approx(bound, abs=1e-9)


@pytest.mark.parametrize("name", CLASSIFIER_QUALITIES)
@pytest.mark.parametrize("size", [1, 3])
def test_more_units_give_a_tighter_bound(name, size):
    quality, rng = get_quality(name), np.random.default_rng(1)
    labels = np.tile(np.arange(7), 6)
    answers = np.where(rng.random(42) < 0.8, labels, rng.integers(0, 7, 42))
    gaps = []
    for times in (1, 4, 16):
        all_labels, all_answers = np.tile(labels, times), np.tile(answers, times)
        marks, units = marks_of(quality, all_answers, all_labels, 7), units_of([size] * (len(all_labels) // size))
        bound = quality_bounds(quality, [marks], classes(all_labels, 7), units, level=0.1)[0]
        gaps.append(abs(bound - quality_value(quality, marks, classes(all_labels, 7), units)))
    assert gaps[0] > 1.5 * gaps[1] > 2 * gaps[2] > 0


def test_bound_of_groups_holds_as_often_as_it_should():
    rng, missed = np.random.default_rng(0), 0
    chance = rng.beta(8, 1, size=(400, 15))
    right = rng.random((400, 15, 4)) < chance[:, :, None]
    for one in right:
        missed += accuracy_bound(one.ravel(), units_of([4] * 15)) > 8 / 9
    assert missed <= 0.1 * 400 + 2 * np.sqrt(400 * 0.1 * 0.9)


def test_macro_f1_bound_holds_about_as_often_as_it_should():
    quality, rng, missed = get_quality("macro_f1"), np.random.default_rng(0), 0
    truth = []
    for n in [200_000, *[60] * 150]:
        labels = rng.choice(3, n, p=[0.6, 0.3, 0.1])
        answers = np.where(rng.random(n) < 0.85, labels, rng.integers(0, 3, n))
        marks, units = marks_of(quality, answers, labels, 3), units_of([1] * n)
        if not truth:
            truth.append(quality_value(quality, marks, classes(labels, 3), units))
            continue
        missed += quality_bounds(quality, [marks], classes(labels, 3), units, level=0.1)[0] > truth[0]
    assert missed <= 0.15 * 150


def test_level_must_lie_between_0_and_1():
    with pytest.raises(ClaimError, match="strictly between 0 and 1"):
        accuracy_bound([True], units_of([1]), level=1.0)
