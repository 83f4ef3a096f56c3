import numpy as np
import pytest

from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from policies.tables.classification import ClassificationTable
from policies.transfer.splits import compare_splits


POLICY = Policy("confidence", (0.8, 0.8), (1.0, 1.0, 1.0))


def table(name, n, *, strength=1.0, weights=None, seed=0, size=1):
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.choice(3, n, p=weights), size)
    logits = rng.normal(size=(n * size, 3, 3)).astype(np.float32)
    for k in range(3):
        logits[np.arange(n * size), k, labels] += strength * (1.0 + k)
    ids = np.array([f"{name}{g}#{m}" for g in range(n) for m in range(size)])
    return ClassificationTable(logits=logits, labels=labels, cost=np.array([0.3, 0.6, 1.0]), ids=ids)


def names(found):
    return [one.name for one in found.found]


def test_splits_of_one_kind_are_rarely_said_to_differ():
    found = [
        compare_splits(table("a", 200, seed=seed), table("b", 150, seed=1000 + seed), POLICY) for seed in range(60)
    ]
    # At the level of 5 % eight or more of 60 have a probability of .01.
    assert sum(bool(one.found) for one in found) < 8
    assert "no difference seen between 200 samples of search and 150 of certify" in found[0].sentence


@pytest.mark.parametrize(("size", "weak", "strong"), [(1, 0.4, 1.0), (4, 0.2, 0.5)])
def test_a_network_that_is_worse_on_one_of_them_is_named(size, weak, strong):
    search, certify = table("a", 600, strength=weak, size=size), table("b", 600, strength=strong, seed=1, size=size)
    if size > 1:
        own = Answering(level=Level.PARENT, pooling="mean")
        search, certify, policy = (
            search.answered(own),
            certify.answered(own),
            Policy("confidence", (0.7, 0.7), (1.0,) * 3, answering=own),
        )
    else:
        policy = POLICY
    found = compare_splits(search, certify, policy)
    assert {"quality of the full network", "scores"} <= {*names(found)}
    assert "search and certify are of different kinds: the full network's quality is" in found.sentence
    assert found.unit == ("sample" if size == 1 else "parent")
    assert (found.n_search, found.n_certify) == (600, 600)


def test_other_shares_of_classes_are_named_with_the_class():
    search, certify = table("a", 400, weights=(0.2, 0.4, 0.4)), table("b", 400, weights=(0.5, 0.25, 0.25), seed=1)
    found = compare_splits(search, certify, POLICY)
    assert "prevalence" in names(found)
    assert "the share of '0' is 0.2" in found.sentence


def test_of_few_units_nothing_is_said():
    found = compare_splits(table("a", 19), table("b", 300, strength=9), POLICY)
    assert found.differences == ()
    assert "too few to tell" in found.sentence
