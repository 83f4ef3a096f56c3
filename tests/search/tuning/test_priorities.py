import math

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
import numpy as np
import optuna
import pytest

from search.tuning.priorities import (
    PriorityError,
    crowding_distances,
    nondominated_priority,
    nondominated_ranks,
    scalar_priority,
)


# Few values, so that equal points and equal figures are common.
POINTS = st.tuples(st.integers(1, 14), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]))
)


def dominates(one, other):
    return (one >= other).all() and (one > other).any()


def levels(points):
    """The front of each point, by peeling off what nobody left dominates."""
    level, left = np.full(len(points), -1), set(range(len(points)))
    for number in range(len(points)):
        front = [i for i in left if not any(dominates(points[j], points[i]) for j in left)]
        level[front] = number
        left -= set(front)
    return level


@settings(max_examples=60, deadline=None)
@given(points=POINTS)
def test_fronts_follow_each_other_as_by_brute_force(points):
    ranks = nondominated_ranks(points)
    level = levels(points)
    for i in range(len(points)):
        assert (level[ranks < ranks[i]] <= level[i]).all()
        assert (level[ranks > ranks[i]] >= level[i]).all()
        assert (level[ranks == ranks[i]] == level[i]).all()


@settings(max_examples=60, deadline=None)
@given(points=POINTS)
def test_fronts_are_those_of_nsga2_in_optuna(points):
    study = optuna.create_study(directions=["maximize"] * points.shape[1])
    study.add_trials([optuna.trial.create_trial(values=point.tolist()) for point in points])
    best = {trial.number for trial in study.best_trials}
    ranks = nondominated_ranks(points)
    assert set(np.flatnonzero(ranks < len(best))) == best


@settings(max_examples=60, deadline=None)
@given(points=POINTS)
def test_ranks_count_what_is_better(points):
    ranks = nondominated_ranks(points)
    np.testing.assert_array_equal(ranks, [(ranks < rank).sum() for rank in ranks])


@settings(max_examples=60, deadline=None)
@given(points=POINTS)
def test_whoever_dominates_is_better_and_equals_are_equal(points):
    ranks = nondominated_ranks(points)
    for i in range(len(points)):
        for j in range(len(points)):
            if dominates(points[i], points[j]):
                assert ranks[i] < ranks[j]
            if (points[i] == points[j]).all():
                assert ranks[i] == ranks[j]


@settings(max_examples=60, deadline=None)
@given(points=POINTS, seed=st.integers(0, 99))
def test_ranks_do_not_depend_on_the_order_of_arrival(points, seed):
    order = np.random.default_rng(seed).permutation(len(points))
    np.testing.assert_array_equal(nondominated_ranks(points[order]), nondominated_ranks(points)[order])


@settings(max_examples=60, deadline=None)
@given(points=POINTS)
def test_the_best_at_each_objective_of_a_front_are_kept(points):
    distances = crowding_distances(points)
    assert (np.isinf(distances) == (points == points.max(axis=0)).any(axis=1)).all()
    assert (distances >= 0).all()


def test_crowding_distance_by_hand():
    front = np.array([[0.0, 1.0], [0.1, 0.9], [0.5, 0.5], [1.0, 0.0]])
    np.testing.assert_allclose(crowding_distances(front), [math.inf, 1.0, 1.8, math.inf])


def test_the_worst_end_counts_its_one_gap_twice():
    front = np.array([[1.0, 0.2, 0.5], [0.9, 1.0, 0.4], [0.8, 0.1, 1.0], [0.0, 0.6, 0.9]])
    distances = crowding_distances(front)
    assert np.isinf(distances[:3]).all()
    assert distances[3] == pytest.approx(2 * 0.8 + (1.0 - 0.2) / 0.9 + (1.0 - 0.5) / 0.6)


def test_the_crowded_one_within_a_front_is_worst():
    front = np.array([[0.0, 1.0], [0.4, 0.6], [0.45, 0.55], [0.5, 0.5], [1.0, 0.0]])
    ranks = nondominated_ranks(front)
    assert set(ranks[[0, 4]]) == {0}
    assert ranks[2] == 4


def test_a_front_of_one_and_an_objective_without_spread():
    assert nondominated_ranks(np.array([[0.5, 0.5]])).tolist() == [0]
    assert nondominated_ranks(np.array([[0.5, 0.1], [0.5, 0.2], [0.5, 0.0]])).tolist() == [1, 0, 2]


def test_scalar_priority_is_by_the_least_value():
    priority = scalar_priority("depth_at_target")
    assert priority.name == "asha"
    assert priority.point({"depth_at_target": 2, "accuracy": 0.5}) == (2.0,)
    assert priority.ranks(np.array([[2.0], [1.0], [3.0], [1.0]])).tolist() == [2, 0, 3, 0]


def test_feasible_trials_come_first_by_depth_at_target():
    # A trial that misses the aim has the number of exits and the violation for a depth.
    depths = [3.2, 2.9, 3.01, 1.4]
    assert scalar_priority("depth_at_target").ranks(np.array(depths)[:, None]).tolist() == [3, 1, 2, 0]


def figures(accuracy, mean_depth, *exits):
    return {"accuracy": accuracy, "mean_depth": mean_depth} | {
        f"accuracy_exit_{depth}": value for depth, value in enumerate(exits, start=1)
    }


def ranks(*reports):
    priority = nondominated_priority()
    return priority.ranks(np.array([priority.point(report) for report in reports])).tolist()


def test_nondominated_priority_reads_the_objectives_and_all_exits():
    priority = nondominated_priority()
    assert priority.name == "mo-asha"
    report = figures(0.9, 1.5, *(d / 20 for d in range(1, 12)))
    assert priority.point(report | {"epoch": 3, "ece_exit_1": 0.5}) == pytest.approx((0.9, -1.5, 0.3))


def test_trials_that_are_beaten_in_everything_are_last():
    assert ranks(figures(0.9, 1.5, 0.6, 0.9), figures(0.8, 1.6, 0.5, 0.8), figures(0.9, 1.5, 0.6, 0.8)) == [0, 2, 1]


def test_infeasible_trials_are_not_behind_where_their_exits_are_better():
    # The aim is 0.9: the first trial meets it, at a great depth; the second will, at a small one.
    assert ranks(figures(0.91, 2.9, 0.4, 0.5, 0.91), figures(0.88, 2.0, 0.8, 0.85, 0.87)) == [0, 0]


def test_among_feasible_trials_the_least_depth_is_best():
    assert ranks(*(figures(0.9, depth, 0.7, 0.9) for depth in (2.1, 1.9, 2.0))) == [2, 0, 1]


@pytest.mark.parametrize(
    ("priority", "report", "message"),
    [
        (scalar_priority("loss"), {"epoch": 1}, "a report must hold loss but it holds epoch"),
        (nondominated_priority(), {"accuracy": 1.0}, "a report must hold accuracy_exit_1 but it holds accuracy"),
        (nondominated_priority(), {"accuracy_exit_1": 1.0}, "a report must hold accuracy but it holds accuracy_exit_1"),
        (
            nondominated_priority(),
            {"accuracy_exit_1": 1.0, "accuracy_exit_3": 1.0},
            "a report must hold accuracy_exit_2 but it holds accuracy_exit_1, accuracy_exit_3",
        ),
    ],
)
def test_missing_figures_are_named(priority, report, message):
    with pytest.raises(PriorityError) as caught:
        priority.point(report)
    assert str(caught.value) == message


def test_a_task_without_accuracy_is_known_by_its_own_quality_at_every_exit():
    figures = {"map_50": 0.5, "mean_depth": 2.0, "map_50_exit_1": 0.2, "map_50_exit_2": 0.6}
    assert nondominated_priority("map_50", exit_quality="map_50").point(figures) == pytest.approx((0.5, -2.0, 0.4))


def test_less_is_better_of_a_loss():
    figures = {"hamming": 0.1, "mean_depth": 2.0, "exact_match_exit_1": 0.2, "exact_match_exit_2": 0.6}
    priority = nondominated_priority("hamming", exit_quality="exact_match")
    assert priority.point(figures) == pytest.approx((-0.1, -2.0, 0.4))
