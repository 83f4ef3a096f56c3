from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.evaluation.levels import column_levels
from policies.spacing import evenly_spaced


SCORES = st.lists(st.sampled_from([-np.inf, -1.0, 0.0, 0.25, 0.5, np.nextafter(0.5, 1), 0.9]), min_size=1, max_size=30)


@given(scores=SCORES, seed=st.integers(0, 100), max_levels=st.integers(2, 8))
def test_ranks_and_thresholds_say_the_same(scores, seed, max_levels):
    scores = np.array(scores)
    eligible = np.random.default_rng(seed).random(len(scores)) < 0.8
    levels = column_levels(scores, eligible, max_levels)
    usable = [s for s, may_leave in zip(scores, eligible, strict=True) if may_leave and s > -np.inf]
    assert len(levels.thresholds) == min(len(set(usable)), max_levels)
    assert (np.diff(levels.thresholds) > 0).all()
    assert levels.ranks.dtype == np.int32
    for i, score in enumerate(scores):
        for level, threshold in enumerate(levels.thresholds):
            leaves = bool(eligible[i]) and score > -np.inf and score >= threshold
            assert (levels.ranks[i] > level) == leaves
    for level, lowest in enumerate(levels.lowest):
        assert lowest == min(s for s in usable if s >= levels.thresholds[level])


@pytest.mark.parametrize(
    ("n_points", "limit", "expected"),
    [(0, 3, []), (3, 3, [0, 1, 2]), (5, 3, [0, 2, 4]), (100, 2, [0, 99]), (4, 3, [0, 2, 3])],
)
def test_thinning_keeps_both_ends(n_points, limit, expected):
    assert evenly_spaced(n_points, limit).tolist() == expected
