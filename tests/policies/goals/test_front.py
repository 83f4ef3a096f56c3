"""Fronts: columns and rows of typed points, merged so that what nobody beats is kept whole."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.errors import ExitSearchError
from policies.goals.front import Front, FrontPoint
from policies.goals.goal import Goal
from policies.policy import Policy


ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5), st.integers(0, 1)), min_size=1, max_size=12)


def front_of(rows, network="a"):
    """Policies with rows of accuracy, mean depth and violation; thresholds tell them apart."""
    return Front(
        tuple(
            FrontPoint(
                policy=Policy("confidence", (float(number),), (1.0, 1.0)),
                figures={"accuracy": float(accuracy), "mean_depth": float(depth)},
                violation=float(violation),
                network=network,
            )
            for number, (accuracy, depth, violation) in enumerate(rows)
        )
    )


def points_of(front):
    return list(zip(front.figure("accuracy"), front.figure("mean_depth"), strict=True))


@given(first=ROWS, second=ROWS, budget=st.sampled_from([None, 3.0]))
def test_merging_keeps_what_nobody_beats_whole(first, second, budget):
    fronts = [front_of(first), front_of(second, "b")]
    merged = Front.merged(fronts, Goal(budget=budget), front_size=100)
    assert set(map(id, merged)) <= {id(point) for front in fronts for point in front}
    both = [*first, *second]
    feasible = {row[:2] for row in both if row[2] == 0}
    assert merged.is_feasible == bool(feasible)
    if not feasible:
        assert merged.figure("mean_depth").tolist() == [min(row[1] for row in both)]
        return
    left = {p for p in feasible if not any(q[0] >= p[0] and q[1] <= p[1] and q != p for q in feasible)}
    assert set(points_of(merged)) == left
    assert (np.diff(merged.figure("mean_depth")) > 0).all()


@pytest.mark.parametrize("front_size", [1, 2, 3, 7, 60])
@pytest.mark.parametrize("budget", [None, 100.0])
def test_merged_front_keeps_to_its_size_and_to_the_goals_best(front_size, budget):
    rows = [(0.01 * i, float(i), 0.0) for i in range(1, 51)]
    merged = Front.merged([front_of(rows[::2]), front_of(rows[1::2])], Goal(budget=budget), front_size=front_size)
    assert len(merged) == min(front_size, 50)
    assert (50.0 if budget else 1.0) in merged.figure("mean_depth")


def test_columns_and_rows():
    front = front_of([(0.8, 1.5, 0.0), (0.9, 2.5, 0.0)])
    assert front.policies == tuple(point.policy for point in front)
    assert front.figure("accuracy").tolist() == [0.8, 0.9]
    assert front.best(Goal(target=0.5)) == front.points[0]
    assert front.best(Goal(budget=2.6)) == front.points[1]
    with pytest.raises(ExitSearchError, match="such as 'accuracy', 'mean_depth', but is 'depth'"):
        front.figure("depth")


def test_best_of_what_misses_is_the_nearest():
    front = front_of([(0.8, 1.5, 0.2), (0.9, 2.5, 0.1)])
    assert front.best(Goal(target=0.99)) == front.points[1]


def test_where_less_is_better_least_is_best():
    goal = Goal(quality="flip_rate_to_exit", objective="latency", latency_ms=(1.0, 2.0), budget=1.9)
    policy = Policy("confidence", (0.5,), (1.0, 1.0))
    figures = {"flip_rate_to_exit": 0.3, "mean_latency_ms": 1.1}, {"flip_rate_to_exit": 0.2, "mean_latency_ms": 1.8}
    front = Front(tuple(FrontPoint(policy, own, 0.0) for own in figures))
    judged = front.assessment(goal)
    assert (judged.quality.tolist(), judged.objective.tolist()) == ([-0.3, -0.2], [1.1, 1.8])
    assert front.best(goal) == front.points[1]


def test_as_a_frame_it_has_what_is_known():
    front = front_of([(0.8, 1.5, 0.0), (0.9, 2.5, 0.1)], network="")
    frame = front.to_frame()
    assert list(frame) == ["accuracy", "mean_depth", "violation", "feasible", "rule", "policy"]
    assert frame["feasible"].tolist() == [True, False]
    assert frame["policy"].tolist() == list(front.policies)
    assert front.of_network("trial-0001").to_frame()["network"].tolist() == ["trial-0001"] * 2


def test_another_policy_stands_in_its_place_and_a_line_leads_past_it_where_it_is_beaten():
    """As a selected one that was certified, while a better one was not tested."""
    goal, figures = Goal(), [(0.8, 1.0), (0.9, 2.0), (0.95, 3.0)]

    def point(accuracy, depth, threshold, **more):
        policy = Policy("confidence", (threshold,), (1.0, 1.0))
        return FrontPoint(policy, {"accuracy": accuracy, "mean_depth": depth}, 0.0, "a", **more)

    front = Front(tuple(point(*own, 0.5 + row / 10) for row, own in enumerate(figures)))
    beaten = point(0.85, 2.5, 0.9, selected=True)
    found = front.with_point(beaten, goal)
    assert found.points == (*front.points[:2], beaten, front.points[2])
    assert found.line("accuracy", "mean_depth") == front
    unbeaten = point(0.92, 2.5, 0.9, selected=True)
    assert len(front.with_point(unbeaten, goal).line("accuracy", "mean_depth")) == 4
    assert front.with_point(front.points[1], goal) is front
    assert found.to_frame()["selected"].sum() == 1
    other_network = replace(front.points[1], network="b")
    assert len(front.with_point(other_network, goal)) == 4
