from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pandas as pd
import pytest

from policies.goals.front import merge_fronts
from policies.goals.goal import Goal
from policies.goals.pareto import hypervolume, nondominated
from policies.spacing import evenly_spaced


POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), max_size=30)
ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5), st.integers(0, 1)), min_size=1, max_size=12)


def columns(points):
    return np.array([q for q, _ in points], dtype=float), np.array([e for _, e in points], dtype=float)


@given(points=POINTS)
def test_nondominated_equals_pairwise_comparison(points):
    quality, objective = columns(points)

    def is_beaten(i):
        return any(
            (quality[j] >= quality[i] and objective[j] <= objective[i])
            and (quality[j] > quality[i] or objective[j] < objective[i] or j < i)
            for j in range(len(points))
        )

    expected = [i for i in range(len(points)) if not is_beaten(i)]
    found = nondominated(quality, objective)
    assert sorted(found.tolist()) == expected
    assert (np.diff(objective[found]) > 0).all()


@given(points=POINTS)
def test_hypervolume_equals_counting_cells(points):
    quality, objective = columns(points)
    cells = {(x, y) for q, e in points for x in range(e, 6) for y in range(1, q)}
    assert hypervolume(quality, objective, worst_quality=1.0, worst_objective=6.0) == len(cells)


@given(n_points=st.integers(1, 500), limit=st.integers(2, 60))
def test_thinning_keeps_both_ends(n_points, limit):
    kept = evenly_spaced(n_points, limit)
    assert len(kept) == min(limit, n_points)
    assert kept[0] == 0
    assert kept[-1] == n_points - 1
    assert (np.diff(kept) > 0).all()


def frame(rows, name="a"):
    frame = pd.DataFrame(rows, columns=["accuracy", "mean_depth", "violation"]).astype(float)
    return frame.assign(policy=[f"{name}{i}" for i in range(len(rows))])


@given(first=ROWS, second=ROWS, budget=st.sampled_from([None, 3.0]))
def test_merging_keeps_what_nobody_beats_whole(first, second, budget):
    goal = Goal(budget=budget)
    both = {**dict(zip(frame(first)["policy"], first, strict=True)), **{f"b{i}": row for i, row in enumerate(second)}}
    merged = merge_fronts([frame(first), frame(second, "b")], goal, front_size=100)
    for row in merged.itertuples():
        assert both[row.policy] == (row.accuracy, row.mean_depth, row.violation)
    feasible = {row[:2] for row in both.values() if row[2] == 0}
    if not feasible:
        assert len(merged) == 1
        assert merged["mean_depth"][0] == min(row[1] for row in both.values())
        return
    left = {p for p in feasible if not any(q[0] >= p[0] and q[1] <= p[1] and q != p for q in feasible)}
    assert set(zip(merged["accuracy"], merged["mean_depth"], strict=True)) == left
    assert merged["mean_depth"].is_monotonic_increasing


@pytest.mark.parametrize("front_size", [1, 2, 3, 7, 60])
@pytest.mark.parametrize("budget", [None, 100.0])
def test_merged_front_keeps_to_its_size_and_to_the_goals_best(front_size, budget):
    rows = [(0.01 * i, float(i), 0.0) for i in range(1, 51)]
    merged = merge_fronts([frame(rows[::2]), frame(rows[1::2])], Goal(budget=budget), front_size=front_size)
    assert len(merged) == min(front_size, 50)
    assert (50.0 if budget else 1.0) in merged["mean_depth"].tolist()
