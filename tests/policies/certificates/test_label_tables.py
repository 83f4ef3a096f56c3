"""Certificates of policies that answer with sets of labels, of samples and of parents."""

from dataclasses import asdict, replace
import json

import numpy as np
import pytest
from sklearn.metrics import f1_score, hamming_loss

from policies.certificates.certifying import certify_policy
from policies.certificates.claim_parts import PartTests, measure, units_of
from policies.certificates.claims import Claim
from policies.certificates.parts.base import MeanTest
from policies.certificates.testing.chosen_tests import choose_tests, open_share
from policies.certificates.testing.fixed_sequence import fixed_sequence
from policies.errors import ClaimError, ExitSearchError, ExitTableError, MonitoringError
from policies.judging.judged import Judged
from policies.monitoring.claim_losses import ClaimLosses
from policies.policy import Policy
from policies.pooling.answering import Answering
from policies.rules import get_rule
from policies.rules.multilabel.label_margin import LabelMarginRule
from tests.multilabel_tables import LABEL_NAMES, make_label_table


POOLED = Answering(level="parent", pooling="mean")
BY_PARENT = Policy("label-margin", (0.2, 0.15), (1.0, 1.0, 1.0), answering=POOLED)
BY_SAMPLE = Policy("label-margin", (0.2, 0.15), (1.0, 1.0, 1.0))
SEARCH = make_label_table(900, parents_of=3, seed=1)
CERTIFY = make_label_table(1500, parents_of=3, seed=2, prefix="c")
CLAIM = Claim(
    max_drop={"exact_match": 0.05, "hamming": 0.02},
    quality="exact_match",
    bounds={"label_micro_f1": 0.8, "hamming": 0.1, "label_recall[rain]": 0.7, "jaccard": 0.3, "worst_label_f1": 0.5},
)


class FewOpenLabels(LabelMarginRule):
    """As though only the first label could be answered early, by whatever means."""

    def n_open_labels(self, params, n_labels):
        return 1


FEW_OPEN = FewOpenLabels()


def parts_of(policy, table, claim=CLAIM):
    return {part.name: part for part in measure(claim, table, policy.decide(table))}


@pytest.mark.parametrize("policy", [BY_PARENT, BY_SAMPLE], ids=["parent", "sample"])
def test_parts_are_about_what_is_judged_and_units_are_parents(policy):
    decision, parts = policy.decide(CERTIFY), parts_of(policy, CERTIFY)
    assert {(part.unit, part.n) for part in parts.values()} == {("parent", 500)}
    judged = Judged(decision.view, CERTIFY.truth)
    answers, truth = judged.answers(decision.exits), judged.truth.labels
    full = judged.answers(np.full_like(decision.exits, 2))
    assert len(answers) == (500 if policy is BY_PARENT else 1500)
    lost = hamming_loss(truth, answers) - hamming_loss(truth, full)
    assert parts["drop of hamming"].observed == pytest.approx(lost)
    assert parts["hamming"].observed == pytest.approx(hamming_loss(truth, answers))
    assert parts["label_micro_f1"].observed == pytest.approx(f1_score(truth, answers, average="micro"))
    right = [(own == truth).all(axis=1).mean() for own in (full, answers)]
    assert parts["drop of exact_match"].observed == pytest.approx(right[0] - right[1])
    worst = [parts[f"label_f1[{name}]"] for name in LABEL_NAMES[:5]]
    assert min(part.observed for part in worst) == pytest.approx(f1_score(truth, answers, average=None).min())
    assert {part.family for part in worst} == {"label"}


def test_parents_of_one_group_are_one_unit_with_their_mean_loss():
    talks = np.array([f"talk-{row // 30}" for row in range(1500)])
    grouped = replace(CERTIFY, groups=talks)
    own, by_talk = parts_of(BY_PARENT, CERTIFY)["hamming"], parts_of(BY_PARENT, grouped)["hamming"]
    assert (by_talk.unit, by_talk.n) == ("group", 50)
    parents = [int(name.rpartition("-")[2]) for name in np.unique(CERTIFY.parents)]
    of_talk = np.unique([f"talk-{one // 10}" for one in parents], return_inverse=True)[1]
    means = np.bincount(of_talk, own.losses) / np.bincount(of_talk)
    np.testing.assert_allclose(by_talk.losses, means)
    assert by_talk.bound(0.05) > own.bound(0.05)


def test_a_certificate_of_labels_states_its_tests_and_round_trips():
    certificate = certify_policy(BY_PARENT, CERTIFY, CLAIM, search=SEARCH)
    assert certificate.certified, certificate.reason
    assert (certificate.unit, certificate.n) == ("parent", 500)
    first = certificate.parts[0]
    assert first.method == MeanTest.PAIRED
    assert certificate.notes[0].startswith("before certify was read, search settled that the drop of hamming is tested")
    data = json.loads(json.dumps(certificate.to_dict()))
    assert Claim.from_dict(data["claim"]) == CLAIM == Claim.from_dict(asdict(CLAIM))
    assert [part["name"] for part in data["parts"]][:3] == ["drop of exact_match", "drop of hamming", "label_micro_f1"]
    for part in certificate.parts:
        assert part.observed >= part.bound if part.relation == ">=" else part.observed <= part.bound


def test_the_test_of_a_drop_does_not_hang_on_answers_of_certify():
    decision = BY_PARENT.decide(CERTIFY)
    turned = replace(CERTIFY, labels=1 - CERTIFY.labels)
    units = units_of(CERTIFY, decision)
    chosen = [
        choose_tests(CLAIM, BY_PARENT, table, units, search=search, delta=0.05)
        for search in (SEARCH, None)
        for table in (CERTIFY, turned)
    ]
    assert chosen[0] == chosen[1]
    assert chosen[2] == chosen[3]
    steps = fixed_sequence([(BY_PARENT, CERTIFY)], CLAIM, delta=0.05, searches=[SEARCH])
    assert steps[0].passed


def test_too_few_for_the_net_are_told():
    claim = Claim(max_drop={"hamming": 0.0065})
    certificate = certify_policy(BY_PARENT, CERTIFY, claim)
    assert certificate.notes[0] == (
        "500 parents are too few for the usual test, so that the drop of hamming is tested by exact binomial on what "
        "is lost alone"
    )
    assert certificate.parts[0].method == MeanTest.LOST


def test_labels_that_can_differ_are_known_of_the_rule_alone():
    few = Policy(f"{__name__}:FEW_OPEN", BY_PARENT.thresholds, (1.0, 1.0, 1.0), answering=POOLED)
    assert open_share(BY_PARENT, CERTIFY) == 1.0
    assert open_share(few, CERTIFY) == pytest.approx(0.2)
    reading = Answering(level="reading", pooling="mean", read_until=0.3)
    # What is not read tells nothing of the other labels either.
    assert open_share(replace(few, answering=reading), CERTIFY) == 1.0
    assert open_share(replace(few, answering=reading.reading_all), CERTIFY) == pytest.approx(0.2)
    assert get_rule("label-gate").n_open_labels(None, 7) == 7
    claim = Claim(max_drop={"hamming": 0.02})
    tests = choose_tests(claim, few, CERTIFY, units_of(CERTIFY, FULL.decide(CERTIFY)), search=None, delta=0.05)
    assert tests.open_share == pytest.approx(0.2)
    (part,) = measure(claim, CERTIFY, FULL.decide(CERTIFY), tests=tests)
    (plain,) = measure(claim, CERTIFY, FULL.decide(CERTIFY), tests=PartTests())
    assert part.bound(0.05) == pytest.approx(0.2 * plain.bound(0.05))


FULL = Policy("label-margin", (float("inf"), float("inf")), (1.0, 1.0, 1.0), answering=POOLED)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (Claim(bounds={"label_f1[cat]": 0.5}), "cat"),
        (Claim(bounds={"label_macro_f1": 0.5}), "but is 'label_macro_f1'; claim one of those, or take the estimate"),
        (Claim(max_drop={"label_macro_f1": 0.5}), "but is 'label_macro_f1'"),
        (Claim(bounds={"image_f1": 0.5}), "judges answers of task 'detection'"),
    ],
)
def test_what_cannot_be_claimed_of_labels(claim, message):
    with pytest.raises(ExitSearchError, match=message):
        certify_policy(BY_PARENT, CERTIFY, claim)


def test_search_and_certify_must_share_nothing():
    with pytest.raises(ExitTableError, match="share"):
        certify_policy(BY_PARENT, CERTIFY, CLAIM, search=CERTIFY.take(np.arange(30)))


def test_claims_of_labels_cannot_be_watched():
    with pytest.raises(MonitoringError, match="but this one is about exact_match and hamming and label_micro_f1"):
        ClaimLosses(CLAIM, 5, np.arange(3), knows_full_network=True)
    with pytest.raises(ClaimError, match="nothing|needs"):
        Claim(quality="exact_match")
