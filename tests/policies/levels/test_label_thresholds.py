"""From which probability on each label is answered: the best on what is seen, and cross-fitted where that is judged."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.levels.label_thresholds import (
    best_threshold,
    cross_fitted_thresholds,
    fit_label_thresholds,
    with_fitted_thresholds,
)
from policies.levels.seen import judged_table
from policies.parents.membership import Parents
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from policies.tables.multilabel import LABEL_THRESHOLD
from tests.multilabel_tables import awkward_label_tables, make_label_table


def f1_of(answers, on):
    return 2 * (answers & on).sum() / max(answers.sum() + on.sum(), 1)


@given(
    probabilities=st.lists(st.integers(0, 8).map(lambda one: one / 8), min_size=1, max_size=12),
    seed=st.integers(0, 1000),
)
def test_no_threshold_is_better_and_it_lies_in_the_middle_of_its_interval(probabilities, seed):
    values = np.array(probabilities)
    on = np.random.default_rng(seed).integers(0, 2, len(values))
    found = best_threshold(values, on)
    assert 0 < found < 1
    if on.sum() == 0 or values.max() == 0:
        assert found == LABEL_THRESHOLD
        return
    # Around each value and between all neighbours on the grid.
    tried = {t: f1_of(values >= t, on == 1) for t in np.arange(1, 32) / 32}
    own = f1_of(values >= found, on == 1)
    assert own == pytest.approx(max(tried.values()))
    below, above = values[values < found].max(initial=0), values[values >= found].min()
    assert found == pytest.approx((below + above) / 2)


def test_of_equally_good_intervals_the_widest_is_taken():
    # .3 to .8 answers both that have the label; 0 to .1 would answer all.
    assert best_threshold(np.array([0.1, 0.3, 0.8, 0.9]), np.array([0, 0, 1, 1])) == pytest.approx(0.55)
    # Answering one of both, or both and one wrong: F1 of 2/3 against 4/5.
    assert best_threshold(np.array([0.2, 0.6, 0.9]), np.array([1, 0, 1])) == pytest.approx(0.1)


@pytest.mark.parametrize(("probability", "expected"), [(1.0, 0.5), (5e-324, 5e-324), (0.0, 0.5)])
def test_the_ends_are_never_thresholds(probability, expected):
    assert best_threshold(np.full(3, probability), np.array([1, 1, 0])) == expected
    assert Answering(label_thresholds=(expected,)).label_thresholds == (expected,)


@pytest.mark.parametrize("pooling", [None, "mean", "max", "top-2"])
def test_they_are_best_for_what_is_answered(pooling):
    table = make_label_table(200, parents_of=4, seed=3).answered(Answering(pooling=pooling))
    temperatures = np.array([2.0, 1.5, 1.3])
    judged, divisors = judged_table(table, temperatures)
    probabilities, on = judged.probabilities(divisors)[:, -1], judged.labels == 1
    for label, threshold in enumerate(fit_label_thresholds(table, temperatures)):
        own = f1_of(probabilities[:, label] >= threshold, on[:, label])
        others = [f1_of(probabilities[:, label] >= t, on[:, label]) for t in np.linspace(0.005, 0.995, 100)]
        assert own >= max(others) - 1e-12


@given(table=awkward_label_tables(), seed=st.integers(0, 9))
def test_every_table_has_some(table, seed):
    assert len(fit_label_thresholds(table, np.ones(table.n_exits))) == table.n_classes
    crossed = cross_fitted_thresholds(table, np.ones(table.n_exits), seed=seed)
    assert ((crossed.thresholds > 0) & (crossed.thresholds < 1)).all()


def test_they_are_fitted_without_the_group_or_the_parent_that_they_judge():
    table = make_label_table(120, parents_of=4, seed=1).answered(Answering(pooling="mean"))
    grouped = replace(table, groups=np.array([f"g{k // 20}" for k in range(120)]))
    for own, units in ((table, table.parents), (grouped, grouped.groups)):
        crossed = cross_fitted_thresholds(own, np.ones(3))
        for unit in np.unique(units):
            inside = units == unit
            assert len(np.unique(crossed.thresholds[inside], axis=0)) == 1
            # Whatever is true of a unit, its own thresholds are the same.
            other = own.labels.copy()
            other[inside] = 1 - other[inside]
            again = cross_fitted_thresholds(replace(own, labels=other), np.ones(3))
            np.testing.assert_array_equal(again.thresholds[inside], crossed.thresholds[inside])


def test_the_seed_decides_the_folds_and_one_unit_has_its_own():
    table = make_label_table(60)
    first, again, other = (cross_fitted_thresholds(table, np.ones(3), seed=seed).thresholds for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()
    alone = replace(table, groups=np.array(["one"] * 60))
    fitted = fit_label_thresholds(alone, np.ones(3))
    assert (cross_fitted_thresholds(alone, np.ones(3)).thresholds == fitted).all()


@pytest.mark.parametrize("pooling", [None, "mean"])
def test_in_sample_they_flatter_and_cross_fitted_they_do_not(pooling):
    """Over 30 draws: what thresholds seem to gain in macro-F1 where they are fitted, cross-fitted, and on new data."""
    gaps = []
    for seed in range(30):
        both = make_label_table(640, 2, 8, parents_of=4, seed=seed).answered(Answering(pooling=pooling))
        own, new = both.take(np.arange(160)), both.take(np.arange(160, 640))
        ones = np.ones(2)
        fitted = fit_label_thresholds(own, ones)
        in_sample = macro_f1(own.answered(own.answering.model_copy(update={"label_thresholds": fitted})))
        crossed = macro_f1(cross_fitted_thresholds(own, ones, seed=seed))
        on_new = macro_f1(new.answered(new.answering.model_copy(update={"label_thresholds": fitted})))
        gaps.append((in_sample - on_new, crossed - on_new))
    means, errors = np.mean(gaps, axis=0), np.std(gaps, axis=0) / np.sqrt(30)
    assert means[0] > 4 * errors[0]
    assert means[1] < 2 * errors[1] and means[1] < means[0] / 3


@pytest.mark.parametrize("level", [*Level])
def test_policies_that_are_chosen_on_it_have_all_of_it_and_are_judged_by_less(level):
    table = make_label_table(160, parents_of=4, seed=3).answered(Answering(level=level, pooling="mean"))
    own = with_fitted_thresholds(table, np.ones(3), seed=1)
    assert own.answering == table.answering.model_copy(update={"label_thresholds": own.answering.label_thresholds})
    assert own.answering.label_thresholds == fit_label_thresholds(table, np.ones(3))
    crossed = cross_fitted_thresholds(table, np.ones(3), seed=1).thresholds
    np.testing.assert_array_equal(own.label_thresholds, crossed)
    # What a policy answers about parents there is by the cross-fitted ones too.
    decision = Policy("label-margin", (0.3, 0.3), (1.0, 1.0, 1.0), answering=own.answering).decide(own)
    parents = decision.parents.parents
    expected = decision.parents.pooled(decision.exits) >= crossed[parents.first_rows]
    np.testing.assert_array_equal(decision.parents.answers(decision.exits), expected)


def macro_f1(table):
    judged, divisors = judged_table(table, np.ones(table.n_exits))
    answers = judged.answers_at(divisors)[:, -1]
    return np.mean([f1_of(answers[:, one], judged.labels[:, one] == 1) for one in range(table.n_classes)])


def test_parents_of_any_size_are_pooled_whole():
    table = make_label_table(50, parents_of=7, seed=2).answered(Answering(pooling="max"))
    values = table.probabilities(np.ones(3))[:, -1]
    parents = Parents.of(table)
    pooled = np.stack([values[parents.of_sample == one].max(axis=0) for one in range(parents.n)])
    on = np.stack([table.labels[parents.of_sample == one][0] for one in range(parents.n)])
    expected = [best_threshold(own, truth) for own, truth in zip(pooled.T, on.T, strict=True)]
    assert fit_label_thresholds(table, np.ones(3)) == pytest.approx(expected)


@pytest.mark.parametrize("pooling", [None, "mean"])
def test_policies_by_other_thresholds_are_judged_by_their_own(pooling):
    table = make_label_table(180, parents_of=3, seed=5).answered(Answering(pooling=pooling))
    own = with_fitted_thresholds(table, np.ones(3))
    assert own.answered(own.answering.model_copy(update={"label_thresholds": None})).thresholds is None

    def answers(answering, on):
        decision = Policy("label-margin", (np.inf, np.inf), (1.0, 1.0, 1.0), answering=answering).decide(on)
        return decision.answers if pooling is None else decision.parents.answers(decision.exits)

    np.testing.assert_array_equal(answers(table.answering, own), answers(table.answering, table))
    assert (answers(own.answering, own) != answers(table.answering, own)).any()
