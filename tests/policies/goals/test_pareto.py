from hypothesis import given
from hypothesis import strategies as st
import numpy as np

from policies.goals.pareto import hypervolume, nondominated
from policies.spacing import evenly_spaced


POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6)), max_size=30)


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
