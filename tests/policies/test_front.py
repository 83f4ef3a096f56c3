from hypothesis import given
from hypothesis import strategies as st
import numpy as np

from policies.front import hypervolume, nondominated, preference, thin


POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), max_size=30)


@given(points=POINTS)
def test_nondominated_equals_pairwise_comparison(points):
    accuracy = np.array([a for a, _ in points], dtype=float)
    depth = np.array([d for _, d in points], dtype=float)

    def is_beaten(i):
        return any(
            (accuracy[j] >= accuracy[i] and depth[j] <= depth[i])
            and (accuracy[j] > accuracy[i] or depth[j] < depth[i] or j < i)
            for j in range(len(points))
        )

    expected = [i for i in range(len(points)) if not is_beaten(i)]
    found = nondominated(accuracy, depth)
    assert sorted(found.tolist()) == expected
    assert (np.diff(depth[found]) > 0).all()


@given(points=POINTS)
def test_hypervolume_equals_counting_cells(points):
    accuracy = np.array([a for a, _ in points], dtype=float)
    depth = np.array([d for _, d in points], dtype=float)
    cells = {(x, y) for a, d in points for x in range(d, 6) for y in range(1, a)}
    assert hypervolume(accuracy, depth, worst_accuracy=1.0, worst_depth=6.0) == len(cells)


@given(n_points=st.integers(1, 500), limit=st.integers(2, 60))
def test_thinning_keeps_both_ends(n_points, limit):
    kept = thin(n_points, limit)
    assert len(kept) <= limit
    assert kept[0] == 0
    assert kept[-1] == n_points - 1
    assert (np.diff(kept) > 0).all()


@given(points=st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), min_size=1, max_size=30))
def test_preference_puts_the_shallowest_feasible_point_first(points):
    accuracy = np.array([a for a, _ in points], dtype=float)
    depth = np.array([d for _, d in points], dtype=float)
    best = preference(accuracy, depth, 3.0)[0]
    if (accuracy >= 3).any():
        assert accuracy[best] >= 3
        assert depth[best] == depth[accuracy >= 3].min()
    else:
        assert accuracy[best] == accuracy.max()
