"""Two digits side by side, in several views."""

import numpy as np
import pytest

from trainables.data import SOURCES, SPLIT_NAMES, DataOptions, SplitFractions, split_samples
from trainables.data.sources.digits import digit_images
from trainables.data.sources.pairs import _PAIRS, _SEED
from trainables.errors import DataError


N_VIEWS = 5


@pytest.fixture(scope="module")
def samples():
    return SOURCES["pairs"].load(None)


def test_pairs_are_of_images_that_no_other_group_has(samples):
    images, digits = digit_images()
    triples = np.random.default_rng(_SEED).permutation(len(images)).reshape(-1, 3)
    pairs = triples[:, _PAIRS].reshape(-1, 2)
    assert len(pairs) == len(np.unique(samples.parents)) == 3594
    for pair, labels in zip(pairs, samples.labels[::N_VIEWS], strict=True):
        assert np.flatnonzero(labels).tolist() == sorted({*digits[pair].tolist()})
    splits = split_samples(samples, SplitFractions(), seed=0)
    used = [set(pairs[np.unique([int(name[5:9]) for name in splits[key].parents])].ravel()) for key in SPLIT_NAMES]
    assert sum(map(len, used)) == len(images)


def test_views_of_a_pair_have_its_labels_and_differ(samples):
    views = samples.inputs.reshape(-1, N_VIEWS, 8, 16)
    labels = samples.labels.reshape(-1, N_VIEWS, 10)
    assert (labels == labels[:, :1]).all()
    assert set(labels[:, 0].sum(axis=1)) == {1, 2}
    assert (samples.order.reshape(-1, N_VIEWS) == np.arange(N_VIEWS)).all()
    assert (views[:, 0] != views[:, 1]).any(axis=(1, 2)).all()
    assert (samples.inputs.min(), samples.inputs.max()) == (0, 1)
    assert samples.inputs.dtype == np.float32


def test_the_same_whenever_they_are_made(samples):
    again = SOURCES["pairs"].load(None)
    np.testing.assert_array_equal(again.inputs, samples.inputs)


def test_each_half_looks_like_its_own_digit(samples):
    """The mean of a pair's views is nearer to the digit that it is of than to most others."""
    images, _ = digit_images()
    triples = np.random.default_rng(_SEED).permutation(len(images)).reshape(-1, 3)
    pairs = triples[:, _PAIRS].reshape(-1, 2)[:60]
    means = samples.inputs[: 60 * N_VIEWS].reshape(60, N_VIEWS, 8, 16).mean(axis=1)
    for half in range(2):
        seen = means[:, :, 8 * half : 8 * half + 8].reshape(60, -1)
        own = images[pairs[:, half]].reshape(60, -1)
        likeness = np.corrcoef(seen, own)[:60, 60:]
        ranks = (likeness > np.diag(likeness)[:, None]).sum(axis=1)
        assert np.median(ranks) <= 5


def test_no_other_size():
    with pytest.raises(DataError, match="pairs has images of 8x8"):
        SOURCES["pairs"].load(None, DataOptions(image_size=16))
