"""Bounds of pooled qualities and of means on new data."""

import numpy as np
import pytest

from policies.estimates.bootstrap_bounds import bootstrap_bounds
from policies.estimates.candidates import Family
from policies.estimates.mean_bounds import mean_bounds, unit_means
from policies.estimates.quality_bounds import quality_bounds
from policies.qualities import CountedQuality, MeanQuality, get_quality
from policies.qualities.drop import DropLimit
from policies.rules import get_rule
from policies.tables.units import Units
from tests.detection_tables import make_detection_table
from tests.tables import make_table
from tests.toys.ordinal import NARROW, make_ordinal_table


ERROR = get_quality("tests.toys.ordinal:ERROR")


def family_of(table, rule=None, references=()):
    rule = get_rule("top-scores") if rule is None else rule
    view = rule.view(table, np.ones(table.n_exits))
    return Family(view, table.truth, table.cost, Units.of(table), (0,), tuple(view.answers[:, k] for k in references))


def closed(table, n_policies=1, exit_index=0):
    return np.full((n_policies, table.n_samples), exit_index)


def test_a_bootstrap_holds_about_as_often_as_it_says():
    """Of 150 draws from a world of 20,000 grades, about one in ten has its bound of the mean error below the truth."""
    world = make_ordinal_table(20_000)
    truth = float(np.abs(world.grades[:, 0] - world.truths).mean())
    rng, n_missed = np.random.default_rng(0), 0
    for seed in range(150):
        table = world.take(np.unique(rng.integers(0, 20_000, 100)))
        _, (bound,) = bootstrap_bounds(ERROR, family_of(table, NARROW), closed(table), level=0.1, seed=seed)
        n_missed += bound < truth
    assert 4 <= n_missed <= 30


def test_a_paired_drop_is_bounded_more_narrowly_than_both_policies_apart():
    table = make_detection_table(80, 3, 2)
    family = family_of(table, references=[2])
    exits = closed(table, exit_index=1)
    drop = DropLimit(0.1, "map_50").against(family.references[0], family.truth)
    (seen,), (bound,) = bootstrap_bounds(drop, family, exits, level=0.1, seed=0)
    quality = get_quality("map_50")
    (own,), (low,) = bootstrap_bounds(quality, family, exits, level=0.1, seed=0)
    (full,), (full_low,) = bootstrap_bounds(quality, family, closed(table, exit_index=2), level=0.1, seed=0)
    assert seen == pytest.approx(full - own)
    assert 0 < bound - seen < (own - low) + (full - full_low)


def test_groups_are_drawn_whole():
    """A group of copies tells no more than one of them: bounds are as wide as those of the single samples."""
    table = make_detection_table(40, 3, 2)
    rows = np.tile(np.arange(40), 5)
    single = bootstrap_bounds(get_quality("map_50"), family_of(table), closed(table), level=0.1, seed=0)
    view, truth = family_of(table).view.take(rows), table.truth.take(rows)
    family = Family(view, truth, table.cost, Units("group", rows, 40), (0,))
    several = bootstrap_bounds(get_quality("map_50"), family, np.zeros((1, 200), dtype=int), level=0.1, seed=0)
    np.testing.assert_allclose(single[0], several[0], atol=0.02)
    assert single[0] - single[1] == pytest.approx(several[0] - several[1], rel=0.2)


def test_one_unit_tells_nothing():
    table = make_detection_table(1, 3, 2)
    for name, bounds in (("map_50", bootstrap_bounds), ("image_f1", mean_bounds)):
        seen, bound = bounds(get_quality(name), family_of(table), closed(table), level=0.1, seed=0)
        assert (bound <= seen).all()
        assert (bound < 0.4).all()


class Right(MeanQuality):
    """Accuracy as a mean, which for samples is bounded exactly elsewhere."""

    name = "right"
    task = "classification"

    def of_answers(self, answers, truth):
        return (answers == truth.labels).astype(float)


@pytest.mark.parametrize("n_samples", [30, 200])
def test_the_bound_of_a_mean_of_right_answers_is_clopper_and_pearsons(n_samples):
    table = make_table(n_samples, 3, 4)
    family = family_of(table, get_rule("confidence"))
    exits = closed(table)
    _, (bound,) = mean_bounds(Right(), family, exits, level=0.1, seed=0)
    accuracy = get_quality("accuracy")
    assert isinstance(accuracy, CountedQuality)
    marks = accuracy.marks(family.view, table.truth)[:, :, 0]
    assert bound == pytest.approx(quality_bounds(accuracy, [marks], table.truth, family.units, level=0.1)[0], abs=0.01)


def test_means_are_over_units():
    table = make_detection_table(30, 3, 2, groups=np.array([f"g{i % 7}" for i in range(30)]))
    means = unit_means(get_quality("image_f1"), family_of(table), closed(table))
    figures = get_quality("image_f1").of_answers(table.boxes[:, 0], table.truth)
    expected = [figures[np.arange(30) % 7 == group].mean() for group in range(7)]
    np.testing.assert_allclose(means, [expected], atol=1e-9)
