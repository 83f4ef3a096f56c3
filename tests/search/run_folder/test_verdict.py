"""The words of a verdict: one source for a terminal, a page, a notebook and MLflow."""

import pytest

from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.policy import Policy
from policies.registry import capital
from search.page.sections.verdict import certainty, headline
from search.reporting.terminal.verdict import verdict as printed
from search.run_folder.folder import RunFolder
from search.run_folder.summary import CertificateSummary, Summary
from search.run_folder.verdict import Outcome
from search.tracking.description import describe
from search.tracking.naming import sweep_name
from tests.notebook_html import read_html
from tests.search.summaries import LONG, made_up_summary
from tests.tables import make_table


CLAIMED = {"claim": "F1 of <b> is at least 0.8", "reason": "", "bound": None}
REFUSED = {**CLAIMED, "reason": "too few samples"}
ESTIMATE = {"meets": True, "sentence": "estimated at 0.9"}


def found(**changes):
    return Summary.model_validate({**made_up_summary(0), **changes})


def everywhere(summary, folder):
    """What is told at each place, by its name."""
    return {
        "terminal": " ".join(printed(summary)),
        "page": f"{headline(summary)} {certainty(summary)}",
        "notebook": summary._repr_html_(),
        "MLflow": describe(summary, RunFolder(folder), "an-id"),
    }


@pytest.mark.parametrize(
    ("changes", "outcome", "words"),
    [
        (
            {"certificate": {**CLAIMED, "claim": "F1 is at least 0.8"}, "delta": 0.001},
            Outcome.CERTIFIED,
            "ith confidence 99.9 %, on new data of the same kind F1 is at least 0.8",
        ),
        ({"certified": False, "certificate": REFUSED}, Outcome.NOT_CERTIFIED, "too few samples"),
        ({"certified": False, "feasible": False}, Outcome.INFEASIBLE, "o policy met macro f1 0.876 on search"),
    ],
)
def test_every_place_tells_the_same(changes, outcome, words, tmp_path):
    summary = found(**changes)
    assert summary.verdict.outcome is outcome
    for place, told in everywhere(summary, tmp_path).items():
        assert words in told, place
        assert outcome in told.lower() or place == "page", place
    assert sweep_name(summary).endswith(f", {outcome}")


@pytest.mark.parametrize("meets", [True, False])
def test_every_place_tells_what_is_certified_from_what_is_only_estimated(meets, tmp_path):
    limit = {"quality": "relative drop of map_50", "side": "at most", "limit": 0.1}
    claim = {"claim": "image_f1 is at least 0.5", "reason": "", "bound": 0.69}
    summary = found(certificate=claim, estimate={**ESTIMATE, **limit, "meets": meets})
    assert summary.verdict.outcome is Outcome.PARTLY
    rest = "Of what cannot be certified (relative drop of mAP@.5 at most 0.1): estimated at 0.9"
    for place, told in everywhere(summary, tmp_path).items():
        assert "on new data of the same kind image F1 is at least 0.5 (bound 0.6900)" in told, place
        assert rest in told, place
        assert "ertified in part: with confidence" in told or place == "page", place
    assert sweep_name(summary).endswith(", certified in part")
    assert headline(summary).startswith("Certified that image F1 is at least 0.5: ")
    sure = "Estimated, not certified" if meets else "Not certified, and by an estimate not to be expected"
    assert headline(summary).endswith(f". {sure}: relative drop of mAP@.5 at most 0.1.")


@pytest.mark.parametrize("changes", [{"certificate": None, "certified": True}, {"certificate": None}])
def test_without_a_claim_nothing_is_certified(changes, tmp_path):
    summary = found(**changes)
    assert summary.verdict.outcome is Outcome.UNCLAIMED
    assert all("ertified:" not in told for told in everywhere(summary, tmp_path).values())
    assert headline(summary).startswith("Selected for macro f1 0.876, without a certificate: ")


def test_an_estimate_is_told_of_what_is_not_certified_alone():
    assert found(estimate=ESTIMATE).verdict.estimated == "of what cannot be certified: estimated at 0.9"
    assert found(estimate=ESTIMATE, certified=False).verdict.estimated == "estimated at 0.9"
    assert found(estimate=ESTIMATE, feasible=False).verdict.estimated == ""


@pytest.mark.parametrize(("target", "certified"), [(0.6, True), (0.999, False)])
def test_a_certificate_by_itself_is_told_as_that_of_a_search(target, certified):
    policy = Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0))
    certificate = certify_policy(policy, make_table(600, prefix="c"), Claim(target=target), delta=0.1)
    told = CertificateSummary.of(certificate).to_dict()
    verdict = found(certified=certified, certificate=told, delta=0.1).verdict
    sentence = read_html(certificate._repr_html_()).sentence
    assert sentence == capital(verdict.certificate if certified else verdict.refusal)


def test_a_bound_on_another_number_than_the_one_that_is_claimed_is_not_told_with_it():
    policy = Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0))
    table = make_table(600, prefix="c")
    certificate = certify_policy(policy, table, Claim(max_relative_drop=0.2), delta=0.1)
    told = CertificateSummary.of(certificate)
    assert certificate.certified and certificate.bound < 0 and told.bound is None
    assert "(bound" not in found(certified=True, certificate=told.to_dict(), delta=0.1).verdict.proof
    of_a_drop = certify_policy(policy, table, Claim(max_drop=0.2), delta=0.1)
    assert CertificateSummary.of(of_a_drop).bound == of_a_drop.bound


@pytest.mark.parametrize(
    ("params", "policy"),
    [
        ({"thresholds": [0.9, None]}, "rule ensemble"),
        ({"thresholds": [None, [None, 0.4]]}, "rule ensemble"),
        ({"thresholds": [None, [None, None]]}, "the full network, without early exits"),
        ({"thresholds": [None], "answering": {"read_until": 0.9}}, "rule ensemble"),
        ({}, "rule ensemble"),
    ],
)
def test_a_policy_that_never_leaves_early_is_the_full_network(params, policy):
    selected = {**made_up_summary(0)["selected"], "params": params, "answered": "pooled"}
    assert found(selected=selected).verdict.policy == f"{policy} (pooled), {LONG}"
