"""What every registered data source must hold to."""

import numpy as np
import pytest

from trainables.data import SOURCES, SPLIT_NAMES, SplitFractions, split_samples


@pytest.fixture(scope="module", params=sorted(SOURCES))
def samples(request, data_of):
    return SOURCES[request.param].load(data_of(request.param))


def test_samples_and_splits(samples):
    assert len(np.unique(samples.ids)) == len(samples.ids)
    assert samples.memberships.shape == (len(samples.ids), len(samples.class_names))
    assert samples.memberships.any(axis=0).all()
    splits = split_samples(samples, SplitFractions(), seed=0)
    together = np.concatenate([splits[name].ids for name in SPLIT_NAMES])
    assert sorted(together) == sorted(samples.ids)
    # Images that hold several classes can only nearly be shared out by all of them.
    tolerance = 0.02 if samples.needs_every_class else 0.1
    place = {name: i for i, name in enumerate(samples.ids)}
    for name in SPLIT_NAMES:
        split = splits[name]
        assert split.inputs.shape[1:] == samples.inputs.shape[1:]
        own = samples.memberships[[place[one] for one in split.ids]]
        np.testing.assert_allclose(own.mean(axis=0), samples.memberships.mean(axis=0), atol=tolerance)
    assert splits.hashes == split_samples(samples, SplitFractions(), seed=0).hashes
    assert splits.hashes["train"] != split_samples(samples, SplitFractions(), seed=1).hashes["train"]


def test_rows_stay_together(samples):
    splits = split_samples(samples, SplitFractions(), seed=0)
    place = {name: i for i, name in enumerate(samples.ids)}
    for name in SPLIT_NAMES:
        for row in (0, -1):
            origin = place[splits[name].ids[row]]
            np.testing.assert_array_equal(splits[name].inputs[row], samples.inputs[origin])
            np.testing.assert_array_equal(splits[name].labels[row], samples.labels[origin])


def test_registered_under_its_own_name():
    assert all(source.name == name for name, source in SOURCES.items())
