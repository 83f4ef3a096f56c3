"""What knowing the objects would give, against trying every choice of exits."""

from dataclasses import replace
import itertools

from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.calibration.box_temperature import tempered_boxes
from policies.goals.figures import quality_of
from policies.goals.goal import Goal
from policies.metrics.detection.oracle import oracle_figures, oracle_mean_depth
from policies.metrics.oracle import hull_steps, least_mean_depth
from policies.policy import Policy
from policies.qualities import get_quality
from policies.tables.boxes import SCORE
from policies.tasks import get_task
from tests.detection_tables import make_detection_table, view_of


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.floats(0, 1), st.integers(0, 1000))
@example(n=1, n_exits=1, n_steps=1, target=1e-9, seed=1)  # out of reach, but for rounding
def test_the_bound_is_less_than_one_image_below_the_least_of_all_choices(n, n_exits, n_steps, target, seed):
    figures = np.random.default_rng(seed).integers(0, n_steps + 1, (n, n_exits)) / n_steps
    choices = np.array([*itertools.product(range(n_exits), repeat=n)])
    means = figures[np.arange(n), choices].mean(axis=1)
    # A target that a mean misses by a billionth may be reached: so much is left to rounding.
    good, perhaps = (choices[means >= target - slack].mean(axis=1) + 1 for slack in (1e-12, 1.1e-9))
    bound = least_mean_depth(figures, target)
    if bound is None:
        assert not good.size
        return
    assert perhaps.min() - (n_exits - 1) / n - 1e-9 <= bound
    assert bound <= good.min(initial=n_exits) + 1e-9


def test_steps_make_choices_of_exits_and_lead_to_the_best():
    figures = np.random.default_rng(0).random((30, 4))
    samples, depths, gains = hull_steps(figures)
    assert (np.diff(gains / depths) <= 0).all() and (depths > 0).all()
    exits = np.bincount(samples, weights=depths, minlength=30).astype(int)
    np.testing.assert_array_equal(exits, figures.argmax(axis=1))
    assert gains.sum() == pytest.approx((figures.max(axis=1) - figures[:, 0]).sum())


def test_best_exits_are_best_for_the_mean_f1():
    table = make_detection_table(60)
    figures = oracle_figures(table)
    full = np.full((1, 60), 2)
    assert figures["image_f1"] >= get_quality("image_f1").values(view_of(table), table.truth, full)[0]
    assert 1 < figures["mean_depth"] < 3
    assert oracle_mean_depth(table, "image_f1", figures["image_f1"]) <= figures["mean_depth"]
    assert oracle_mean_depth(table, "image_f1", figures["image_f1"] + 1e-3) is None


@pytest.mark.parametrize("name", ["map_50", "map", "found_objects"])
def test_a_target_is_reached_sooner_than_by_leaving_anywhere(name):
    table = make_detection_table(60)
    exits = np.repeat(np.arange(3)[:, None], 60, axis=1)
    first, second, last = get_quality(name).values(view_of(table), table.truth, exits)
    assert oracle_mean_depth(table, name, first) == 1.0
    assert 1 < oracle_mean_depth(table, name, second) < 2
    assert oracle_mean_depth(table, name, second) <= oracle_mean_depth(table, name, last) < 3
    assert oracle_mean_depth(table, name, 1.0) is None


def test_what_the_full_network_reaches_is_reached():
    for seed in range(5):
        table = make_detection_table(25, seed=seed)
        full = np.full((1, 25), 2)
        for name in ("map", "map_75", "worst_class_map_50"):
            target = get_quality(name).values(view_of(table), table.truth, full)[0]
            assert oracle_mean_depth(table, name, target) <= 3


def test_it_judges_what_policies_answer_whose_scores_are_tempered():
    """Scores of the first exit are far too low: as they are, nothing of it reaches the operating score."""
    table, temperatures = make_detection_table(60), np.array([5.0, 1.0, 1.0])
    boxes = table.boxes.copy()
    boxes[:, 0] = tempered_boxes(boxes[:, 0], 0.2)
    boxes[:, 0, :, SCORE] /= 4
    table = replace(table, boxes=boxes)
    policy = Policy("top-scores", (0.0, 0.0), tuple(temperatures))
    goal = Goal(quality="image_f1", target=quality_of("image_f1", table, policy.decide(table)))
    assert get_task("detection").oracle_mean_depth(table, goal, temperatures) == 1.0
    assert get_task("detection").oracle_mean_depth(table, goal, np.ones(3)) != 1.0


def test_of_a_quality_of_which_less_is_better_nothing_is_known():
    goal = Goal(quality="tests.toys.ordinal:ERROR", target=0.5)
    assert get_task("detection").oracle_mean_depth(make_detection_table(10), goal, np.ones(3)) is None
