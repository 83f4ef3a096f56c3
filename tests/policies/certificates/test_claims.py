import dataclasses

import pytest

from policies.certificates.claims import Claim
from policies.certificates.losses import Loss
from policies.errors import ClaimError


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "a claim needs a target, a max_drop, a max_relative_drop, a max_degradation or bounds"),
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


def test_claims_are_values():
    assert Claim(target=0.9) == Claim(0.9)
    with pytest.raises(dataclasses.FrozenInstanceError):
        Claim(target=0.9).target = 0.5


def test_json_and_back():
    claim = Claim(target=0.9, max_drop=0.02, class_floor=0.5)
    assert Claim.from_dict(dataclasses.asdict(claim)) == claim
    assert Claim.from_dict({"target": 0.9}) == Claim(target=0.9)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "a claim must be a JSON object of target, max_drop, .* but is 'None'"),
        ({"target": 0.9, "goal": 1}, "a claim must be a JSON object"),
        ({"target": "high"}, "a claim's target must be a number but is 'high'"),
        ({"target": True}, "a claim's target must be a number but is 'True'"),
        ({"target": 7}, "target must be above 0 and at most 1 but is 7"),
        ({}, "a claim needs a target"),
    ],
)
def test_damage_is_told(data, message):
    with pytest.raises(ClaimError, match=message):
        Claim.from_dict(data)
