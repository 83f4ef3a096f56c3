"""Claims about how many answers differ from the full network's: exact on counts, and without any label."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from scipy.stats import binom

from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.errors import ClaimError, ExitTableError
from policies.policy import Policy
from policies.pooling.answering import Answering
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.policies.outcomes import GATE, outcome_table, table_with_errors
from tests.tables import make_table


SURE = Policy("confidence", (0.8, 0.8), (1.0, 1.0, 1.0))


def without_labels(table):
    unknown = 255 if table.task == "multi-label" else -1
    return replace(table, labels=np.full_like(table.labels, unknown), is_labelled=False)


@given(seed=st.integers(0, 10_000), limit=st.sampled_from([0.0, 0.05, 0.2, 0.5]))
@settings(max_examples=25, deadline=None)
def test_the_count_of_answers_that_differ_is_tested_exactly(seed, limit):
    table = make_table(150, seed=seed)
    decided = SURE.decide(table)
    n_differ = int((decided.answers != table.exit_answers[:, -1]).sum())
    certificate = certify_policy(SURE, table, Claim(max_disagreement=limit))
    (part,) = certificate.parts
    assert part.observed == pytest.approx(n_differ / 150)
    assert part.p_value == pytest.approx(binom.cdf(n_differ, 150, limit))
    assert certificate.certified == (binom.cdf(n_differ, 150, limit) <= 0.05)
    assert (part.method, part.relation, part.required) == ("exact binomial", "<=", limit)


def test_labels_change_nothing_and_are_not_needed():
    table = make_table(400, seed=3)
    claim = Claim(max_disagreement=0.2)
    known, unknown = (certify_policy(SURE, one, claim) for one in (table, without_labels(table)))
    assert known.to_dict() == unknown.to_dict()
    assert known.certified
    assert str(known.claim) == "the share answered otherwise than by the full network is at most 0.2"


def test_the_drop_and_the_degradation_are_at_most_the_bound_that_is_noted():
    table = make_table(400, seed=3)
    certificate = certify_policy(SURE, table, Claim(max_disagreement=0.2, max_drop=0.2, max_degradation=0.2))
    drop, degradation, disagreement = certificate.parts
    assert drop.observed <= degradation.observed <= disagreement.observed
    noted = f"the drop in the share of right answers is at most {disagreement.bound:.4f} too"
    assert any(noted in note for note in certificate.notes)


def test_of_subgroups_only_the_bound_about_all_samples_is_noted():
    table = replace(make_table(400, seed=3), columns={"site": np.repeat(["A", "B"], 200)})
    certificate = certify_policy(SURE, table, Claim(max_disagreement=0.2, by="site"))
    noted = [note for note in certificate.notes if "nothing is lost" in note]
    assert len(certificate.parts) == 3
    assert f"is at most {certificate.parts[0].bound:.4f} too, and of each value at most the bound" in noted[0]
    assert len(noted) == 1


def test_groups_are_the_units():
    groups = np.repeat([f"g{k}" for k in range(40)], 10)
    certificate = certify_policy(
        GATE, table_with_errors(400, first=9, last=5, groups=groups), Claim(max_disagreement=0.1)
    )
    assert (certificate.unit, certificate.n) == ("group", 40)
    assert certificate.parts[0].method.startswith("betting")
    assert certificate.observed == pytest.approx(4 / 400)


def test_sets_of_labels_differ_where_any_label_does():
    table = make_label_table(600, seed=2)
    policy = Policy("label-margin", (0.2, 0.15), (1.0, 1.0, 1.0))
    certificate = certify_policy(policy, without_labels(table), Claim(max_disagreement=0.3))
    answers, full = policy.decide(table).answers, table.exit_answers[:, -1]
    assert 0 < certificate.observed == pytest.approx((answers != full).any(axis=1).mean())


def test_pooled_answers_about_parents_are_compared():
    table = make_label_table(900, parents_of=3, seed=2)
    policy = Policy("label-margin", (0.2, 0.15), (1.0, 1.0, 1.0), answering=Answering(level="parent", pooling="mean"))
    certificate = certify_policy(policy, without_labels(table), Claim(max_disagreement=0.3))
    assert (certificate.unit, certificate.n) == ("parent", 300)


def test_boxes_cannot_be_compared():
    with pytest.raises(ExitTableError, match="answers that are boxes are not the same or others"):
        certify_policy(
            Policy("top-scores", (0.7, 0.7), (1.0, 1.0, 1.0)),
            make_detection_table(20, 3, 2),
            Claim(max_disagreement=0.1),
        )


@pytest.mark.parametrize("claimed", [{"max_drop": 0.1}, {"target": 0.9}, {"bounds": {"macro_f1": 0.3}}])
def test_what_needs_labels_is_refused_without_them(claimed):
    table = without_labels(outcome_table([True] * 100, [True] * 100))
    with pytest.raises(ClaimError, match="a claim about right answers needs labels but the table has none"):
        certify_policy(GATE, table, Claim(**claimed, max_disagreement=0.5))


@pytest.mark.parametrize("limit", [-0.1, 1.0, float("nan")])
def test_limits_are_shares(limit):
    with pytest.raises(ClaimError, match="max_disagreement must be at least 0 and below 1"):
        Claim(max_disagreement=limit)


def test_a_claim_is_read_again():
    claim = Claim(max_disagreement=0.01, max_drop=0.02)
    assert Claim.from_dict(certify_policy(SURE, make_table(99), claim).to_dict()["claim"]) == claim
