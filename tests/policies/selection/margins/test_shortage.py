"""What the parts of a claim need where nothing is lost, beside the exact test of no error among so many."""

import pytest

from policies.certificates.bounds.binomial import error_p_value
from policies.certificates.claims import Claim
from policies.selection.aims.targets import _why_not
from policies.selection.margins.shortage import needs, shortage, why_never_certified
from tests.policies.selection.sizes import size


CLAIM = Claim(target=0.9, max_drop=0.05, class_floor=0.8)


def test_each_part_needs_as_many_as_pass_without_an_error():
    found = needs(CLAIM, size(40, smallest_class=7), delta=0.05)
    assert [(own.what, own.given) for own in found] == [
        ("accuracy 0.9", 40),
        ("a drop of 0.05", 40),
        ("a recall of 0.8", 7),
    ]
    for own, target in zip(found, (0.9, 0.95, 0.8), strict=True):
        assert error_p_value(0, own.needed, target) <= 0.05 < error_p_value(0, own.needed - 1, target)
        assert own.is_met == (own.needed <= own.given)
    assert [own.is_met for own in found] == [True, False, False]
    assert shortage(CLAIM, size(40, smallest_class=7), delta=0.05) == max(found, key=lambda own: own.times)


@pytest.mark.parametrize(
    ("given", "has", "needed"),
    [
        (size(1), "certify has 1 sample, too few to certify a drop of 0.05", "59 samples"),
        (size(58, smallest_class=14), "certify has 58 samples, too few to certify a drop of 0.05", "59 samples"),
        (
            size(60, smallest_class=1),
            "certify has 1 sample of the smallest class, too few to certify a recall of 0.8",
            "14 samples of the smallest class",
        ),
    ],
)
def test_one_unit_and_several_are_called_so(given, has, needed):
    found = shortage(CLAIM, given, delta=0.05)
    assert str(found).startswith(has)
    assert _why_not(found, given) == f"certify needs at least about {needed}"


def test_where_there_are_enough_nothing_is_short():
    assert shortage(CLAIM, size(59, smallest_class=14), delta=0.05) is None
    assert why_never_certified(CLAIM, size(59, smallest_class=14), delta=0.05) == ""
