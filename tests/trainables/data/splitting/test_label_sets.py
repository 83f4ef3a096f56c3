"""Sharing out samples with several labels each."""

from itertools import product
import warnings

from hypothesis import example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from trainables.data import SPLIT_NAMES, LabelledSamples, SplitFractions, split_samples
from trainables.data.splitting.absent_classes import share_units
from trainables.data.splitting.three_parts import three_parts
from trainables.errors import DataError, OneSidedLabelsWarning


FRACTIONS = SplitFractions()
SHARES = np.array([getattr(FRACTIONS, name) for name in SPLIT_NAMES])


def samples(labels, **options):
    labels = np.asarray(labels)
    return LabelledSamples(
        inputs=np.zeros((len(labels), 1, 2, 2), dtype=np.uint8),
        labels=labels,
        ids=[f"s{row:05d}" for row in range(len(labels))],
        class_names=[f"label {column}" for column in range(labels.shape[1])],
        **options,
    )


def drawn(seed, *, n_groups=120, n_labels=6, rarest=0.05, most_parents=1, n_segments=3):
    """Groups of parents, each of segments; labels of a parent are those of its segments."""
    rng = np.random.default_rng(seed)
    chance = np.geomspace(rarest, 0.6, n_labels)
    parents_of = rng.integers(1, most_parents + 1, n_groups)
    group = np.repeat(np.arange(n_groups), parents_of)
    labels = rng.random((len(group), n_labels)) < chance
    rows = np.repeat(np.arange(len(group)), n_segments)
    return samples(
        labels[rows],
        parents=[f"p{row:04d}" for row in rows],
        order=np.tile(np.arange(n_segments), len(group)),
        groups=[f"g{one:04d}" for one in group[rows]] if most_parents > 1 else None,
    )


def quietly(one, *, seed=0):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OneSidedLabelsWarning)
        return split_samples(one, FRACTIONS, seed=seed)


def shares_of(labels, splits):
    """Share of each label's positives that each split has, shape (splits, L)."""
    return np.stack([splits[name].labels.sum(axis=0) / labels.sum(axis=0) for name in SPLIT_NAMES])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), most_parents=st.sampled_from([1, 3]))
def test_groups_are_whole_and_fractions_and_labels_are_kept(seed, most_parents):
    one = drawn(seed, most_parents=most_parents)
    splits = quietly(one, seed=seed)
    ids = [set(splits[name].ids) for name in SPLIT_NAMES]
    assert sum(map(len, ids)) == len(set.union(*ids)) == len(one.ids)
    for key in ("groups", "parents"):
        owners = [set(getattr(splits[name], key)) for name in SPLIT_NAMES]
        assert sum(map(len, owners)) == len(set.union(*owners))
    n_groups = np.array([len(np.unique(splits[name].groups)) for name in SPLIT_NAMES])
    np.testing.assert_allclose(n_groups / n_groups.sum(), SHARES, atol=0.05 if most_parents == 1 else 0.1)
    often = one.labels.sum(axis=0) >= 60
    np.testing.assert_allclose(
        shares_of(one.labels, splits)[:, often], np.broadcast_to(SHARES[:, None], (4, often.sum())), atol=0.15
    )
    assert splits.hashes == quietly(one, seed=seed).hashes


def test_another_seed_shares_out_otherwise():
    one = drawn(0)
    assert quietly(one, seed=0).hashes != quietly(one, seed=1).hashes


def test_rare_labels_are_shared_out_better_than_at_random():
    def deviation(seed):
        one = drawn(seed, n_groups=300, rarest=0.02)
        rng = np.random.default_rng(seed)
        of_group = dict(zip(np.unique(one.groups), rng.choice(4, 300, p=SHARES), strict=True))
        split_of = np.array([of_group[name] for name in one.groups])
        at_random = np.stack([one.labels[split_of == split].sum(axis=0) for split in range(4)])
        rare = np.argsort(one.labels.sum(axis=0))[:2]
        found = shares_of(one.labels, quietly(one, seed=seed))
        own, other = (
            np.abs(share - SHARES[:, None])[:, rare].max() for share in (found, at_random / one.labels.sum(0))
        )
        return own, other

    own, other = np.array([deviation(seed) for seed in range(12)]).T
    assert own.mean() < 0.5 * other.mean()
    assert own.max() < 0.15


def plain_stratification(labels, shares):
    """Algorithm 1 of Sechidis et al. (2011) as it is printed, ties to the first; units without labels come last."""
    left = list(range(len(labels)))
    wanted = shares * len(labels)
    wanted_of_label = np.outer(shares, labels.sum(axis=0))
    split_of = np.full(len(labels), -1)
    while left:
        counts = labels[left].sum(axis=0)
        if not counts.any():
            for unit in left:
                split_of[unit] = wanted.argmax()
                wanted[split_of[unit]] -= 1
            break
        rarest = np.where(counts > 0, counts, counts.max() + 1).argmin()
        for unit in [unit for unit in left if labels[unit, rarest]]:
            most = np.flatnonzero(wanted_of_label[:, rarest] == wanted_of_label[:, rarest].max())
            split = most[wanted[most].argmax()]
            split_of[unit] = split
            wanted[split] -= 1
            wanted_of_label[split] -= labels[unit]
            left.remove(unit)
    return split_of


def distance(labels, split_of, shares):
    """Sum over splits and labels, and units themselves, of squared distances in shares of what is wanted."""
    marks = np.column_stack([labels, np.ones(len(labels))])
    marks = marks[:, marks.any(axis=0)]
    found = np.stack([marks[split_of == split].sum(axis=0) for split in range(len(shares))])
    wanted = np.outer(shares, marks.sum(axis=0))
    return ((found - wanted) ** 2 / wanted).sum()


def shared_out(seed):
    """Labels of 150 units, and the split of each, as they are shared out here."""
    one = drawn(seed, n_groups=150, n_segments=1)
    splits = quietly(one, seed=seed)
    place = {name: row for row, name in enumerate(one.ids)}
    own = np.empty(len(one.labels), dtype=int)
    for split, name in enumerate(SPLIT_NAMES):
        own[[place[key] for key in splits[name].ids]] = split
    return one.labels.astype(int), own


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
@example(seed=904)  # 1.66 further from the shares than the printed algorithm
def test_a_label_that_can_be_in_every_split_is(seed):
    """The printed algorithm does not look for it: there a label is missing in 7 of 100 such tables."""
    labels, own = shared_out(seed)
    often = labels.sum(axis=0) >= len(SPLIT_NAMES)
    assert all(labels[own == split][:, often].any(axis=0).all() for split in range(len(SPLIT_NAMES)))


def test_else_it_is_about_as_good_as_the_printed_algorithm():
    """On average: of a rare label, one unit more or less in a split is far off, for whichever of the two it is."""
    tables = [shared_out(seed) for seed in range(20)]
    own = np.mean([distance(labels, split_of, SHARES) for labels, split_of in tables])
    printed = np.mean([distance(labels, plain_stratification(labels, SHARES), SHARES) for labels, _ in tables])
    assert own < printed + 0.4


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_near_the_best_of_all_ways_to_share_out(seed):
    rng = np.random.default_rng(seed)
    labels, shares = (rng.random((8, 3)) < 0.5).astype(int), np.array([0.5, 0.5])
    strata = np.column_stack([labels, ~labels.any(axis=1)])
    orders = [share_units(strata, shares, np.random.default_rng([seed, attempt])) for attempt in range(20)]
    own = min(distance(labels, split_of, shares) for split_of in orders)
    best = min(distance(labels, np.array(split_of), shares) for split_of in product(range(2), repeat=8))
    assert own <= best + 1.0


def test_the_official_test_is_kept():
    one = drawn(1)
    official = np.isin(one.parents, np.unique(one.parents)[:20])
    splits = quietly(samples(one.labels, parents=one.parents, order=one.order, official_test=official))
    assert set(splits.test.parents) == set(one.parents[official])
    sizes = np.array([len(splits[name].ids) for name in SPLIT_NAMES[:3]])
    np.testing.assert_allclose(sizes / sizes.sum(), SHARES[:3] / SHARES[:3].sum(), atol=0.05)
    parts = three_parts(one, seed=0)
    assert sum(len(part.ids) for part in parts.values()) == len(one.ids)
    assert parts["search"].parents is not None


def test_a_parent_on_both_sides_of_the_official_test_is_refused():
    one = drawn(1)
    with pytest.raises(DataError, match="share [0-9]+ groups, such as 'p00"):
        quietly(samples(one.labels, parents=one.parents, official_test=np.arange(len(one.ids)) % 3 == 0))


def test_labels_that_do_not_vary_are_told_with_their_names():
    labels = np.zeros((80, 5), dtype=int)
    labels[::2, 0] = 1
    labels[:, 1] = 1
    labels[:2, 3] = 1
    labels[:, 4] = np.arange(80) % 3 == 0
    with pytest.warns(OneSidedLabelsWarning) as caught:
        split_samples(samples(labels), FRACTIONS, seed=0)
    (message,) = [str(one.message) for one in caught]
    assert message.startswith(
        "of 5 labels 1 is never on, 'label 2', and 1 is always on, 'label 1', and 1 does not vary"
    )
    assert "in every split, 'label 3', on in 2 samples, never in " in message
    assert "\n" not in message


def test_fewer_parents_than_splits_are_refused():
    one = drawn(0, n_groups=3)
    with pytest.raises(DataError, match="at least 4 samples or groups, .* but there are 3"):
        quietly(one)


def test_samples_without_labels_are_shared_out_too():
    labels = np.zeros((200, 2), dtype=int)
    labels[:100, 0], labels[:40, 1] = 1, 1
    splits = quietly(samples(labels))
    for name, share in zip(SPLIT_NAMES, SHARES, strict=True):
        assert (splits[name].labels.sum(axis=1) == 0).sum() == pytest.approx(100 * share, abs=2)
