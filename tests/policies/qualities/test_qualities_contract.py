"""What every quality must hold to, those of toys included."""

import numpy as np
import pytest

from policies.errors import ExitSearchError
from policies.estimates.bootstrap_bounds import bootstrap_bounds
from policies.estimates.candidates import Family
from policies.evaluation.population import PopulationEvaluator
from policies.policy import first_open_exit
from policies.qualities import NOWHERE, QUALITIES, CountedQuality, PooledQuality, Quality, get_quality
from policies.rules import RuleView, get_rule
from policies.tables.units import Units
from tests import detection_tables
from tests.multilabel_tables import make_label_table
from tests.tables import make_table
from tests.toys import ordinal, parts


CLASSIFIER = make_table(120, 3, 6, seed=3)
DETECTOR = detection_tables.make_detection_table(120)
ORDINAL = ordinal.make_ordinal_table(120)
LABELLER = make_label_table(120)
OF_LABELS = ("label_f1[dog]", "label_recall[rain]", "label_precision[0]")
TOYS = ("tests.toys.parts:FIRST_CLASS", "tests.toys.parts:AGREEMENT", "tests.toys.ordinal:ERROR")


@pytest.fixture(params=[*sorted(QUALITIES), *OF_LABELS, *TOYS])
def quality(request):
    return get_quality(request.param)


@pytest.fixture
def case(quality):
    """A table of the quality's kind, and what a rule sees in it."""
    if quality.task == DETECTOR.task:
        return DETECTOR, detection_tables.view_of(DETECTOR)
    if quality.task == LABELLER.task:
        return LABELLER, label_view(LABELLER)
    table = ORDINAL if quality.task == ORDINAL.task else CLASSIFIER
    rule = ordinal.NARROW if table is ORDINAL else get_rule("confidence")
    return table, rule.view(table, np.ones(table.n_exits))


def label_view(table):
    """Random scores, and the labels that each exit answers."""
    scores = np.random.default_rng(7).random((table.n_samples, table.n_exits, 1))
    return RuleView(scores, np.ones(scores.shape[:2], dtype=bool), table.exit_answers)


def exits_of(table, n_policies=5, seed=0):
    return np.random.default_rng(seed).integers(0, table.n_exits, (n_policies, table.n_samples))


def test_it_is_counted_or_pooled(quality):
    assert isinstance(quality, CountedQuality) != isinstance(quality, PooledQuality)
    assert quality.lowest < quality.highest
    assert quality.sign == (1.0 if quality.is_maximised else -1.0)


def test_each_policy_is_judged_by_itself_and_within_the_range(quality, case):
    table, view = case
    exits = exits_of(table)
    together = quality.values(view, table.truth, exits)
    assert together.shape == (5,)
    alone = [quality.values(view, table.truth, exits[i : i + 1])[0] for i in range(5)]
    np.testing.assert_allclose(together, alone)
    assert (together >= quality.lowest).all() and (together <= quality.highest).all()


def test_the_order_of_samples_does_not_matter(quality, case):
    table, view = case
    exits, order = exits_of(table), np.random.default_rng(1).permutation(table.n_samples)
    there = quality.values(view.take(order), table.truth.take(order), exits[:, order])
    np.testing.assert_allclose(quality.values(view, table.truth, exits), there)


def test_marks_are_tallies_and_the_worst_sample_makes_nothing_better(quality, case):
    table, view = case
    if not isinstance(quality, CountedQuality):
        pytest.skip("it is not counted")
    n_tallies = quality.n_tallies(table.truth)
    marks = quality.marks(view, table.truth)
    assert marks.shape[1:] == (table.n_samples, table.n_exits)
    assert marks.min() >= NOWHERE and marks.max() < n_tallies
    shares, worst = table.truth.shares, quality.worst(table.truth)
    assert worst.shape == (n_tallies,) and (worst >= 0).all()
    at_last = marks[:, :, -1]
    tallies = np.bincount(at_last[at_last != NOWHERE], minlength=n_tallies).astype(float)
    strata = shares * table.n_samples
    before = quality.value(tallies[None], strata)[0]
    after = quality.value((tallies + 10 * worst)[None], strata + 10 * shares)[0]
    assert quality.sign * after <= quality.sign * before + 1e-12


def test_the_evaluator_gives_the_same(quality, case):
    table, view = case
    name = next(name for name in [*QUALITIES, *OF_LABELS, *TOYS] if get_quality(name) is quality)
    evaluator = PopulationEvaluator(view, table.truth, table.cost, max_levels=8, qualities=[name])
    genomes = np.random.default_rng(2).integers(0, evaluator.n_levels, (20, evaluator.n_genes))
    exits = np.array([first_open_exit(view, np.asarray(evaluator.thresholds(genome))) for genome in genomes])
    expected = quality.values(view, table.truth, exits)
    np.testing.assert_allclose(evaluator.evaluate(genomes).qualities[name], expected)


def test_lack_is_least_where_the_quality_is_best(quality):
    low, high = quality.lowest, min(quality.highest, 5.0)
    values = np.linspace(low, high, 9)
    lack = quality.lack(values)
    assert (lack >= 0).all() and (lack <= 1).all()
    assert (quality.sign * np.diff(lack) < 0).all()


def test_values_out_of_range_are_refused(quality):
    with pytest.raises(ExitSearchError, match="target must lie"):
        quality.check(quality.lowest - 0.1, "target")


@pytest.mark.parametrize("name", ["tests.toys.parts:AGREEMENT", "tests.toys.ordinal:ERROR"])
def test_pooled_bounds_are_on_the_safe_side_and_tighter_with_more_samples(name):
    quality, gaps = get_quality(name), []
    for n_samples in (60, 960):
        table = ordinal.make_ordinal_table(n_samples) if "ordinal" in name else make_table(n_samples, 3, 6)
        rule = ordinal.NARROW if "ordinal" in name else get_rule("confidence")
        view = rule.view(table, np.ones(table.n_exits))
        family = Family(view, table.truth, table.cost, Units.of(table), (0,))
        exits = np.zeros((1, n_samples), dtype=np.int64)
        (seen,), (bound,) = bootstrap_bounds(quality, family, exits, level=0.1, seed=0)
        assert quality.sign * bound < quality.sign * seen
        gaps.append(abs(bound - seen))
    assert gaps[1] < gaps[0] / 2


def test_a_quality_that_is_neither_is_refused():
    class Neither(Quality):
        name = "neither"

        def values(self, view, truth, exits):
            return np.zeros(len(exits))

    parts.NEITHER = Neither()
    try:
        view = get_rule("confidence").view(CLASSIFIER, np.ones(3))
        with pytest.raises(ExitSearchError, match="'neither' must be a CountedQuality or a PooledQuality"):
            PopulationEvaluator(view, CLASSIFIER.truth, CLASSIFIER.cost, qualities=["tests.toys.parts:NEITHER"])
    finally:
        del parts.NEITHER
