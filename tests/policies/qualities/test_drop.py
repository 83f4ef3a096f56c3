"""What is lost against a reference, of any quality, on all samples and on draws of them."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import ExitSearchError
from policies.qualities import NOWHERE, get_quality
from policies.qualities.drop import DropLimit
from policies.rules import get_rule
from tests.detection_tables import awkward_detection_tables, make_detection_table
from tests.multilabel_tables import make_label_table
from tests.tables import make_table
from tests.toys.ordinal import ERROR, NARROW, make_ordinal_table


DETECTION = make_detection_table(60, 3, 2)
CLASSES = make_table(80, 3, 4)
ORDINAL = make_ordinal_table(50, 3)
LABELS = make_label_table(90, parents_of=3, seed=2)
OF_LABELS = ("exact_match", "hamming", "label_macro_f1", "label_micro_f1", "jaccard", "worst_label_f1")
CASES = {
    "accuracy": (CLASSES, get_rule("confidence")),
    "map_50": (DETECTION, get_rule("top-scores")),
    "image_f1": (DETECTION, get_rule("top-scores")),
    "tests.toys.ordinal:ERROR": (ORDINAL, NARROW),
    "macro_f1": (CLASSES, get_rule("confidence")),
    **{name: (LABELS, get_rule("label-margin")) for name in OF_LABELS},
}


def exits_of(table, n_policies=4):
    return np.random.default_rng(0).integers(0, 3, (n_policies, table.n_samples))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("is_relative", [False, True])
def test_a_drop_is_the_difference_of_two_policies(name, is_relative):
    table, rule = CASES[name]
    view, quality = rule.view(table, np.ones(3)), get_quality(name)
    exits, closed = exits_of(table), np.full((1, table.n_samples), 2)
    drop = DropLimit(0.1, name, is_relative).against(view.answers[:, -1], table.truth)
    (reference,) = quality.values(view, table.truth, closed)
    lost = quality.sign * (reference - quality.values(view, table.truth, exits))
    expected = lost / reference if is_relative else lost
    np.testing.assert_allclose(drop.values(view, table.truth, exits), expected)
    np.testing.assert_allclose(drop.values(view, table.truth, closed), 0.0, atol=1e-12)
    assert not drop.is_maximised


def test_a_limit_in_words_and_as_a_value_that_must_be_reached():
    assert DropLimit(0.1).name == "drop"
    assert DropLimit(0.15, "map_50", is_relative=True).name == "relative drop of map_50"
    assert DropLimit(0.1).worst(0.9) == pytest.approx(0.8)
    assert DropLimit(0.15, "map_50", is_relative=True).worst(0.8) == pytest.approx(0.68)
    assert DropLimit(0.2, "tests.toys.ordinal:ERROR").worst(0.5) == pytest.approx(0.7)
    assert ERROR.sign == -1


@settings(max_examples=40, deadline=None)
@given(table=awkward_detection_tables(), seed=st.integers(0, 99), name=st.sampled_from(["image_f1", "found_objects"]))
def test_draws_are_judged_as_tables_of_the_drawn_images(table, seed, name):
    check_draw(table, get_quality(name), seed)


@pytest.mark.parametrize("name", ["map_50", "map", "worst_class_map_50"])
@pytest.mark.parametrize("seed", range(3))
def test_draws_are_judged_as_tables_of_the_drawn_images_where_all_are_looked_at(name, seed):
    """Scores differ, so that it does not matter in which order equally sure boxes are."""
    check_draw(DETECTION, get_quality(name), seed)


@pytest.mark.parametrize("is_relative", [False, True])
def test_both_policies_of_a_drop_are_judged_on_the_same_draw(is_relative):
    view = get_rule("top-scores").view(DETECTION, np.ones(3))
    drop = DropLimit(0.1, "map_50", is_relative)
    exits, rows = exits_of(DETECTION), np.random.default_rng(1).integers(0, 60, 60)
    found = drop.against(view.answers[:, -1], DETECTION.truth).judge_drawn(view, DETECTION.truth)(exits, rows)
    of_drawn = drop.against(view.answers[rows, -1], DETECTION.truth.take(rows))
    drawn = view.take(rows)
    np.testing.assert_allclose(found, of_drawn.values(drawn, DETECTION.truth.take(rows), exits[:, rows]))


def check_draw(table, quality, seed):
    view = get_rule("top-scores").view(table, np.ones(table.n_exits))
    rng = np.random.default_rng(seed)
    exits = rng.integers(0, table.n_exits, (3, table.n_samples))
    rows = rng.integers(0, table.n_samples, table.n_samples)
    found = quality.judge_drawn(view, table.truth)(exits, rows)
    np.testing.assert_allclose(found, quality.values(view.take(rows), table.truth.take(rows), exits[:, rows]))


def test_a_drop_from_nothing_is_refused():
    view = get_rule("top-scores").view(DETECTION, np.ones(3))
    with pytest.raises(ExitSearchError, match="a drop is counted from a reference's answers"):
        DropLimit(0.1, "map_50").against(None, None).judge(view, DETECTION.truth)


def test_no_more_is_lost_than_there_can_be():
    assert DropLimit(0.1, "map_50").against(None, None).highest == 1
    assert DropLimit(0.1, "map_50", is_relative=True).against(None, None).highest == 1
    assert DropLimit(0.1, "tests.toys.ordinal:ERROR").against(None, None).highest == np.inf


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 999), name=st.sampled_from(["hamming", "label_macro_f1", "label_f1[rain]", "macro_f1"]))
def test_drops_of_counts_by_weighted_units_are_those_of_repeated_rows(seed, name):
    """A bound draws weights of units; whole weights are copies of rows."""
    table, rule = (CLASSES, "confidence") if name == "macro_f1" else (LABELS, "label-margin")
    view, rng = get_rule(rule).view(table, np.ones(3)), np.random.default_rng(seed)
    exits, times = rng.integers(0, 3, table.n_samples), rng.integers(0, 3, table.n_samples)
    rows = np.repeat(np.arange(table.n_samples), np.maximum(times, 1))
    drop = DropLimit(0.1, name).against(view.answers[:, -1], table.truth)
    marks = drop.marks(view, table.truth)[:, np.arange(table.n_samples), exits]
    tallies = np.bincount(marks[:, rows][marks[:, rows] != NOWHERE], minlength=drop.n_tallies(table.truth))
    taken, quality = table.truth.take(rows), get_quality(name)
    strata = np.bincount(taken.strata, minlength=taken.n_strata)
    both, drawn = np.stack([exits, np.full_like(exits, 2)])[:, rows], view.take(rows)
    own, full = quality.values(drawn, taken, both)
    assert drop.value(tallies[None], strata)[0] == pytest.approx(quality.sign * (full - own))
    assert drop.lowest <= drop.value(tallies[None], strata)[0] <= drop.highest


def test_the_worst_of_a_drop_of_counts_is_wrong_where_the_reference_is_as_usual():
    view = get_rule("label-margin").view(LABELS, np.ones(3))
    drop = DropLimit(0.1, "label_micro_f1").against(view.answers[:, -1], LABELS.truth)
    worst = drop.worst(LABELS.truth)
    closed = np.full((1, 90), 2)
    reference = get_quality("label_micro_f1").values(view, LABELS.truth, closed)[0]
    assert drop.value(worst[None], np.ones(1))[0] == pytest.approx(reference)
    with pytest.raises(ExitSearchError, match="none are given"):
        DropLimit(0.1, "label_micro_f1").against(None, None).marks(view, LABELS.truth)
