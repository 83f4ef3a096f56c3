from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from trainables.data import SPLIT_NAMES, Samples, Split, SplitFractions, Splits, split_samples
from trainables.errors import DataError


def samples(n=200, n_classes=2, **changes):
    values = {
        "inputs": np.zeros((n, 1, 2, 2), dtype=np.float32),
        "labels": np.arange(n) % n_classes,
        "ids": np.array([f"i{k}" for k in range(n)]),
        "class_names": tuple(str(k) for k in range(n_classes)),
    }
    return Samples(**values | changes)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1000), n_groups=st.integers(12, 60))
def test_groups_are_never_torn_apart(seed, n_groups):
    rng = np.random.default_rng(seed)
    group = np.concatenate([np.arange(n_groups), rng.integers(0, n_groups, 200)])
    one = samples(len(group), labels=group % 2, groups=np.array([f"g{k}" for k in group]))
    splits = split_samples(one, SplitFractions(), seed=seed)
    owners = [set(splits[name].groups) for name in SPLIT_NAMES]
    assert sum(map(len, owners)) == len(set.union(*owners)) == n_groups
    assert sum(len(splits[name].ids) for name in SPLIT_NAMES) == len(group)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), official=st.booleans())
def test_speakers_who_say_every_word(seed, official):
    """Ten classes by six speakers, who say some words more often than others."""
    rng = np.random.default_rng(seed)
    speaker, word = (axis.ravel() for axis in np.indices((6, 10)))
    often = rng.integers(1, 5, 60)
    speaker, word = np.repeat(speaker, often), np.repeat(word, often)
    one = samples(
        len(word),
        n_classes=10,
        labels=word,
        groups=np.array([f"speaker {k}" for k in speaker]),
        official_test=speaker == 5 if official else None,
    )
    splits = split_samples(one, SplitFractions(), seed=seed)
    owners = [set(splits[name].groups) for name in SPLIT_NAMES]
    assert sum(map(len, owners)) == len(set.union(*owners)) == 6
    assert all(set(splits[name].labels) == set(range(10)) for name in SPLIT_NAMES)
    assert splits.hashes == split_samples(one, SplitFractions(), seed=seed).hashes
    if official:
        assert owners[3] == {"speaker 5"}


def test_a_class_with_too_few_speakers_says_how_many_are_needed():
    speaker, word = (axis.ravel() for axis in np.indices((6, 10)))
    kept = (word != 7) | (speaker < 3)
    groups = np.array([f"speaker {k}" for k in speaker[kept]])
    one = samples(len(groups), n_classes=10, labels=word[kept], groups=groups)
    with pytest.raises(DataError, match="at least 4 samples or groups, one per split, but class 7 has 3"):
        split_samples(one, SplitFractions(), seed=0)


def test_official_test_is_the_test_split():
    official = np.zeros(200, dtype=bool)
    official[150:] = True
    splits = split_samples(samples(official_test=official), SplitFractions(), seed=0)
    assert set(splits.test.ids) == {f"i{k}" for k in range(150, 200)}
    assert len(splits.train.ids) == pytest.approx(150 * 0.5 / 0.85, abs=2)


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5, 0.5), (1.0, 0.0, 0.0, 0.0), (0.7, 0.2, 0.2, -0.1)])
def test_shares_that_are_none_are_refused(shares):
    with pytest.raises(DataError, match="must be positive and sum to 1"):
        SplitFractions(*shares)


def test_too_few_of_a_class_says_how_many_are_needed():
    labels = np.zeros(200, dtype=np.int64)
    labels[:3] = 1
    with pytest.raises(DataError, match="at least 4 samples or groups, one per split, but class 1 has 3"):
        split_samples(samples(labels=labels), SplitFractions(), seed=0)


def test_repeated_ids_are_refused():
    with pytest.raises(DataError, match="ids must be unique"):
        split_samples(samples(ids=np.array(["same"] * 200)), SplitFractions(), seed=0)


def test_overlapping_splits_cannot_be_made():
    def split(*ids):
        n = len(ids)
        return Split(np.zeros((n, 1, 2, 2), dtype=np.float32), np.zeros(n, dtype=np.int64), np.array(ids), None)

    with pytest.raises(DataError, match="'search' and 'test' share 1 ids, such as 'b'"):
        Splits(split("a"), split("b"), split("c"), split("d", "b"), ("x",))
    with pytest.raises(DataError, match="'certify' got none"):
        Splits(split("a"), split("b"), split(), split("d"), ("x",))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.zeros(3, dtype=np.int64)}, r"labels must have shape \(200,\)"),
        ({"labels": np.full(200, 7)}, r"labels must lie in 0..1"),
        ({"inputs": np.zeros((200, 4), dtype=np.float32)}, "channels, height, width"),
        ({"inputs": np.full((200, 1, 2, 2), np.nan, dtype=np.float32)}, "NaN or infinity"),
    ],
)
def test_samples_that_do_not_fit_together_are_refused(changes, message):
    with pytest.raises(DataError, match=message):
        samples(**changes)
