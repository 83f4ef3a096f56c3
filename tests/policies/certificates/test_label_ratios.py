"""F1, recall and precision of labels as statements about means."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.label_ratios import LabelRatio
from policies.certificates.losses import Loss
from policies.certificates.parts.ratio import RatioPart
from policies.errors import ExitSearchError
from policies.tables.multilabel import LabelSets


NAMES = ("dog", "rain", "siren")


def drawn(seed, n=40, n_labels=3):
    rng = np.random.default_rng(seed)
    labels = (rng.random((n, n_labels)) < 0.4).astype(np.uint8)
    return labels.astype(bool) ^ (rng.random(labels.shape) < 0.2), LabelSets(labels, NAMES[:n_labels])


def counts_of(quality, answers, truth):
    return LabelRatio.named(quality).counts(answers, truth)


def part_of(counts, value):
    return RatioPart(
        name=counts.name,
        family="main",
        loss=Loss.SHORTFALL,
        limit=0.0,
        losses=counts.shortfall(value),
        unit="parent",
        is_binary=False,
        counts=counts,
        value=value,
    )


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_ratios_are_those_of_scikit_learn(seed):
    answers, truth = drawn(seed, n=6)
    (micro,) = counts_of("label_micro_f1", answers, truth)
    assert micro.ratio == pytest.approx(f1_score(truth.labels, answers, average="micro", zero_division=0))
    for kind, metric in (("f1", f1_score), ("recall", recall_score), ("precision", precision_score)):
        of_labels = metric(truth.labels, answers, average=None, zero_division=0)
        for k, name in enumerate(NAMES):
            (one,) = counts_of(f"label_{kind}[{name}]", answers, truth)
            assert one.ratio == pytest.approx(of_labels[k])


@given(st.integers(0, 10_000), st.floats(0.05, 1.0), st.sampled_from(["label_micro_f1", "label_recall[rain]"]))
@settings(max_examples=50, deadline=None)
def test_the_mean_shortfall_is_at_most_zero_where_the_ratio_is_reached(seed, value, quality):
    answers, truth = drawn(seed, n=12)
    (counts,) = counts_of(quality, answers, truth)
    shortfall = counts.shortfall(value)
    assert counts.least(value) <= shortfall.min() <= shortfall.max() <= 1
    if counts.denominator.sum() and abs(counts.ratio - value) > 1e-9:
        assert (shortfall.mean() < 0) == (counts.ratio > value)


def test_shortfalls_by_hand():
    labels = np.array([[1, 1, 0], [1, 1, 1], [0, 0, 0]], dtype=np.uint8)
    answers = np.array([[1, 0, 1], [1, 1, 1], [1, 1, 1]], dtype=bool)
    (micro,) = counts_of("label_micro_f1", answers, LabelSets(labels, NAMES))
    # 2 (1 - f) TP - f (FP + FN), as a share of f L below 0.
    gains = np.array([2 * 0.2 * 1 - 0.8 * 2, 2 * 0.2 * 3, -0.8 * 3])
    np.testing.assert_allclose(micro.shortfall(0.8), -gains / (0.8 * 3))
    assert micro.least(0.8) == pytest.approx(-0.5)
    (recall,) = counts_of("label_recall[rain]", answers, LabelSets(labels, NAMES))
    np.testing.assert_allclose(recall.shortfall(0.8), [1.0, -0.25, 0.0])


def test_the_worst_label_is_a_ratio_for_each():
    answers, truth = drawn(3)
    names = [one.name for one in counts_of("worst_label_recall", answers, truth)]
    assert names == [f"label_recall[{name}]" for name in NAMES]
    assert LabelRatio.named("label_macro_f1") is None
    with pytest.raises(ExitSearchError, match=r"'label_f1\[cat\]' is of none of the table's . labels"):
        counts_of("label_f1[cat]", answers, truth)
    # A label is found as its quality finds it: also by its number.
    (named,), (numbered,) = (counts_of(f"label_f1[{label}]", answers, truth) for label in ("rain", "1"))
    np.testing.assert_array_equal(numbered.numerator, named.numerator)
    assert numbered.name == named.name


def clips(seed):
    """867 parents whose micro-F1 is .9531: 107 of them wrong, 119 labels in all."""
    rng = np.random.default_rng(seed)
    n, n_labels = 867, 10
    labels = np.zeros((n, n_labels), dtype=np.uint8)
    for row, n_on in enumerate(rng.permutation(np.repeat([1, 2], [504, 363]))):
        labels[row, rng.choice(n_labels, n_on, replace=False)] = 1
    answers = labels.astype(bool)
    for row, n_wrong in zip(rng.choice(n, 107, replace=False), np.repeat([1, 2], [95, 12]), strict=True):
        off = rng.choice(np.flatnonzero(labels[row] == 0), n_wrong, replace=False)
        answers[row, off] = True
    return answers, LabelSets(labels, tuple(map(str, range(n_labels))))


def test_what_867_parents_show_of_a_micro_f1():
    seen = [counts_of("label_micro_f1", *clips(seed))[0] for seed in range(20)]
    assert [one.ratio for one in seen] == pytest.approx([0.9531] * 20, abs=0.001)
    p_values = np.array([[part_of(one, f).p_value(0.05) for f in (0.93, 0.94)] for one in seen])
    assert (p_values[:, 0] <= 0.05).all()
    assert (p_values[:, 1] > 0.05).mean() > 0.5
    part = part_of(seen[0], 0.93)
    assert part.observed == seen[0].ratio
    assert 0.93 <= part.bound(0.05) < 0.945
    assert part_of(seen[0], 0.94).more_needed(0.05) > 0


def test_the_bound_is_the_last_value_that_passes():
    part = part_of(counts_of("label_f1[dog]", *drawn(5, n=300))[0], 0.5)
    bound = part.bound(0.05)
    values = np.arange(1, round(bound * 1000) + 2) / 1000
    passes = [part_of(part.counts, value).p_value(0.05) <= 0.05 for value in values]
    assert all(passes[:-1])
    assert not passes[-1]


def test_betting_is_on_what_the_statement_says():
    (counts,) = counts_of("label_precision[siren]", *drawn(7))
    own = betting_p_value(counts.shortfall(0.6), limit=0.0, delta=0.05, least=counts.least(0.6))
    assert part_of(counts, 0.6).p_value(0.05) == own
