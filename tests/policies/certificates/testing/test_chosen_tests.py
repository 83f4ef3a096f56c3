"""Which test of a part is taken, from a search table or from the number of units alone."""

from dataclasses import replace

import numpy as np
import pytest

from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.parts.base import MeanTest
from tests.policies.outcomes import GATE, outcome_table


def recordings(n, *, wrong, of=5, seed=0, prefix="c"):
    """``n`` groups of ``of`` samples: of each of the first groups so many are wrong as ``wrong`` says."""
    right = np.ones((n, of), dtype=bool)
    for group, n_wrong in enumerate(wrong):
        right[group, :n_wrong] = False
    order = np.random.default_rng(seed).permutation(n)
    right = right[order].ravel()
    groups = np.array([f"{prefix}-{one}" for one in np.repeat(np.arange(n), of)])
    table = outcome_table(right, right, groups=groups)
    return replace(table, ids=np.array([f"{prefix}-{one}" for one in range(n * of)]))


@pytest.mark.parametrize(
    ("wrong", "expected"), [([5, 5], MeanTest.SUM), ([1] * 20, MeanTest.BETTING)], ids=["whole", "a little"]
)
def test_search_settles_the_test_of_groups(wrong, expected):
    search = recordings(200, wrong=wrong, prefix="s")
    certify = recordings(200, wrong=[1, 1])
    claim = Claim(target=0.95, exit_floor=0.9)
    certificate = certify_policy(GATE, certify, claim, search=search)
    assert certificate.parts[0].method == expected
    assert certificate.notes[0].startswith("before certify was read, search settled that the accuracy")
    assert str(expected) in certificate.notes[0]
    assert certificate.certified


@pytest.mark.parametrize(("n", "expected", "note"), [
    (60, MeanTest.SUM, "60 groups are too few for the usual test, so that the accuracy is tested by exact worst case"),
    (200, MeanTest.BETTING, "the accuracy is tested by betting"),
])  # fmt: skip
def test_without_search_the_number_of_groups_settles_it(n, expected, note):
    certificate = certify_policy(GATE, recordings(n, wrong=[]), Claim(target=0.95))
    assert certificate.certified
    assert certificate.parts[0].method == expected
    assert certificate.notes[0].startswith(note)


def test_samples_that_search_shows_as_groups_are_still_paired():
    certify = outcome_table(np.ones(400, dtype=bool), np.ones(400, dtype=bool))
    search = recordings(60, wrong=[1], prefix="s")
    certificate = certify_policy(GATE, certify, Claim(max_drop=0.01), search=search)
    assert certificate.parts[0].method == MeanTest.PAIRED
