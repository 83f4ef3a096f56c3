from hypothesis import assume, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from trainables.data.splitting.mixed_groups import share_groups
from trainables.errors import DataError


SHARES = (0.5, 0.2, 0.15, 0.15)


@pytest.mark.parametrize("seed", range(20))
def test_six_speakers_who_say_ten_words(seed):
    split_of = share_groups(np.ones((6, 10), dtype=bool), SHARES, seed=seed)
    assert np.bincount(split_of).tolist() == [3, 1, 1, 1]


def test_seeds_decide_who_goes_where():
    speakers = np.ones((6, 10), dtype=bool)
    found = {tuple(share_groups(speakers, SHARES, seed=seed)) for seed in range(20)}
    assert len(found) > 10
    assert tuple(share_groups(speakers, SHARES, seed=3)) == tuple(share_groups(speakers, SHARES, seed=3))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n_groups=st.integers(30, 120), n_classes=st.integers(2, 6))
def test_every_split_has_every_class_in_its_share(seed, n_groups, n_classes):
    rng = np.random.default_rng(seed)
    has_class = rng.random((n_groups, n_classes)) < rng.uniform(0.2, 0.9, n_classes)
    has_class[np.arange(n_groups), rng.integers(0, n_classes, n_groups)] = True
    counts = has_class.sum(axis=0)
    assume(counts.min() >= 8)
    split_of = share_groups(has_class, SHARES, seed=seed)
    for split, share in enumerate(SHARES):
        mine = has_class[split_of == split]
        assert mine.any(axis=0).all()
        assert abs(len(mine) / n_groups - share) < 0.15
        # The order is a heuristic: 2 of 4,000 such tables are half a group beyond 3 groups and a fifth.
        assert (np.abs(mine.sum(axis=0) - share * counts) <= np.maximum(4, 0.25 * counts)).all()


def test_rare_classes_reach_every_split():
    """Forty classes of four groups each beside a common one: chance would hardly ever do it."""
    has_class = np.zeros((400, 41), dtype=bool)
    has_class[:, 0] = True
    has_class[np.arange(160), 1 + np.arange(160) % 40] = True
    split_of = share_groups(has_class, SHARES, seed=0)
    assert all(has_class[split_of == split].any(axis=0).all() for split in range(4))


def test_classes_that_no_group_has_are_not_needed():
    has_class = np.ones((8, 3), dtype=bool)
    has_class[:, 1] = False
    assert set(share_groups(has_class, SHARES, seed=0)) == {0, 1, 2, 3}


def test_what_cannot_be_shared_out_is_refused():
    # Class 0 puts groups 0 to 3 into four splits, so class 1 puts 4 and 5 where 2 and 3 are: class 2 is in two splits.
    has_class = np.zeros((6, 3), dtype=bool)
    has_class[[0, 1, 2, 3], 0] = True
    has_class[[0, 1, 4, 5], 1] = True
    has_class[[2, 3, 4, 5], 2] = True
    message = "every class must be in every split, but 6 groups that hold several classes could not be shared out so"
    with pytest.raises(DataError, match=message) as caught:
        share_groups(has_class, SHARES, seed=0)
    assert "\n" not in str(caught.value)
