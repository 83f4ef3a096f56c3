"""What a model card says of a certificate."""

import pytest

from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.policy import Policy
from tests.tables import make_table
from trainables.export.bundle.card import certificate_in_words


def certificate_of(claim):
    policy = Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0))
    return certify_policy(policy, make_table(600, prefix="c"), claim).to_dict()


@pytest.mark.parametrize(
    ("claim", "has_bound"),
    [(Claim(target=0.6), True), (Claim(max_drop=0.2), True), (Claim(max_relative_drop=0.2), False)],
)
def test_a_bound_is_told_where_it_is_on_the_number_that_is_claimed(claim, has_bound):
    certificate = certificate_of(claim)
    told = certificate_in_words(certificate)
    assert certificate["certified"] and told.startswith("With confidence 95 % over the draw of the certify split, ")
    assert (f"(bound {certificate['bound']:.4f})" in told) == has_bound == ("bound" in told)


def test_what_is_not_certified_is_told_with_its_reason():
    certificate = certificate_of(Claim(target=0.999))
    told = certificate_in_words(certificate)
    assert told.startswith("NOT certified: that accuracy is at least 0.999 could not be shown on 600 samples: ")
    assert certificate["reason"] in told
