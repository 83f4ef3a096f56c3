"""Data of a network that is trained already, in three parts."""

import numpy as np
import pytest

from trainables.data import Samples
from trainables.data.splitting.three_parts import three_parts
from trainables.errors import DataError, SamplesWarning


def samples(*, n=300, groups=None, official=None):
    return Samples(
        inputs=np.zeros((n, 1, 8, 8), dtype=np.float32),
        labels=np.arange(n) % 3,
        ids=[f"s{i}" for i in range(n)],
        class_names=("a", "b", "c"),
        groups=groups,
        official_test=official,
    )


def test_all_samples_are_shared_out_by_class():
    parts = three_parts(samples(), seed=0)
    assert {name: len(part.ids) for name, part in parts.items()} == {"search": 120, "certify": 90, "test": 90}
    assert len({*np.concatenate([part.ids for part in parts.values()])}) == 300
    for part in parts.values():
        np.testing.assert_array_equal(np.bincount(part.labels), len(part.ids) // 3)


def test_the_seed_decides():
    one, same, other = (three_parts(samples(), seed=seed) for seed in (1, 1, 2))
    assert one["search"].split_hash == same["search"].split_hash != other["search"].split_hash


def test_groups_stay_together():
    groups = [f"g{i // 3}" for i in range(300)]
    parts = three_parts(samples(groups=groups), seed=0)
    owners = [set(part.groups) for part in parts.values()]
    assert sum(map(len, owners)) == len(set.union(*owners)) == 100


def test_an_official_test_is_test_and_the_rest_is_doubted():
    official = np.arange(300) >= 200
    with pytest.warns(SamplesWarning, match="from the 200 samples that are not the official test"):
        parts = three_parts(samples(official=official), seed=0)
    assert set(parts["test"].ids) == {f"s{i}" for i in range(200, 300)}
    assert len(parts["search"].ids) + len(parts["certify"].ids) == 200


def test_the_official_test_alone_can_be_shared_out(recwarn):
    official = np.arange(300) >= 150
    parts = three_parts(samples(official=official), part="test", seed=0)
    assert {str(name) for part in parts.values() for name in part.ids} == {f"s{i}" for i in range(150, 300)}
    assert not recwarn.list


def test_what_cannot_be_shared_out_is_refused():
    with pytest.raises(DataError, match="no official test"):
        three_parts(samples(), part="test", seed=0)
    with pytest.raises(DataError, match="must be positive and sum to 1"):
        three_parts(samples(), shares={"search": 0.5, "certify": 0.5, "test": 0.5}, seed=0)
    with pytest.raises(DataError, match="every class needs at least 3 samples"):
        three_parts(samples(n=6), seed=0)
