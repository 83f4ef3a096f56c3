"""Sharing out images that hold any number of classes."""

import re
import warnings

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from trainables.data import SPLIT_NAMES, DetectionSamples, SplitFractions, split_samples
from trainables.data.splitting.three_parts import three_parts
from trainables.errors import AbsentClassesWarning, DataError


def samples(held, *, groups=None, official=None, n_classes=None):
    """Images that hold the given classes."""
    n_classes = n_classes or max((label for own in held for label in own), default=0) + 1
    return DetectionSamples(
        inputs=np.zeros((len(held), 1, 8, 8), dtype=np.uint8),
        labels=[[[0, 0, 0.5, 0.5, label, 0] for label in own] for own in held],
        ids=[f"image {k}" for k in range(len(held))],
        class_names=tuple(f"class {k}" for k in range(n_classes)),
        groups=groups,
        official_test=official,
    )


def split(one, *, seed=0):
    return split_samples(one, SplitFractions(), seed=seed)


def held_by(one, splits):
    """Share of each split's images that hold each class, and that hold none."""
    place = {name: row for row, name in enumerate(one.ids)}
    holds = {name: one.memberships[[place[key] for key in splits[name].ids]] for name in SPLIT_NAMES}
    return {name: (own.mean(axis=0), (~own.any(axis=1)).mean()) for name, own in holds.items()}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), grouped=st.booleans(), official=st.booleans())
# The first order leaves a split of ten images whose share of a class is .35 off.
@example(seed=382, grouped=True, official=True)
def test_every_image_is_in_one_split_and_classes_are_spread(seed, grouped, official):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(80, 160))
    held = [np.flatnonzero(rng.random(4) < [0.8, 0.5, 0.4, 0.3]) * (rng.random() > 0.2) for _ in range(n)]
    groups = [f"g{k}" for k in rng.permutation(np.arange(n) // 2)] if grouped else None
    official_test = None
    if official:
        set_aside = {*rng.permutation(n)[:20]}
        marks = {(groups or range(n))[k] for k in set_aside}
        official_test = [unit in marks for unit in (groups or range(n))]
    one = samples(held, groups=groups, official=official_test, n_classes=4)
    drawn_rows = np.flatnonzero(~one.official_test) if official else np.arange(n)
    assume(not official or one.memberships[one.official_test].any(axis=0).all())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        splits = split(one, seed=seed)
    ids = [set(splits[name].ids) for name in SPLIT_NAMES]
    assert sum(map(len, ids)) == len(set.union(*ids)) == n
    if grouped:
        owners = [set(splits[name].groups) for name in SPLIT_NAMES]
        assert sum(map(len, owners)) == len(set.union(*owners))
    if official:
        assert ids[3] == {f"image {k}" for k in range(n) if official_test[k]}
    assert splits.hashes == split(one, seed=seed).hashes
    shares = held_by(one, splits)
    drawn = SPLIT_NAMES[:3] if official else SPLIT_NAMES
    for name in drawn:
        of_classes, of_none = shares[name]
        np.testing.assert_allclose(of_classes, one.memberships[drawn_rows].mean(axis=0), atol=0.25 + 1e-9)
        assert (of_classes > 0).all()
        assert of_none < 0.5


def test_images_without_an_object_are_shared_out_too():
    one = samples([[]] * 40 + [[0]] * 120)
    for _, of_none in held_by(one, split(one)).values():
        assert of_none == pytest.approx(0.25, abs=0.06)


def test_images_that_all_hold_nothing_but_one_are_shared_out():
    with pytest.warns(AbsentClassesWarning, match="'class 0', in 1 images, not in search and certify and test"):
        splits = split(samples([[]] * 40 + [[0]]))
    assert [len(splits[name].ids) for name in SPLIT_NAMES] == pytest.approx([20.5, 8.2, 6.2, 6.2], abs=1)
    assert "image 40" in splits.train.ids


@pytest.mark.parametrize("n_rare", [1, 2, 3])
def test_rare_classes_are_in_train_and_told(n_rare):
    one = samples([[0]] * 60 + [[0, 1]] * n_rare)
    with pytest.warns(AbsentClassesWarning, match=f"1 are not in every split: 'class 1', in {n_rare} images") as caught:
        splits = split(one)
    assert "\n" not in str(caught[0].message)
    assert held_by(one, splits)["train"][0][1] > 0
    missing = re.search("not in ([a-z ]+)\\.", str(caught[0].message)).group(1).split(" and ")
    assert len(missing) == 4 - n_rare


def test_a_class_that_never_occurs_is_named():
    with pytest.warns(
        AbsentClassesWarning, match="1 of 3 classes occur in no image: 'class 1'. A class has no figures"
    ):
        split(samples([[0, 2]] * 40))


def test_a_class_of_the_official_test_alone_is_told():
    official = np.arange(60) >= 40
    one = samples([[0]] * 40 + [[0, 1]] * 20, official=official)
    with pytest.warns(AbsentClassesWarning, match="'class 1', in 20 images, not in train and search and certify"):
        split(one)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([(), (0,), (1,), (0, 1)]), min_size=4, max_size=9), st.integers(0, 99))
def test_no_split_is_empty_however_few_images_there_are(held, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        splits = split(samples(held, n_classes=2), seed=seed)
    assert min(len(splits[name].ids) for name in SPLIT_NAMES) >= 1


@pytest.mark.parametrize("n", [1, 3])
def test_fewer_images_than_splits_are_refused(n):
    with pytest.raises(
        DataError, match=f"at least 4 samples or groups, one for each of .* but there (is|are) {n}; add"
    ):
        split(samples([[0]] * n))


def test_three_parts():
    one = samples([[0], [0, 1], [1], []] * 25)
    parts = three_parts(one, seed=0)
    assert {name: len(part.ids) for name, part in parts.items()}.keys() == {"search", "certify", "test"}
    assert sum(len(part.ids) for part in parts.values()) == 100
    assert parts["search"].labels.shape[1:] == one.labels.shape[1:]
    official = samples([[0], [0, 1], [1], []] * 25, official=np.arange(100) >= 40)
    assert sum(len(part.ids) for part in three_parts(official, part="test", seed=0).values()) == 60
