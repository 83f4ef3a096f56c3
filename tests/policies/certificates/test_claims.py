import dataclasses
import json

import pytest

from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from policies.errors import ClaimError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {},
            "a claim needs a target, a max_drop, a max_relative_drop, a max_degradation, a max_disagreement or bounds",
        ),
        ({"class_floor": 0.9}, "a claim needs a target"),
        ({"target": 0.0}, "target must be above 0 and at most 1 but is 0"),
        ({"target": 95.0}, "target must be above 0 and at most 1 but is 95"),
        ({"target": float("nan")}, "target must be above 0 and at most 1 but is nan"),
        ({"target": 0.9, "exit_floor": 1.5}, "exit_floor must be above 0"),
        ({"max_drop": -0.1}, "max_drop must be at least 0 and below 1 but is -0.1"),
        ({"max_degradation": 1.0}, "max_degradation must be at least 0 and below 1 but is 1"),
    ],
)
def test_claims_that_cannot_be(values, message):
    with pytest.raises(ClaimError, match=message):
        Claim(**values)


def test_the_first_main_claim_leads():
    assert [one.loss for one in Claim(target=0.9, max_drop=0.02).statements] == [Loss.ERROR, Loss.DROP]
    (only,) = Claim(max_degradation=0.02).statements
    assert (only.loss, only.limit) == (Loss.DEGRADATION, 0.02)
    assert str(Claim(target=0.9, class_floor=0.8)) == "accuracy is at least 0.9, every class's recall is at least 0.8"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"max_drop": {"hamming": 1.5}}, "max_drop must be at least 0 and below 1 but is 1.5"),
        ({"max_drop": 0.1, "max_relative_drop": {"accuracy": 0.1}}, "two limits of one loss; give one of them"),
        (
            {"max_drop": {"hamming": 0.1}, "max_relative_drop": {"hamming": 0.1}},
            "max_drop and max_relative_drop are two limits of one loss of hamming",
        ),
        ({"max_relative_drop": {"hamming": 0.1}}, "of which more is better but less hamming is; give max_drop"),
        ({"max_drop": {"label_f1[dog]": 0.1}}, r"a drop that is claimed must be .* but label_f1\[dog\] is a ratio"),
        ({"target": 0.9, "quality": "hamming", "exit_floor": 0.5}, "exit_floor is about a figure of each answer"),
        ({"target": 1.0, "quality": "hamming"}, "target must be at least 0 and below 1 but is 1"),
        ({"bounds": {"label_micro_f1": 0.0}}, "the bound of label_micro_f1 must be above 0"),
    ],
)
def test_claims_of_labels_that_cannot_be(values, message):
    with pytest.raises(ClaimError, match=message):
        Claim(**values)


def test_claims_of_labels_in_words_and_as_largest_means():
    drops = {"exact_match": 0.01, "hamming": 0.005}
    claim = Claim(max_drop=drops, bounds={"hamming": 0.1, "label_micro_f1": 0.9}, quality="exact_match")
    assert str(claim) == (
        "the drop of exact_match against the full network is at most 0.01, "
        "the drop of hamming against the full network is at most 0.005, hamming is at most 0.1, "
        "label_micro_f1 is at least 0.9"
    )
    found = [(one.loss, one.limit) for one in claim.statements]
    assert found == [(Loss.DROP, 0.01), (Loss.DROP, 0.005), (Loss.EXCESS, 0.1), (Loss.SHORTFALL, 0.0)]
    assert claim.needs_figures == ("exact_match", "hamming", "label_micro_f1")


def test_numbers_of_statements_can_be_changed():
    claim = Claim(
        target=0.9, quality="exact_match", max_drop={"exact_match": 0.1, "hamming": 0.2}, bounds={"jaccard": 0.5}
    )
    found = claim.with_limits({one: one.required / 2 for one in claim.statements}, class_floor=None)
    assert found == Claim(
        target=0.45, quality="exact_match", max_drop={"exact_match": 0.05, "hamming": 0.1}, bounds={"jaccard": 0.25}
    )


def test_claims_are_values():
    assert Claim(target=0.9) == Claim(0.9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Claim(target=0.9).target = 0.5


def test_json_and_back():
    claim = Claim(target=0.9, max_drop=0.02, class_floor=0.5)
    assert Claim.from_dict(dataclasses.asdict(claim)) == claim
    assert Claim.from_dict({"target": 0.9}) == Claim(target=0.9)
    several = Claim(max_drop={"exact_match": 0.01}, max_relative_drop={"jaccard": 0.1}, bounds={"hamming": 0.1})
    assert Claim.from_dict(json.loads(json.dumps(dataclasses.asdict(several)))) == several


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "a claim must be a JSON object of target, max_drop, .* but is 'None'"),
        ({"target": 0.9, "goal": 1}, "a claim must be a JSON object"),
        ({"target": "high"}, "a claim's target must be a number but is 'high'"),
        ({"max_drop": {"hamming": "low"}}, "a claim's max_drop must be a number but is 'low'"),
        ({"max_drop": [0.1]}, "a claim's max_drop must be a number"),
        ({"target": {"accuracy": 0.1}}, "a claim's target must be a number"),
        ({"target": True}, "a claim's target must be a number but is 'True'"),
        ({"target": 7}, "target must be above 0 and at most 1 but is 7"),
        ({}, "a claim needs a target"),
    ],
)
def test_damage_is_told(data, message):
    with pytest.raises(ClaimError, match=message):
        Claim.from_dict(data)
